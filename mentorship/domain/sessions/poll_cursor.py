"""What an open page shows, as a few digits, so that a poll can say what it has seen."""

import re
from dataclasses import dataclass

from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_

_FORM = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class PollCursor:
    """What a page has seen of the viewer's sessions.

    `last_change_id` is the last row of the journal that the page has seen. `fingerprint` identifies
    the lists that it shows: one of its two numbers changes whenever one of the viewer's bookings is
    added or changed, or somebody's name or meeting link.
    """

    last_change_id: int
    fingerprint: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.last_change_id}.{self.fingerprint[0]}.{self.fingerprint[1]}"

    @classmethod
    def parse(cls, text: str) -> "PollCursor":
        """Parse the text of a cursor. Raises InvalidInput for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidInput(N_("The field 'seen' is invalid."))
        last_change_id, first, second = (int(digits) for digits in match.groups())
        return cls(last_change_id, (first, second))
