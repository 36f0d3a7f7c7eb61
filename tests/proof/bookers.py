"""The processes of the booking races; each of their threads is a person who presses buttons."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from sqlalchemy import create_engine, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.booking.limits import BookingLimits
from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.shared.errors import Conflict, NotFound, TooManyBookings
from mentorship.models import MentorTimeSlot, SessionBooking
from mentorship.queries.booking.open_bookings import LIMITS_OPTION
from mentorship.services.booking import book as booking_service
from mentorship.services.booking.book import BookingRequest, NotFree
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.move import move_session
from tests.support import naive

BOOK = {"product": booking_service.book_slot, "naive": naive.book}
THREADS = 6
ANY_NUMBER = BookingLimits(total=1_000_000, per_mentor=1_000_000)
"""For races about seats alone."""

Ask = tuple[Viewer, int]


def press_book(
    url: str, style: str, asks: Sequence[Ask], now: datetime, limits: BookingLimits = ANY_NUMBER
) -> Counter[str]:
    """Let everybody book a slot at once; returns how often each outcome came."""
    options = {LIMITS_OPTION: limits}
    engine = create_engine(url, pool_size=THREADS, execution_options=options)

    def book(ask: Ask) -> str:
        viewer, slot_id = ask
        with Session(engine, expire_on_commit=False) as session:
            wish = BookingRequest(slot_id, "x", "")
            act = partial(BOOK[style], session, viewer=viewer, request=wish, now=now)
            return _outcome(act, "booked")

    with ThreadPoolExecutor(THREADS) as pool:
        tally = Counter(pool.map(book, asks))
    engine.dispose()
    return tally


def press_all(
    url: str, people: Sequence[Viewer], admin: Viewer, seed: int, operations: int, now: datetime
) -> Counter[str]:
    """Book, move, cancel, withdraw and offer again, at random, all on the same few slots."""
    chance = random.Random(seed)
    engine = create_engine(url, execution_options={LIMITS_OPTION: ANY_NUMBER})
    tally: Counter[str] = Counter()
    for _ in range(operations):
        with Session(engine, expire_on_commit=False) as session:
            slots = session.scalars(select(MentorTimeSlot.id)).all()
            bookings = session.scalars(select(SessionBooking.id)).all() or [4711]
            session.rollback()
            student, booking_id, slot_id = map(chance.choice, (people, bookings, slots))
            acts = _acts(session, student, booking_id, slot_id, admin, now=now)
            what = chance.choice(["booked"] * 5 + ["moved"] * 3 + list(acts))
            tally[_outcome(acts[what], what)] += 1
    engine.dispose()
    return tally


def _acts(
    session: Session,
    student: Viewer,
    booking_id: int,
    slot_id: int,
    admin: Viewer,
    *,
    now: datetime,
) -> dict[str, Callable[[], object]]:
    """The possible actions, by the name of their success."""
    wish = BookingRequest(slot_id, "x", "")
    booking = {"viewer": student, "request": wish, "now": now}
    on_booking = {"booking_id": booking_id, "viewer": admin, "now": now}
    return {
        "booked": partial(BOOK["product"], session, **booking),
        "moved": partial(
            move_session, session, slot_id=slot_id, reason=None, cutoff=NO_CUTOFF, **on_booking
        ),
        "cancelled": partial(apply_action, session, action=Action.CANCEL, **on_booking),
        "withdrawn": partial(_withdraw, session, slot_id, is_withdrawn=True),
        "offered": partial(_withdraw, session, slot_id, is_withdrawn=False),
    }


def _withdraw(session: Session, slot_id: int, *, is_withdrawn: bool) -> None:
    """Withdraw without any of the product's locks, so that only the database protects the rules."""
    begin_write(session)
    slot = update(MentorTimeSlot).where(MentorTimeSlot.id == slot_id)
    try:
        session.execute(slot.values(is_withdrawn=is_withdrawn))
        session.commit()
    except IntegrityError as error:
        raise Refused from error


class Refused(Exception):
    """The database refused to break its rules."""


def _outcome(act: Callable[[], object], done: str) -> str:
    try:
        act()
    except (NotFree, NotFound, Conflict, TooManyBookings, Refused):
        return "refused"
    except SQLAlchemyError as error:
        return f"error: {str(error).splitlines()[0]}"
    return done
