"""A small world of mentors and students, in which all happens that changes what is offered."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mentorship.domain.availability import SlotSettings
from mentorship.domain.cutoff import NO_CUTOFF
from mentorship.domain.errors import ProductError
from mentorship.domain.lifecycle import Action, Status
from mentorship.domain.people import Role, Viewer
from mentorship.domain.weeks import Week
from mentorship.models import Cause, MentorProfile, MentorTimeSlot, SessionBooking, User
from mentorship.services.availability import apply
from mentorship.services.booking import Wish, book
from mentorship.services.changes import ChangeSettings, SaveRule
from mentorship.services.details import change_details
from mentorship.services.holds import expire_holds
from mentorship.services.manual import perform
from mentorship.services.moving import move
from mentorship.services.profiles import edit_profile
from mentorship.services.sweep import nothing, update_session_statuses
from mentorship.services.waiting import join
from tests.support.builders import a_slot, a_user, at
from tests.support.hours import evenings

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland")
NOTICES = (0, 60, 120, 1440)

_number = count(1)


class World:
    """Two mentors, two students and an admin of their own; the clock stands at `now` (UTC).

    Each deed is done with a number that decides among all that could be done.
    """

    def __init__(self, session: Session, move_clock: Callable[[datetime], object]) -> None:
        self.session, self._move_clock = session, move_clock
        self._number = next(_number)
        self.word = f"w{self._number}"
        # The last ones come first in the directory.
        names = (f"{100_000 - self._number} {self.word} {letter}" for letter in "ab")
        self.mentors = [a_user(session, name, Role.MENTOR) for name in names]
        self.students = [
            a_user(session, f"Student {self.word} {letter}", Role.STUDENT) for letter in "ab"
        ]
        self.admin = a_user(session, f"Admin {self.word}", Role.ADMIN)
        self.set_clock(at("08:00"))
        for mentor in self.mentors:
            edit_profile(session, mentor_id=mentor.id, headline="", bio="", topics="")

    @property
    def viewers(self) -> list[Viewer]:
        """Everybody who looks at pages."""
        return [*self.students, self.mentors[0], self.admin]

    def pages_of(self, viewer: Viewer) -> Iterator[str]:
        """What one of them looks at. An admin is shown of mentors what a mentor is shown."""
        yield "/dashboard"
        if viewer == self.admin:
            return
        yield "/mentors"
        yield f"/mentors?q={self.word}"
        yield "/mentors?topic=Tests"
        first = Week.at(self.now, "UTC")
        for mentor in self.mentors:
            yield f"/mentors/{mentor.id}?week={first.monday}"
            yield f"/mentors/{mentor.id}?week={first.next.monday}"

    def set_clock(self, now: datetime) -> None:
        """The server's clock, too."""
        self.now = now
        self._move_clock(now)

    def do(self, deed: str, number: int) -> None:
        """Do it as far as the product lets one."""
        self.session.rollback()
        with suppress(ProductError):
            getattr(self, deed)(number)
        self.session.rollback()
        self.session.expire_all()

    # The deeds.

    def publish_rule(self, n: int) -> None:
        rule = evenings(capacity=1 + n % 2, timezone=_one(ZONES, n), now=self.now)
        apply(self.session, mentor=_one(self.mentors, n), change=SaveRule(rule), now=self.now)

    def publish_slot(self, n: int) -> None:
        starts = (self.now + (1 + n % 200) * HOUR).replace(minute=0, second=0, microsecond=0)
        a_slot(self.session, _one(self.mentors, n), starts=starts, capacity=1 + n % 3,
               is_exclusive=False)  # fmt: skip

    def withdraw_slot(self, n: int) -> None:
        taken = select(SessionBooking.time_slot_id)
        free = self._slots(MentorTimeSlot.id.not_in(taken))
        self._set_slot(n, free, is_withdrawn=True)

    def book_slot(self, n: int) -> None:
        slot = _one(self._slots(), n)
        wish = Wish(slot, "x", "")
        book(self.session, viewer=_one(self.students, n // 3), wish=wish, now=self.now)

    def cancel(self, n: int) -> None:
        self._perform(n, Action.CANCEL)

    def finish_early(self, n: int) -> None:
        self._perform(n, Action.START)
        self._perform(n, Action.COMPLETE)

    def begin(self, n: int) -> None:
        self._perform(n, Action.START)

    def open_room(self, n: int) -> None:
        url = _one(("", "https://meet.example.org/a"), n)
        if n % 3:
            edit_profile(self.session, mentor_id=_one(self.mentors, n // 2).id, headline="", bio="",
                         topics="", meeting_url=url)  # fmt: skip
        else:
            self._set_slot(n // 2, self._slots(), meeting_url=url)

    def move_session(self, n: int) -> None:
        booking = self._booking(n)
        mentor = next(each for each in self.mentors if each.id == booking.mentor_id)
        move(self.session, booking_id=booking.id, slot_id=_one(self._slots(), n // 5),
             viewer=mentor, reason=None, now=self.now, cutoff=NO_CUTOFF)  # fmt: skip

    def hold(self, n: int) -> None:
        student = _one(self.students, n // 2)
        until = self.now + (1 + n % 5) * HOUR
        self._set_slot(n, self._slots(), held_for=student.id, held_until=until)

    def release(self, n: int) -> None:
        held = self._slots(MentorTimeSlot.held_until.is_not(None))
        self._set_slot(n, held, held_for=None, held_until=None)

    def wait(self, n: int) -> None:
        day = (self.now + timedelta(days=n % 14)).date()
        join(self.session, viewer=_one(self.students, n), mentor_id=_one(self.mentors, n // 2).id,
             week=day, now=self.now)  # fmt: skip

    def end_holds(self, _n: int) -> None:
        expire_holds(self.session, now=self.now)

    def change_settings(self, n: int) -> None:
        settings = SlotSettings(
            minimum_notice=_one(NOTICES, n),
            horizon_days=_one((1, 3, 7, 56), n // 4),
            daily_limit=_one((None, 1, 2), n // 16),
        )
        mentor = _one(self.mentors, n // 3)
        apply(self.session, mentor=mentor, change=ChangeSettings(settings), now=self.now)

    def edit_profile(self, n: int) -> None:
        mentor = _one(self.mentors, n)
        edit_profile(self.session, mentor_id=mentor.id, headline=f"Headline {n % 3}",
                     bio=_one(("", "*me*"), n // 2),
                     topics=_one(("", "Tests", "SQL"), n // 4))  # fmt: skip

    def change_person(self, n: int) -> None:
        person = _one([*self.mentors, *self.students], n)
        name = f"{person.name} {n % 2}" if n % 3 else person.name
        change_details(self.session, viewer=person, name=name, timezone=_one(ZONES, n // 4),
                       hour_cycle=_one(("", "h12"), n // 16), language=_one(("", "de"), n // 32),
                       now=self.now)  # fmt: skip

    def approve_or_not(self, n: int) -> None:
        mentor = User.id == _one(self.mentors, n).id
        self.session.execute(update(User).where(mentor).values(is_approval_pending=n % 4 > 2))
        self.session.commit()

    def sweep(self, _n: int) -> None:
        update_session_statuses(self.session, now=self.now, cause=Cause.WORKER, keep=nothing)

    def pass_time(self, n: int) -> None:
        self.set_clock(self.now + timedelta(minutes=7 * (n % 200)))

    def pass_to_an_edge(self, n: int) -> None:
        """To the very instant at which something may change, or right before or after it."""
        notice = timedelta(minutes=_one(NOTICES, n))
        edges: list[datetime] = []
        for slot in self.session.scalars(select(MentorTimeSlot)):
            profile = self.session.get_one(MentorProfile, slot.mentor_id)
            horizon = timedelta(days=profile.horizon_days)
            edges += [slot.start_time, slot.start_time - notice, slot.start_time - horizon]
            edges += filter(None, [slot.held_until])
        edges += [Week.at(self.now, zone).end for zone in ZONES]
        near = sorted(edge for edge in edges if self.now < edge < self.now + timedelta(days=4))
        self.set_clock(max(self.now, _one(near, n) + (n % 3 - 1) * TICK))

    # What they choose from.

    def _slots(self, *conditions: Any) -> list[int]:
        mentors = [mentor.id for mentor in self.mentors]
        statement = select(MentorTimeSlot.id).where(
            MentorTimeSlot.mentor_id.in_(mentors), MentorTimeSlot.start_time > self.now, *conditions
        )
        return list(self.session.scalars(statement.order_by(MentorTimeSlot.start_time)))

    def _set_slot(self, n: int, slots: list[int], **columns: object) -> None:
        slot = MentorTimeSlot.id == _one(slots, n)
        self.session.execute(update(MentorTimeSlot).where(slot).values(columns))
        self.session.commit()

    def _booking(self, n: int) -> SessionBooking:
        students = [student.id for student in self.students]
        open_ones = SessionBooking.status.in_((Status.SCHEDULED, Status.ONGOING))
        statement = select(SessionBooking).where(SessionBooking.student_id.in_(students), open_ones)
        return _one(list(self.session.scalars(statement.order_by(SessionBooking.id))), n)

    def _perform(self, n: int, action: Action) -> None:
        booking = self._booking(n).id
        self.session.rollback()
        perform(self.session, booking_id=booking, action=action, viewer=self.admin, now=self.now)


DEEDS = tuple(
    name for name in vars(World)
    if not name.startswith("_") and name not in ("viewers", "pages_of", "set_clock", "do")
)  # fmt: skip


class NothingToDo(ProductError):
    """There is nothing to choose from."""


def _one(things: Any, number: int) -> Any:
    if not things:
        raise NothingToDo("nothing there")
    return things[number % len(things)]
