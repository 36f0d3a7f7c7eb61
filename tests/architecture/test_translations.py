"""Every text has a German translation, and the compiled catalog is up to date."""

import io
import re

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mentorship.adapters.translations import FOLDER
from mentorship.config import PROJECT

GERMAN = FOLDER / "de" / "LC_MESSAGES"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def catalog():
    """The German texts."""
    with (GERMAN / "messages.po").open("rb") as file:
        return read_po(file, locale="de")


def texts_of_the_source():
    """Each marked text, or its singular and plural."""
    with (PROJECT / "babel.cfg").open() as file:
        method_map, options_map = parse_mapping_cfg(file)
    found = extract_from_dir(PROJECT, method_map, options_map, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found}


def placeholders(text):
    """The placeholders in a text."""
    return set(re.findall(r"%\(\w+\)s|\{\}", text))


def complaints(texts, catalog):
    """The faults in the translations of these texts."""
    wrong = {}
    for text in texts:
        forms = (text,) if isinstance(text, str) else text
        message = catalog.get(forms[0])
        if message is None or not message.string or message.fuzzy:
            wrong[forms[0]] = "is missing"
            continue
        german = (message.string,) if isinstance(message.string, str) else message.string
        if len(german) != len(forms) or not all(german):
            wrong[forms[0]] = "lacks a form"
        elif any(placeholders(each) != placeholders(" ".join(forms)) for each in german):
            wrong[forms[0]] = "has other placeholders"
    return wrong


def test_the_check_finds_missing_translations_and_wrong_placeholders(catalog):
    text = "%(what)s is missing."
    catalog = catalog.__class__(locale="de")
    catalog.add(text, "Es fehlt.")
    catalog.add("Fuzzy", "Unscharf", flags={"fuzzy"})
    catalog.add(("%(n)s day", "%(n)s days"), ("%(n)s Tag", ""))

    assert complaints({text, "Fuzzy", "New", ("%(n)s day", "%(n)s days")}, catalog) == {
        text: "has other placeholders",
        "Fuzzy": "is missing",
        "New": "is missing",
        "%(n)s day": "lacks a form",
    }


def test_every_text_of_the_source_has_a_german_translation(catalog):
    texts = texts_of_the_source()

    assert len(texts) > 500
    assert complaints(texts, catalog) == {}


def test_the_catalog_has_no_text_that_the_source_has_lost(catalog):
    known = {text if isinstance(text, str) else text[0] for text in texts_of_the_source()}
    ids = {each.id if isinstance(each.id, str) else each.id[0] for each in catalog if each.id}

    assert ids - known == set()
    assert not catalog.obsolete


def test_the_compiled_catalog_is_up_to_date(catalog):
    compiled = io.BytesIO()
    write_mo(compiled, catalog)

    assert (GERMAN / "messages.mo").read_bytes() == compiled.getvalue(), "run: make translations"
