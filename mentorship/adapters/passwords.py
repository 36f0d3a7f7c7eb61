"""Passwords as argon2id hashes (RFC 9106), and which of them are easily guessed."""

from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

DEMO_PASSWORD = "mentorship-demo"  # noqa: S105  # It is printed for everybody to use.

_hasher = PasswordHasher()

_DUMMY = (
    "$argon2id$v=19$m=65536,t=3,p=4$NUgnr8LELzFjhXNab3BM2Q"
    "$l4R3PRDNiIH7/WLtWE3EVPv0JeLCwxDkbi5K6/b7noM"
)
"""What is checked where there is no account. Made beforehand, as every start would wait for it."""

_ENOUGH = 2
"""Of zxcvbn's scores 0 to 4: a million guesses or more."""

_LONGEST_JUDGED = 72
"""Characters. zxcvbn's time grows with the square of the length; more of them never harm."""


def is_easily_guessed(password: str, *, about: Iterable[str]) -> bool:
    """Whether it is a common password, a pattern of the keyboard, or one of the words `about`.

    The demo's is known to everybody who has read the manual.
    """
    verdict = zxcvbn(password[:_LONGEST_JUDGED], user_inputs=[DEMO_PASSWORD, *about])
    return bool(verdict["score"] < _ENOUGH)


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
