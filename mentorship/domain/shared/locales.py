"""How people read: their language, and how they count hours."""

from enum import StrEnum


class HourCycle(StrEnum):
    """How the hours of a day are counted: 12 and AM or PM, or 0 to 23 (as Unicode calls them)."""

    H12 = "h12"
    H23 = "h23"


class Language(StrEnum):
    """What people can read the product in, as BCP 47 calls it."""

    EN = "en"
    DE = "de"
