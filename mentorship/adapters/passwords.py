"""Password hashes (argon2id, RFC 9106), and whether a password is easily guessed."""

from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from mentorship.domain.accounts.common_words import uncommon_length

DEMO_PASSWORD = "mentorship-demo"  # noqa: S105  # It is public.

_hasher = PasswordHasher()

_DUMMY = (
    "$argon2id$v=19$m=65536,t=3,p=4$NUgnr8LELzFjhXNab3BM2Q"
    "$l4R3PRDNiIH7/WLtWE3EVPv0JeLCwxDkbi5K6/b7noM"
)
"""The hash that is checked if there is no account. Precomputed, because hashing is slow."""

_ENOUGH = 2
"""The lowest accepted score of zxcvbn, from 0 to 4: a million guesses or more."""

_JUDGED = 14
"""Characters that zxcvbn gets at once. Its time grows quickly with the length: up to 8 ms for 14
characters, 2.7 s for 72."""

_LONGEST_JUDGED = 128
_FEWEST_LEFT = 5
"""Characters that a password needs besides common words, years and runs of keys."""


def is_easily_guessed(password: str, *, about: Iterable[str]) -> bool:
    """Whether it is a common password, a keyboard pattern, or made of the words in `about`.

    The public password of the demo counts as guessed. Takes less than 50 ms for any password:
    zxcvbn judges only its beginning and its end, and one strong part is enough.
    """
    known = [DEMO_PASSWORD, *about]
    if uncommon_length(password[:_LONGEST_JUDGED], about=known) < _FEWEST_LEFT:
        return True
    words = [word[:_JUDGED] for word in known]
    parts = dict.fromkeys((password[:_JUDGED], password[-_JUDGED:]))
    return all(zxcvbn(part, user_inputs=words)["score"] < _ENOUGH for part in parts)


def hash_password(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(password)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether the password is right. Takes equally long if there is no hash to check."""
    try:
        _hasher.verify(password_hash or _DUMMY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
