"""The code keeps its own rules: style, types, floors, sizes, docstrings."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mentorship.config import PROJECT

BIN = Path(sys.executable).parent
LONGEST_FILE = 400


def run(*command):
    """What a tool of the environment says in the project; its exit code is 0 when all is well."""
    tool, *arguments = command
    return subprocess.run(
        [BIN / tool, *arguments],
        cwd=PROJECT,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "."), id="ruff finds nothing to complain of"),
        pytest.param(("ruff", "format", "--check", "."), id="every file is formatted"),
        pytest.param(("mypy",), id="the types are right, strictly"),
        pytest.param(("lint-imports",), id="imports go down only"),
        pytest.param(("djlint", "--lint", "templates"), id="the templates are clean"),
    ],
)
def test_the_tools_are_content(command):
    result = run(*command)

    assert result.returncode == 0, result.stdout + result.stderr


def own_files(*patterns):
    """The project's own files, without what is vendored, installed or made by a run."""
    foreign = {".venv", "vendor", "instance", "__pycache__", "node_modules"}
    for pattern in patterns:
        for file in PROJECT.glob(f"**/{pattern}"):
            folders = file.relative_to(PROJECT).parts[:-1]
            if not foreign & set(folders) and not any(name.startswith(".") for name in folders):
                yield file


def test_no_file_is_longer_than_four_hundred_lines():
    lengths = {
        str(file.relative_to(PROJECT)): len(file.read_text().splitlines())
        for file in own_files("*.py", "*.html", "*.js", "*.css")
    }

    assert len(lengths) > 50
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def without_docstring(source, name):
    """The public modules, classes, functions and methods in this text that say nothing."""
    tree = ast.parse(source)
    wanted = [(name, tree)]
    for parent, node in [(name, node) for node in tree.body]:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            wanted.append((f"{parent}:{node.name}", node))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            wanted += [
                (f"{parent}:{node.name}.{method.name}", method)
                for method in node.body
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
            ]
    return [where for where, node in wanted if ast.get_docstring(node) is None]


OVERRIDES = {
    # SQLAlchemy and Werkzeug document these; the class says what they do here.
    "mentorship/database.py:UtcDateTime.process_bind_param",
    "mentorship/database.py:UtcDateTime.process_result_value",
    "mentorship/web/http/request_guards.py:IdConverter.to_python",
}


def test_every_public_part_of_the_product_has_a_docstring():
    silent = {
        where
        for file in own_files("*.py")
        if file.is_relative_to(PROJECT / "mentorship")
        for where in without_docstring(file.read_text(), str(file.relative_to(PROJECT)))
    }

    assert silent == OVERRIDES


def test_the_search_for_docstrings_finds_what_has_none():
    source = '"""Here."""\nclass A:\n    def b(self): ...\ndef c(): ...\ndef _d(): ...\n'

    assert without_docstring(source, "m") == ["m:A", "m:A.b", "m:c"]
