"""The wheel is the whole product: it runs where there is no checkout."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from mentorship.config import PROJECT, Settings
from tests.support.processes import Caller, a_free_port, wait_until

THE_COMMAND = """
from importlib.metadata import entry_points

(command,) = entry_points(group="console_scripts", name="mentorship")
command.load()()
"""

A_VISIT = """
import re
from mentorship import create_app

client = create_app().test_client()
page = client.get("/login", headers={"Accept-Language": "de"})
style = client.get(re.search(r'href="([^"]+\\.css[^"]*)"', page.text)[1])
print(page.status_code, style.status_code, 'lang="de"' in page.text)
"""

FOLDERS = ("templates", "static", "migrations")


def files_of(folder):
    return {
        str(file.relative_to(folder.parent))
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with what the wheel brings, as `pip install` would lay it out."""
    wheels, folder = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            str(PROJECT),
            "--isolated",
            "--no-index",
            "--no-deps",
            "--no-build-isolation",
            "--quiet",
            "--wheel-dir",
            str(wheels),
        ],
        cwd=wheels,
        check=True,
    )
    (wheel,) = wheels.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def environment(installed):
    """Nothing is set but the mode, and the checkout is not on the path."""
    others = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in Settings.model_fields and not name.startswith("FLASK_")
    }
    return others | {"PYTHONPATH": str(installed), "MENTORSHIP_ENV": "development"}


@pytest.fixture
def run(environment, tmp_path):
    """Runs Python in an empty working directory, and hands back what it did."""

    def python(code, *arguments, **settings):
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env=environment | settings,
            capture_output=True,
            text=True,
            check=False,
        )

    return python


def test_the_wheel_holds_the_product_and_nothing_else(installed):
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    package = files_of(PROJECT / "mentorship")
    for folder in FOLDERS:
        package |= {f"mentorship/{file}" for file in files_of(PROJECT / folder)}

    assert files_of(installed / "mentorship") == package
    assert {each.name for each in installed.iterdir()} == {
        "mentorship",
        f"mentorship-{version}.dist-info",
    }


def test_all_of_it_is_loaded_from_the_wheel(run, installed):
    loaded = (
        "import mentorship.cli.operations, mentorship.config as c; print(c.__file__, c.RESOURCES)"
    )

    assert run(loaded).stdout.split() == [
        str(installed / "mentorship/config.py"),
        str(installed / "mentorship"),
    ]


def test_the_command_makes_a_database_with_the_demo_where_it_is_called(run, tmp_path):
    upgrade, demo = run(THE_COMMAND, "db", "upgrade"), run(THE_COMMAND, "demo")

    assert (upgrade.returncode, demo.returncode) == (0, 0), upgrade.stderr + demo.stderr
    assert re.match(r"Loaded [1-9]\d* demo sessions\.\n", demo.stdout)
    assert [file.name for file in tmp_path.iterdir()] == ["instance"]
    assert {"mentorship.db", "secret_key"} <= {
        file.name for file in (tmp_path / "instance").iterdir()
    }
    assert (tmp_path / "instance" / "mentorship.db").stat().st_mode & 0o777 == 0o600


def test_a_page_comes_with_its_style_sheet_and_in_german(run):
    visit = run(A_VISIT)

    assert visit.stdout == "200 200 True\n", visit.stderr


def test_the_command_lists_what_flask_lists(run):
    listed = run(THE_COMMAND, "--help")

    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.startswith("Usage: mentorship ")
    for name in ("db", "demo", "serve", "worker", "sweep", "create-user", "import-users"):
        assert re.search(rf"^  {name} ", listed.stdout, re.MULTILINE)


def test_the_command_names_itself_where_it_says_what_to_run(run):
    refused = run(THE_COMMAND, "sweep")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "Error: The database schema is out of date: run mentorship db upgrade\n"
    )


def test_the_command_reads_the_env_file_where_it_is_called(run, tmp_path):
    (tmp_path / ".env").write_text("REDIS_URL=smtp://h\n")

    stopped = run(THE_COMMAND, "sweep")

    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr == (
        "Mentorship cannot start: REDIS_URL: must begin with redis:// or rediss://\n"
    )


def test_the_command_serves(run, environment, tmp_path):
    assert run(THE_COMMAND, "db", "upgrade").returncode == 0
    port, log = a_free_port(), tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-c", THE_COMMAND, "serve", "--port", str(port), "--workers", "1"],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: server.poll() is not None or "Started worker-1" in log.read_text())
        assert server.poll() is None, log.read_text()
        caller = Caller(port)
        try:
            assert caller("GET", "/login").status == 200
        finally:
            caller.close()
    finally:
        server.terminate()
        server.wait(30)
