"""The languages of the product, and the 12-hour and 24-hour clocks."""

from enum import StrEnum


class HourCycle(StrEnum):
    """The 12-hour clock (with AM and PM) or the 24-hour clock, by their Unicode names."""

    H12 = "h12"
    H23 = "h23"


class Language(StrEnum):
    """The languages of the product, as BCP 47 tags."""

    EN = "en"
    DE = "de"
