"""Recognizing weak secrets, which can be guessed or looked up."""

import re
from functools import cache

SHORTEST = 16
"""The least number of characters in a secret."""

_JUDGED = 40
"""Only this many characters are judged: more take longer, and the secret is strong by then."""

_FEWEST_GUESSES = 13
"""Decimal digits of the number of guesses. Sixteen random hexadecimal digits have 16; repeated
characters, runs of the keyboard or the alphabet, and words with a year have fewer than 12."""

_SAMPLES = re.compile(
    "undefined|change(me|this)|replace(me|this|with)|your(own)?(secret|key|cron|token|random)"
    "|placeholder|(super|my|the|a|dev|test|app|flask|django)secret(key)?$|secretkey|insecure"
    "|(random|production|development|example|sample)(string|key|secret|value)|(put|insert|paste)your"
    "|geheimerschl(ue|u)?ssel|(bitte|hier)(aendern|ndern|ersetzen)|opensslrand|tokenurlsafe|urandom"
    # From Flask's documentation.
    "|192b9bdd22ab9ed4d12e236c78afcb9a|5y2lf4q8z"
)
"""Texts in documentation and samples, in lower case and without punctuation."""


@cache
def is_weak(secret: str) -> bool:
    """Whether a secret is too short, is a known sample, or follows a pattern."""
    if len(secret.strip()) < SHORTEST:
        return True
    if _SAMPLES.search(re.sub(r"[^a-z0-9]", "", secret.lower())):
        return True
    from zxcvbn import zxcvbn  # Imported late, because it takes long to load.

    return bool(zxcvbn(secret[:_JUDGED])["guesses_log10"] < _FEWEST_GUESSES)
