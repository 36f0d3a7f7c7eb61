"""How many sessions one student may have booked at a time."""

from dataclasses import dataclass

from mentorship.domain.shared.messages import ngettext


@dataclass(frozen=True)
class BookingLimits:
    """The most upcoming sessions that a student may have booked.

    `total` limits all of them, `per_mentor` those with one mentor. The limits hold for what
    students book themselves; imported sessions count, but an import is never refused.
    """

    total: int = 10
    per_mentor: int = 3

    def refusal(self, *, total: int, with_mentor: int, mentor: str) -> str | None:
        """Why a student with this many upcoming sessions cannot book another one, or None."""
        if with_mentor >= self.per_mentor:
            return ngettext(
                "You already have %(n)s session with %(mentor)s that is still to come. "
                "You can book again once it is over or cancelled.",
                "You already have %(n)s sessions with %(mentor)s that are still to come. "
                "You can book again once one of them is over or cancelled.",
                with_mentor,
                mentor=mentor,
            )
        if total >= self.total:
            return ngettext(
                "You already have %(n)s session that is still to come. "
                "You can book again once it is over or cancelled.",
                "You already have %(n)s sessions that are still to come. "
                "You can book again once one of them is over or cancelled.",
                total,
            )
        return None
