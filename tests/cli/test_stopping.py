"""The server and the worker end in order when they are told to, however many signals come."""

import contextlib
import os
import signal

import pytest

from tests.support.processes import a_command, a_free_port, wait_until


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
