"""The server and the worker end in order when they are told to, however many signals come."""

import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import psutil
import pytest

from mentorship.config import PROJECT
from tests.support.processes import (
    HOST,
    Caller,
    a_command,
    a_free_port,
    a_server,
    children_of,
    wait_until,
)

THE_ECHO = f"""
import sys
from mentorship.cli.serving import serve_application

serve_application("tests.support.echo:app", host="{HOST}", port=int(sys.argv[1]), workers=1)
"""

TOLD_BEFORE_IT_LOADS = f"""
import os, signal, sys
from mentorship.cli import serving

def load(target, load=serving._load):
    os.kill(os.getpid(), signal.SIGTERM)
    return load(target)

serving._load = load
serving.serve_application("bench.bare:app", host="{HOST}", port=int(sys.argv[1]), workers=1)
"""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("command", "begins", "ends"),
    [
        ("serve", "Started worker-2", "Granian shutdown completed"),
        ("worker", "is running", "The worker has stopped"),
    ],
)
def test_ctrl_c_and_whoever_hands_it_on_stop_a_process_at_once(
    database_url, tmp_path, command, begins, ends
):
    log = tmp_path / "log"
    port = ["--port", str(a_free_port())] if command == "serve" else []
    process = a_command(database_url, command, *port, log=log)
    try:
        wait_until(lambda: process.poll() is not None or begins in log.read_text())
        os.killpg(process.pid, signal.SIGINT)  # As a terminal does, to all of the group.
        os.killpg(process.pid, signal.SIGTERM)  # As whoever hands it on does just then.
        process.wait(15)
        assert ends in log.read_text()
        assert "Killing" not in log.read_text()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_web_worker_that_is_told_to_stop_before_it_has_loaded_stops(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", TOLD_BEFORE_IT_LOADS, str(a_free_port())],
            cwd=PROJECT,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: "Unexpected exit from worker-1" in log.read_text())
    finally:
        process.terminate()
        process.wait(15)


def test_a_request_that_is_being_answered_when_the_server_is_told_to_stop_is_answered(tmp_path):
    fifo, log, port = tmp_path / "fifo", tmp_path / "log", a_free_port()
    os.mkfifo(fifo)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", THE_ECHO, str(port)], cwd=PROJECT, stdout=output, stderr=output
        )
    try:
        with closing(Caller(port)) as caller, ThreadPoolExecutor(1) as beside:
            wait_until(lambda: caller("GET", "/").status == 200)
            answer = beside.submit(caller, "GET", f"/fifo?{fifo}")
            with fifo.open("w") as writer:  # Opens once the application reads.
                process.terminate()
                wait_until(lambda: "Stopping worker-1" in log.read_text())
                writer.write("finished")
            assert answer.result(15).text == "finished"
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_web_workers_end_with_a_server_that_is_killed(database_url, tmp_path):
    port, log = a_free_port(), tmp_path / "log"
    process = a_command(
        database_url,
        "serve",
        "--port",
        str(port),
        "--workers",
        "3",
        log=log,
        BASE_URL=f"http://{HOST}:{port}",
    )
    try:
        wait_until(lambda: "Started worker-3" in log.read_text())
        os.kill(children_of(process.pid)[0], signal.SIGKILL)  # The one that replaces it as well.
        wait_until(lambda: len(children_of(process.pid)) == 3)
        workers = [psutil.Process(pid) for pid in children_of(process.pid)]

        process.kill()
        process.wait()

        _gone, left = psutil.wait_procs(workers, timeout=15)
        assert left == []
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_server_outlives_any_number_of_kills_of_its_workers(database_url, tmp_path):
    with a_server(database_url, workers=2, folder=tmp_path, are_killed=True) as server:
        for _ in range(4):
            killed = set(children_of(server.pid))
            for worker in killed:
                os.kill(worker, signal.SIGKILL)
            wait_until(partial(_are_replaced, server.pid, killed))

        with closing(server.caller()) as caller:
            wait_until(lambda: caller("GET", "/login").status == 200)


def _are_replaced(server_pid, killed):
    return len(set(children_of(server_pid)) - killed) == len(killed)
