"""The documents are true: settings, commands, folders and links."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from mentorship import create_app
from mentorship.config import PROJECT, Settings
from tests.support.databases import settings_for

SETTINGS = {name.upper() for name in Settings.model_fields}


def page(name):
    return (PROJECT / name).read_text()


def documents():
    """All that a person reads about the product, but the changelog and the decisions."""
    return "\n".join(
        file.read_text()
        for file in (*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"))
        if file.name != "CHANGELOG.md"
    )


def settings_section():
    return page("docs/reference.md").partition("## Settings")[2].partition("\n## ")[0]


def test_the_sample_of_the_settings_names_each_of_them_and_no_other():
    sample = (PROJECT / ".env.example").read_text()

    assert re.findall(r"^#? ?([A-Z_]+)=", sample, re.MULTILINE) == [
        name.upper() for name in Settings.model_fields
    ]


def test_the_table_of_the_settings_names_each_of_them_and_no_other():
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", settings_section(), re.MULTILINE)) == SETTINGS


def test_the_defaults_in_the_table_are_those_of_the_code():
    defaults = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)`", settings_section(), re.MULTILINE))

    assert defaults == {
        name.upper(): str(field.default)
        for name, field in Settings.model_fields.items()
        if field.default is not None
    }


def flask_commands(text):
    """The arguments of each `flask --app wsgi` in a text."""
    for line in re.findall(r"flask --app wsgi ([^`\n]+)", text):
        yield shlex.split(line, comments=True)


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """The commands of the product by name."""
    folder = tmp_path_factory.mktemp("commands")
    app = create_app(settings_for(f"sqlite:///{folder / 'unused.db'}"))
    return app.cli.commands


def test_every_flask_command_in_the_documents_exists_with_its_options(commands):
    found = list(flask_commands(documents()))

    assert len(found) >= 6
    for name, *arguments in found:
        command = commands[name]
        if name == "db":
            assert arguments[0] in command.commands
            continue
        options = {option for parameter in command.params for option in parameter.opts}
        used = {argument for argument in arguments if argument.startswith("--")}
        assert used <= options, (name, used - options)


def test_the_search_for_commands_finds_them_in_blocks_and_in_sentences():
    text = "```\nx/flask --app wsgi serve --port 80  # there\n```\nor `flask --app wsgi sweep`."

    assert list(flask_commands(text)) == [["serve", "--port", "80"], ["sweep"]]


@pytest.fixture
def after_the_demo(tmp_path):
    """The product as `make run` leaves it, in a folder of its own, with files to import."""
    shutil.copytree(PROJECT / "mentorship", tmp_path / "mentorship")
    shutil.copy(PROJECT / "wsgi.py", tmp_path)
    for name in ("migrations", "static", "templates", ".env.example"):
        (tmp_path / name).symlink_to(PROJECT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "mentorship.db").write_text("The demo")
    (tmp_path / "people.csv").write_text(
        "email,name,role\nmaya@example.org,Maya,mentor\nsam@example.org,Sam,student\n"
    )
    (tmp_path / "sessions.csv").write_text(
        "mentor_email,student_email,start,end,topic\n"
        "maya@example.org,sam@example.org,2026-11-24T09:00Z,2026-11-24T10:00Z,Talks\n"
    )
    return tmp_path


def test_to_begin_for_real_one_types_what_the_deployment_page_says(after_the_demo):
    text = page("docs/deployment.md").partition("## Begin for real")[2]
    block = text.partition("```sh\n")[2].partition("```")[0]
    nothing_set = {name: value for name, value in os.environ.items() if name not in SETTINGS}

    done = subprocess.run(
        ["sh", "-ec", block],
        cwd=after_the_demo,
        env=nothing_set,
        text=True,
        capture_output=True,
        check=False,
        input="a-long-password\n" * 2,
        start_new_session=True,  # Without a terminal, from which it would read the password.
    )

    assert done.returncode == 0, done.stderr
    for line in ("Created the admin you@example.org.", "Imported 2 people.", "Imported 1 session."):
        assert line in done.stdout


def test_every_make_target_in_the_documents_exists():
    makefile = page("Makefile")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`|=\S+ )make ([a-z-]+)", documents(), re.MULTILINE))

    assert {"run", "test", "check", "bench", "proof"} <= named <= targets


PLACES = re.compile(r"`((?:mentorship|templates|static|tests|docs|bench|migrations)/[\w./]*)`")
SHORT = re.compile(
    r"`((?:domain|models|queries|services|adapters|schemas|web|cli)/[a-z_/]+(?:\.py|/))`"
)


@pytest.mark.parametrize("name", ["docs/architecture.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_place_that_a_page_about_the_code_names_exists(name):
    text = page(name)
    named = PLACES.findall(text) + [f"mentorship/{place}" for place in SHORT.findall(text)]

    assert len(named) > 4
    assert [place for place in named if not (PROJECT / place).exists()] == []


def test_every_link_between_the_documents_leads_somewhere():
    links = [
        (file, link)
        for file in (*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"))
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", file.read_text())
    ]

    assert len(links) > 20
    assert [(file.name, link) for file, link in links if not (file.parent / link).exists()] == []
