"""Passwords as argon2id hashes (RFC 9106), and which of them are easily guessed."""

from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from mentorship.domain.accounts.common_words import left_over

DEMO_PASSWORD = "mentorship-demo"  # noqa: S105  # It is printed for everybody to use.

_hasher = PasswordHasher()

_DUMMY = (
    "$argon2id$v=19$m=65536,t=3,p=4$NUgnr8LELzFjhXNab3BM2Q"
    "$l4R3PRDNiIH7/WLtWE3EVPv0JeLCwxDkbi5K6/b7noM"
)
"""What is checked where there is no account. Made beforehand, as every start would wait for it."""

_ENOUGH = 2
"""Of zxcvbn's scores 0 to 4: a million guesses or more."""

_JUDGED = 14
"""Characters that zxcvbn is given at once. Its time explodes with the length: up to 8 ms for 14,
2.7 s for 72."""

_LONGEST_JUDGED = 128
_FEWEST_LEFT = 5
"""Characters that a password has besides everyday words, years and runs of keys."""


def is_easily_guessed(password: str, *, about: Iterable[str]) -> bool:
    """Whether it is a common password, a pattern of the keyboard, or made of the words `about`.

    The demo's is known to everybody who has read the manual. Takes less than 50 ms whatever the
    password is: only its beginning and its end are judged by zxcvbn, and one strong part suffices.
    """
    known = [DEMO_PASSWORD, *about]
    if left_over(password[:_LONGEST_JUDGED], about=known) < _FEWEST_LEFT:
        return True
    words = [word[:_JUDGED] for word in known]
    parts = dict.fromkeys((password[:_JUDGED], password[-_JUDGED:]))
    return all(zxcvbn(part, user_inputs=words)["score"] < _ENOUGH for part in parts)


def hash_password(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(password)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether the password is the right one. Costs the same where there is no hash to check."""
    try:
        _hasher.verify(password_hash or _DUMMY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
