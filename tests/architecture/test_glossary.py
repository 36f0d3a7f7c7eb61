"""The glossary and the code use the same words."""

import ast
import re

from mentorship.config import PROJECT


def public_names():
    """The names of modules, classes, functions and methods, of constants and of fields."""
    for file in (PROJECT / "mentorship").rglob("*.py"):
        yield file.stem
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name
            if isinstance(node, ast.ClassDef | ast.Module):
                yield from (name.id for each in node.body for name in targets(each))


def targets(statement):
    """The names that a statement at the top of a module or a class defines."""
    found = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        found = [statement.target]
    return [each for each in found if isinstance(each, ast.Name)]


def glossary():
    """The names in the tables, and the words to avoid."""
    tables, _, avoided = (PROJECT / "docs/glossary.md").read_text().partition("## Words we do not")
    cells = re.findall(r"^\| [^|]+ \| ([^|]*) \|", tables, re.MULTILINE)
    return set(re.findall(r"`(\w+)`", " ".join(cells))), set(re.findall(r"`(\w+)`", avoided))


def test_every_name_of_the_glossary_is_in_the_code():
    names, _avoided = glossary()

    assert len(names) > 40
    assert names - set(public_names()) == set()


def test_nothing_public_is_named_by_a_word_to_avoid():
    _names, avoided = glossary()

    assert len(avoided) > 10
    found = {name for name in public_names() if not name.startswith("_")}
    assert avoided & found == set()
