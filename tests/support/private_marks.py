"""Marks for private fields: where each is, and who may read it."""

import re
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import Enum, String

from mentorship.models.columns import Model, ZoneName

MARK = re.compile(r"zq\d{5}qz")

NOT_PRIVATE = {
    "availability_rules.rrule": "hours that a mentor offers",
    "calendar_feeds.token_hash": "a hash; the feed itself is read",
    "installation.identity": "part of the names in calendars",
    "installation.old_host": "part of the names in calendars",
    "mentor_profiles.bio": "the profile",
    "mentor_profiles.headline": "the profile",
    "mentor_profiles.listed_as": "the profile",
    "mentor_topics.folded": "the profile",
    "mentor_topics.topic": "the profile",
    "mentor_words.word": "the profile",
    "api_tokens.scope": "one of two words",
    "sign_ins.id": "part of one's own cookie",
    "users.hour_cycle": "one of two words",
    "users.language": "one of two words",
    "zone_rules.name": "names of zones",
    "zone_rules.offsets": "names of zones",
    "zone_rules.release": "names of zones",
}
"""Columns of text that need no mark, and why."""


def columns_of_text() -> set[str]:
    """Every column in which somebody's words could be: text that is no name of a zone or state."""
    return {
        f"{table.name}.{column.name}"
        for table in Model.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, String) and not isinstance(column.type, Enum | ZoneName)
    }


@dataclass
class Marks:
    """The marks by their text: in which field each is, and the names of those who may read it."""

    field_of: dict[str, str] = field(default_factory=dict)
    readers_of: dict[str, frozenset[str]] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def plant(self, where: str, *readers: str) -> str:
        """A new mark for the field `where`; nobody but these may read it."""
        mark = f"zq{next(self._numbers):05d}qz"
        self.field_of[mark], self.readers_of[mark] = where, frozenset(readers)
        return mark

    def leaks(self, reader: str, text: str) -> set[str]:
        """The fields whose marks are in a text that this person gets and must not read."""
        return {
            f"{self.field_of[mark]} of {', '.join(sorted(self.readers_of[mark])) or 'nobody'}"
            for mark in set(MARK.findall(text))
            if reader not in self.readers_of[mark]
        }
