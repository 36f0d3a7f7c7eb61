"""What a dashboard shows, in a few digits, so that a poll can say what it has seen."""

import re
from dataclasses import dataclass

from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_

_FORM = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class PollCursor:
    """A reader's place: `head` is the last journal id told, `print` identifies the lists shown.

    One of the two numbers of `print` changes whenever a booking of the viewer is added or changed,
    or somebody's name or meeting room.
    """

    head: int
    print: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.head}.{self.print[0]}.{self.print[1]}"

    @classmethod
    def parse(cls, text: str) -> "PollCursor":
        """The place written by `str`. Raises InvalidInput for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidInput(N_("The field 'seen' is invalid."))
        head, first, second = (int(digits) for digits in match.groups())
        return cls(head, (first, second))
