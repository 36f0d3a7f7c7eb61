"""Links that a command prints lead to the port that is served beside it."""

import os
import socket
from contextlib import closing
from http.client import HTTPConnection

import pytest

from mentorship.served_address import announce_address, served_address
from tests.support.processes import a_command, wait_until


def test_a_note_lasts_as_long_as_the_process_and_is_of_one_database(tmp_path):
    with announce_address(tmp_path, "http://127.0.0.1:8321", database_url="sqlite:///a"):
        assert served_address(tmp_path, database_url="sqlite:///a") == "http://127.0.0.1:8321"
        assert served_address(tmp_path, database_url=None) is None
    assert served_address(tmp_path, database_url="sqlite:///a") is None


def test_servers_of_two_databases_are_found_beside_each_other(tmp_path):
    with (
        announce_address(tmp_path, "http://127.0.0.1:8321", database_url="sqlite:///a"),
        announce_address(tmp_path, "http://127.0.0.1:8322", database_url="sqlite:///b"),
    ):
        assert served_address(tmp_path, database_url="sqlite:///a") == "http://127.0.0.1:8321"
        assert served_address(tmp_path, database_url="sqlite:///b") == "http://127.0.0.1:8322"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": 2147483646, "url": "http://x"}'])
def test_a_note_that_nobody_keeps_counts_for_nothing(tmp_path, text):
    with announce_address(tmp_path, "http://127.0.0.1:8321", database_url=None):
        [file] = tmp_path.iterdir()
    file.write_text(text)

    assert served_address(tmp_path, database_url=None) is None


def test_what_another_process_has_noted_since_stays(tmp_path):
    with announce_address(tmp_path, "http://127.0.0.1:8321", database_url=None):
        [file] = tmp_path.iterdir()
        file.write_text(file.read_text().replace(str(os.getpid()), "1"))
    assert file.exists()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_links_of_the_server_and_of_commands_beside_it_name_its_port(database_url, cast, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = a_command(
        database_url,
        "serve",
        "--port",
        str(port),
        "--workers",
        "1",
        log=tmp_path / "serve.log",
        BASE_URL="",
    )

    def printed(**settings):
        log = tmp_path / "link.log"
        link = a_command(
            database_url, "reset-link", "--email", cast.student.email, log=log, **settings
        )
        assert link.wait(60) == 0, log.read_text()
        return log.read_text().splitlines()[-1]

    def served():
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        with closing(connection):
            try:
                connection.request("GET", "/.well-known/security.txt")
            except OSError:
                return ""
            return connection.getresponse().read().decode()

    try:
        own_address = f"Canonical: http://127.0.0.1:{port}/.well-known/security.txt"
        assert own_address in wait_until(served)
        assert printed(BASE_URL="").startswith(f"http://127.0.0.1:{port}/reset/")
        mine = "https://mentors.example.org"
        assert printed(BASE_URL=mine).startswith(f"{mine}/reset/")
    finally:
        server.terminate()
        server.wait(15)
    assert printed(BASE_URL="").startswith("http://127.0.0.1:8000/reset/")
