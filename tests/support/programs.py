"""Programs of the machine that some tests need; without one, these tests are skipped."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import HOST, a_free_port, wait_until

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
"""Debian keeps servers in /usr/sbin, which is not on everybody's path."""


def first_program(*names: str) -> str | None:
    """The path of the first of these programs that is installed, or None."""
    return next(filter(None, (shutil.which(name, path=PATH) for name in names)), None)


def required_program(*names: str, variable: str = "REQUIRE_SERVICES") -> str:
    """The path of the first of these programs that is installed.

    Skips the test where none is, and fails it where the environment says `variable`=1.
    """
    program = first_program(*names)
    if program is None:
        missing = f"Not installed on this machine: {' or '.join(names)}."
        if os.environ.get(variable) == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return program


@dataclass(frozen=True)
class RedisServer:
    """A running Redis: its address, and its process, which a test may stop."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def a_redis(folder: Path) -> Iterator[RedisServer]:
    """A real Redis that keeps nothing on disk."""
    port = a_free_port()
    command = [
        required_program("redis-server"),
        "--port",
        str(port),
        "--bind",
        HOST,
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with ExitStack() as stack:
        stack.callback(process.wait)
        stack.callback(process.kill)
        wait_until(lambda: process.poll() is not None or _accepts_connections(port))
        assert process.poll() is None, "Redis has ended"
        yield RedisServer(f"redis://{HOST}:{port}/0", process)


def _accepts_connections(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True
