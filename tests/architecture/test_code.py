"""The code keeps its own rules: rooms, sizes, docstrings. `make check` runs lint and types."""

import ast
from collections import Counter

import pytest

from mentorship.config import PROJECT

LONGEST_FILE = 400
MOST_MODULES = 16


def own_files(*patterns):
    """The project's own files, without vendored, installed or generated ones."""
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


def modules_by_folder(root):
    """How many modules each folder below `root` holds."""
    files = [file for file in root.rglob("*.py") if file.name != "__init__.py"]
    return Counter(str(file.parent.relative_to(root.parent)) for file in files)


def test_no_folder_of_the_product_holds_more_than_sixteen_modules():
    counts = modules_by_folder(PROJECT / "mentorship")

    assert len(counts) > 20
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


ROOMS = {
    "accounts", "availability", "booking", "calendars", "mail", "operations", "reports", "sessions",
    "webhooks", "shared", "http",
}  # fmt: skip
HELPERS = {"__init__.py", "__pycache__", "conftest.py", "access.py"}
FLOORS_WITH_ROOMS = ("domain", "queries", "services", "web")


def strange_rooms(root):
    """The folders and modules on the floors below `root` that have the name of no room."""
    return {
        str(entry.relative_to(root))
        for floor in FLOORS_WITH_ROOMS
        for entry in (root / floor).iterdir()
        if entry.stem.removeprefix("test_") not in ROOMS and entry.name not in HELPERS
    }


@pytest.mark.parametrize("root", ["mentorship", "tests"])
def test_every_room_has_a_name_that_is_known(root):
    """A capability has one name and one room, the same on each floor and in the tests."""
    assert strange_rooms(PROJECT / root) == set()


def test_the_search_for_rooms_and_folders_finds_what_does_not_belong(tmp_path):
    for floor in FLOORS_WITH_ROOMS:
        (tmp_path / floor / "helpers").mkdir(parents=True)
    for number in range(17):
        (tmp_path / "web" / "helpers" / f"module_{number}.py").touch()

    assert strange_rooms(tmp_path) == {f"{floor}/helpers" for floor in FLOORS_WITH_ROOMS}
    assert modules_by_folder(tmp_path)[f"{tmp_path.name}/web/helpers"] == MOST_MODULES + 1


def without_docstring(source, name):
    """The public modules, classes, functions and methods in this source without a docstring."""
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
