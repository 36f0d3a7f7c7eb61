"""Somebody at a terminal sees how far a long import is; a script's log does not."""

import os
import pty
import subprocess
import sys

import pytest

from mentorship.config import PROJECT


@pytest.fixture
def command(tmp_path, databases):
    """Imports two people into a new database, and what that needs around it."""
    file = tmp_path / "people.csv"
    file.write_text("email,name,role\nann@example.org,Ann,student\nbo@example.org,Bo,mentor\n")
    with databases.fresh("sqlite") as url:
        environment = os.environ | {"DATABASE_URL": url, "MENTORSHIP_ENV": "development"}
        arguments = [sys.executable, "-m", "flask", "--app", "wsgi", "import-users", str(file)]
        yield {"args": arguments, "cwd": PROJECT, "env": environment, "stdout": subprocess.PIPE}


def test_at_a_terminal_a_bar_shows_how_far_an_import_is(command):
    terminal, end = pty.openpty()

    done = subprocess.run(**command, stderr=end, check=True)

    os.close(end)
    assert b"Imported 2 people." in done.stdout
    assert b"Reading" in (shown := os.read(terminal, 10_000))
    assert b"100%" in shown
    os.close(terminal)


def test_a_log_has_no_bar(command):
    done = subprocess.run(**command, stderr=subprocess.PIPE, check=True)

    assert b"Imported 2 people." in done.stdout
    assert done.stderr.splitlines() == [
        b"This is import 1. To undo it: flask --app wsgi remove-import 1"
    ]
