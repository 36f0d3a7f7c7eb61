"""The figures of a report: each with its name, its definition and its list of sessions.

`FIGURES` is the only place that defines a figure. Pages, JSON, CSV and commands read it, and
`mentorship.queries.reports.filters` has the SQL of each list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from mentorship.domain.shared.messages import N_

ON_TIME = timedelta(minutes=5)
"""A session began on time if it began no later than this after its start time."""


class By(StrEnum):
    """How a report is divided into rows."""

    TOTAL = "total"
    MENTOR = "mentor"
    STUDENT = "student"
    TOPIC = "topic"
    WEEK = "week"
    MONTH = "month"


class Unit(StrEnum):
    """What a figure counts or measures."""

    SESSIONS = "sessions"
    MINUTES = "minutes"
    SHARE = "share"
    RATINGS = "ratings"
    STARS = "stars"


class Behind(StrEnum):
    """The lists of sessions that figures are about."""

    BOOKED = "booked"
    CANCELLED_BY_STUDENT = "cancelled-by-student"
    CANCELLED_BY_MENTOR = "cancelled-by-mentor"
    CANCELLED_BY_ADMIN = "cancelled-by-admin"
    SCHEDULED = "scheduled"
    ONGOING = "ongoing"
    COMPLETED = "completed"
    DELAYED = "delayed"
    TOOK_PLACE = "took-place"
    MENTOR_ABSENT = "mentor-absent"
    STUDENT_ABSENT = "student-absent"
    NOBODY_CAME = "nobody-came"
    TECHNICAL_TROUBLE = "technical-trouble"
    CLAIMED = "claimed"
    DISPUTED = "disputed"
    OPEN = "open"
    EXPECTED = "expected"
    BEGUN = "begun"
    ON_TIME = "on-time"
    DELIVERED = "delivered"
    OWED = "owed"
    IN_OFFERED_TIME = "in-offered-time"
    RATED = "rated"


@dataclass(frozen=True)
class Tally:
    """The counts and sums of some sessions of a range.

    Minutes are whole minutes of each session, added up. `minutes_delivered` and `minutes_owed` are
    None if no session has recorded times, `minutes_offered` if the row is not about a mentor's
    time. `median_delay_minutes` has fractions, and is None if no session has begun.
    """

    booked: int = 0
    cancelled: int = 0
    cancelled_by_student: int = 0
    cancelled_by_mentor: int = 0
    cancelled_by_admin: int = 0
    scheduled: int = 0
    ongoing: int = 0
    completed: int = 0
    delayed: int = 0
    took_place: int = 0
    mentor_absent: int = 0
    student_absent: int = 0
    nobody_came: int = 0
    technical_trouble: int = 0
    claimed: int = 0
    disputed: int = 0
    open: int = 0
    begun: int = 0
    on_time: int = 0
    median_delay_minutes: float | None = None
    minutes_booked: int = 0
    minutes_delivered: int | None = None
    minutes_owed: int | None = None
    minutes_offered: int | None = None
    ratings: int = 0
    rating_sum: int = 0

    @property
    def expected(self) -> int:
        """Sessions that were not cancelled and are not still to come."""
        return self.booked - self.cancelled - self.scheduled

    @property
    def completion_rate(self) -> float | None:
        """The share of the expected sessions that took place."""
        return _share(self.took_place, self.expected)

    @property
    def punctuality_rate(self) -> float | None:
        """The share of the sessions with a recorded beginning that began on time."""
        return _share(self.on_time, self.begun)

    @property
    def utilisation_rate(self) -> float | None:
        """Delivered minutes as a share of the offered ones; groups can make it more than 1."""
        return _share(self.minutes_delivered, self.minutes_offered)

    @property
    def average_rating(self) -> float | None:
        """The mean of the students' ratings, from 1 to 5."""
        return _share(self.rating_sum, self.ratings)


@dataclass(frozen=True)
class Row:
    """One line of a report. `key` names it for programs, `label` for people."""

    key: str
    label: str
    tally: Tally


@dataclass(frozen=True)
class Figure:
    """One figure: an attribute of `Tally`, with its label, definition and list of sessions."""

    name: str
    label: str
    definition: str
    unit: Unit
    behind: Behind


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole


FIGURES: tuple[Figure, ...] = (
    Figure(
        "booked", N_("Booked"),
        N_("Sessions that start in the range, whatever happened to them."),
        Unit.SESSIONS, Behind.BOOKED,
    ),
    Figure(
        "cancelled_by_student", N_("Cancelled by the student"),
        N_("Of the booked sessions, those that their student cancelled."),
        Unit.SESSIONS, Behind.CANCELLED_BY_STUDENT,
    ),
    Figure(
        "cancelled_by_mentor", N_("Cancelled by the mentor"),
        N_("Of the booked sessions, those that their mentor cancelled."),
        Unit.SESSIONS, Behind.CANCELLED_BY_MENTOR,
    ),
    Figure(
        "cancelled_by_admin", N_("Cancelled by an admin"),
        N_("Of the booked sessions, those that an admin cancelled."),
        Unit.SESSIONS, Behind.CANCELLED_BY_ADMIN,
    ),
    Figure(
        "scheduled", N_("Still to come"),
        N_("Of the booked sessions, those that are scheduled and have not started."),
        Unit.SESSIONS, Behind.SCHEDULED,
    ),
    Figure(
        "ongoing", N_("Ongoing"),
        N_("Of the booked sessions, those that are under way, or late and not yet completed."),
        Unit.SESSIONS, Behind.ONGOING,
    ),
    Figure(
        "completed", N_("Completed"),
        N_("Of the booked sessions, those with the status Completed."),
        Unit.SESSIONS, Behind.COMPLETED,
    ),
    Figure(
        "delayed", N_("Delayed"),
        N_(
            "Of the booked sessions, those that were ever marked as delayed, because nobody had "
            "started them at their start time."
        ),
        Unit.SESSIONS, Behind.DELAYED,
    ),
    Figure(
        "took_place", N_("Took place"),
        N_(
            "Sessions that took place: both sides say so, or one side says so and the other did "
            "not object in time, or an admin decided so."
        ),
        Unit.SESSIONS, Behind.TOOK_PLACE,
    ),
    Figure(
        "mentor_absent", N_("Mentor absent"),
        N_("Sessions with the settled outcome that the mentor did not come."),
        Unit.SESSIONS, Behind.MENTOR_ABSENT,
    ),
    Figure(
        "student_absent", N_("Student absent"),
        N_("Sessions with the settled outcome that the student did not come."),
        Unit.SESSIONS, Behind.STUDENT_ABSENT,
    ),
    Figure(
        "nobody_came", N_("Nobody came"),
        N_("Sessions with the settled outcome that neither side came."),
        Unit.SESSIONS, Behind.NOBODY_CAME,
    ),
    Figure(
        "technical_trouble", N_("Technical trouble"),
        N_("Sessions with the settled outcome that they failed for technical reasons."),
        Unit.SESSIONS, Behind.TECHNICAL_TROUBLE,
    ),
    Figure(
        "claimed", N_("Claimed by one side"),
        N_("Sessions past their end whose outcome one side has stated and the other may dispute."),
        Unit.SESSIONS, Behind.CLAIMED,
    ),
    Figure(
        "disputed", N_("Disputed"),
        N_("Sessions past their end about whose outcome the two sides disagree."),
        Unit.SESSIONS, Behind.DISPUTED,
    ),
    Figure(
        "open", N_("Outcome unknown"),
        N_("Sessions past their end whose outcome nobody has stated."),
        Unit.SESSIONS, Behind.OPEN,
    ),
    Figure(
        "completion_rate", N_("Completion rate"),
        N_(
            "Sessions that took place, as a share of the booked ones without those that were "
            "cancelled or are still to come."
        ),
        Unit.SHARE, Behind.EXPECTED,
    ),
    Figure(
        "on_time", N_("Began on time"),
        N_("Sessions that began no later than 5 minutes after their start time."),
        Unit.SESSIONS, Behind.ON_TIME,
    ),
    Figure(
        "punctuality_rate", N_("Punctuality"),
        N_("Sessions that began on time, as a share of those whose beginning was recorded."),
        Unit.SHARE, Behind.BEGUN,
    ),
    Figure(
        "median_delay_minutes", N_("Median delay"),
        N_(
            "The median of how many minutes after their start time sessions with a recorded "
            "beginning began; an early beginning counts as 0."
        ),
        Unit.MINUTES, Behind.BEGUN,
    ),
    Figure(
        "minutes_booked", N_("Time booked"),
        N_("The planned lengths of all booked sessions, added up."),
        Unit.MINUTES, Behind.BOOKED,
    ),
    Figure(
        "minutes_delivered", N_("Time delivered"),
        N_(
            "From the recorded beginning to the completion of each session that took place, added "
            "up; sessions without a recorded beginning are left out."
        ),
        Unit.MINUTES, Behind.DELIVERED,
    ),
    Figure(
        "minutes_owed", N_("Time owed"),
        N_(
            "Booked less delivered minutes of the sessions that began late, added up; sessions "
            "without recorded times are left out."
        ),
        Unit.MINUTES, Behind.OWED,
    ),
    Figure(
        "minutes_offered", N_("Time offered"),
        N_("The lengths of all times that the mentors offered and did not withdraw, added up."),
        Unit.MINUTES, Behind.IN_OFFERED_TIME,
    ),
    Figure(
        "utilisation_rate", N_("Utilisation"),
        N_(
            "Delivered minutes as a share of the offered ones. Groups and sessions agreed "
            "elsewhere can make it more than 100 percent."
        ),
        Unit.SHARE, Behind.DELIVERED,
    ),
    Figure(
        "ratings", N_("Ratings"),
        N_("Sessions that their student has rated."),
        Unit.RATINGS, Behind.RATED,
    ),
    Figure(
        "average_rating", N_("Average rating"),
        N_("The mean of the students' ratings, from 1 to 5."),
        Unit.STARS, Behind.RATED,
    ),
)  # fmt: skip
"""In the order in which reports show them."""

FIGURE_OF: Mapping[str, Figure] = MappingProxyType({figure.name: figure for figure in FIGURES})
