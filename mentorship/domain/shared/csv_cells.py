"""Cells of CSV files that a spreadsheet would run as formulas (OWASP, "CSV Injection")."""

import re

_RISKY = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_TO_ESCAPE = re.compile(rf"'*{_RISKY}")
_ESCAPED = re.compile(rf"'+{_RISKY}")


def escaped(text: str) -> str:
    """The text, after an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if _TO_ESCAPE.match(text) else text


def unescaped(text: str) -> str:
    """The text that `escaped` was called with."""
    return text[1:] if _ESCAPED.match(text) else text
