"""The server and the worker end in order when they are told to, however many signals come."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from mentorship.config import PROJECT
from tests.support.processes import HOST, a_command, a_free_port, wait_until

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
            cwd=PROJECT, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_until(lambda: "Unexpected exit from worker-1" in log.read_text(), seconds=15)
    finally:
        process.terminate()
        process.wait(15)
