"""What personal tokens may do, and how long they last."""

from enum import StrEnum

DEFAULT_DAYS, LONGEST_DAYS = 90, 365


class TokenScope(StrEnum):
    """What a program with a token may do in its person's name."""

    READ = "read"
    ACT = "act"
