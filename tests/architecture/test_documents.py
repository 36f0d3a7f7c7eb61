"""What is written about the product is true of it: settings, commands, folders."""

import re
import shlex

import pytest

from mentorship import create_app
from mentorship.config import PROJECT, Settings
from tests.support.databases import settings_for

SETTINGS = {name.upper() for name in Settings.model_fields}


def readme():
    return (PROJECT / "README.md").read_text()


def test_the_sample_of_the_settings_names_each_of_them_and_no_other():
    sample = (PROJECT / ".env.example").read_text()

    assert re.findall(r"^#? ?([A-Z_]+)=", sample, re.MULTILINE) == [
        name.upper() for name in Settings.model_fields
    ]


def test_the_table_of_the_settings_in_the_readme_names_each_of_them_and_no_other():
    section = readme().partition("## Settings")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)) == SETTINGS


def test_the_defaults_in_the_readme_are_those_of_the_code():
    section = readme().partition("## Settings")[2].partition("\n## ")[0]
    defaults = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)`", section, re.MULTILINE))

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


def test_every_flask_command_in_the_readme_exists_with_its_options(commands):
    found = list(flask_commands(readme()))

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


def test_every_make_target_in_the_readme_exists():
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`|=\S+ )make ([a-z]+)", readme(), re.MULTILINE))

    assert {"run", "test", "bench", "proof"} <= named <= targets


def test_every_folder_that_the_readme_names_exists():
    section = readme().partition("## Where things live")[2]
    named = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", section)

    assert len(named) > 8
    assert [name for name in named if not (PROJECT / name).exists()] == []
