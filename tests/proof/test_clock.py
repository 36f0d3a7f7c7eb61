"""Run 8: days of clock changes, a clock that jumps, and two days without a sweep.

Each transition is due at its exact UTC instant, happens once, and is never undone.
"""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import case, update
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import MANUAL_ACTIONS, Action, Status
from mentorship.domain.shared.errors import Conflict
from mentorship.models import Cause, SessionBooking
from mentorship.services.operations.worker import run_worker
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.imports.import_csv import import_sessions
from mentorship.services.sessions.sweep import all_updates, update_session_statuses
from tests.proof.conftest import sizes
from tests.proof.world import a_world
from tests.support.builders import a_user, at
from tests.support.replay import bookings_in, faults, journal_in

TICK = timedelta(microseconds=1)
QUARTER = timedelta(minutes=15)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

SIX_ZONES = (
    "America/New_York",
    "America/Santiago",  # Midnight itself is left out, or comes twice.
    "America/St_Johns",
    "Australia/Lord_Howe",  # By half an hour only.
    "Europe/Berlin",
    "Pacific/Chatham",
)


def changes_of(zone):
    """The instants in 2027 at which this zone changes its clocks."""
    first = datetime(2027, 1, 1, tzinfo=UTC)
    quarters = [first + number * QUARTER for number in range(365 * 96)]
    offsets = [instant.astimezone(zone).utcoffset() for instant in quarters[::96]]
    days = [day for day in range(1, 365) if offsets[day] != offsets[day - 1]]
    return [
        next(
            instant
            for instant in quarters[96 * (day - 1) + 1 :]
            if instant.astimezone(zone).utcoffset() == offsets[day]
        )
        for day in days
    ]


def walls_around(change, zone):
    """Wall times around a change, including skipped and repeated ones."""
    first = change.astimezone(zone).replace(tzinfo=None) - 2 * HOUR
    for number in range(20):
        for fold in (0, 1):
            yield (first + number * QUARTER).replace(fold=fold, tzinfo=zone)


def instant_of(wall):
    """The UTC instant of a wall time, by its offset, in plain arithmetic."""
    return (wall.replace(tzinfo=None) - wall.utcoffset()).replace(fold=0, tzinfo=UTC)


def book_around(session, change, zone):
    """Book sessions at each of these wall times and start every second one; returns how many."""
    slug = f"{zone.key}.{change:%m%d}".lower().replace("/", ".").replace("_", ".")
    mentor = a_user(session, f"mentor.{slug}", Role.MENTOR)
    student = a_user(session, f"student.{slug}", Role.STUDENT)
    walls = {instant_of(wall): wall for wall in walls_around(change, zone)}
    lines = ["mentor_email,student_email,start,end,topic,status"]
    for number, (start, wall) in enumerate(sorted(walls.items())):
        end = (start + QUARTER).astimezone(zone)
        status = ("SCHEDULED", "ONGOING")[number % 2]
        lines.append(
            f"{mentor.email},{student.email},{wall.isoformat()},{end.isoformat()},x,{status}"
        )
    import_sessions(session, "\n".join(lines).encode(), now=max(walls))
    return len(walls)


def early_or_late(session, sweep, zone):
    """Sessions that a sweep changed too early or left too late. The clock shows wall time."""
    found = []
    kept = bookings_in(session.get_bind()).values()
    left = {each.start_time if each.status == "SCHEDULED" else each.end_time for each in kept}
    for edge in sorted(left):
        for instant in (edge - TICK, edge):
            due = sweep(session, instant.astimezone(zone))
            if any(due_at != instant for due_at in due) or (instant == edge and not due):
                found.append(f"{zone}: swept {due} at {instant}")
    return found


def product_sweep(session, now):
    result = update_session_statuses(session, now=now, cause=Cause.WORKER, returning=all_updates)
    return [each.due_at for each in result.updates]


def naive_sweep(session, now):
    """Keeps wall time without knowing which of two equal hours is meant."""
    return product_sweep(session, now.replace(fold=0))


def empty_the_bookings(session):
    for table in (
        "outbox_messages",
        "status_changes",
        "session_bookings",
        "mentor_time_slots",
    ):
        session.connection().exec_driver_sql(f"DELETE FROM {table}")
    session.commit()


def zones_with_a_change(names):
    """The zones that change their clocks in 2027, and when; one for each pattern."""
    seen = set()
    for zone in map(ZoneInfo, sorted(names)):
        for change in changes_of(zone):
            kind = (change, change.astimezone(zone).utcoffset())
            if kind not in seen:
                seen.add(kind)
                yield zone, change


@pytest.mark.parametrize("zones", sizes(short=SIX_ZONES, long=available_timezones()))
def test_on_the_days_of_change_everything_is_due_at_its_exact_instant(session, figure, zones):
    found, sessions, changes = [], 0, list(zones_with_a_change(zones))
    for zone, change in changes:
        sessions += book_around(session, change, zone)
        found += early_or_late(session, product_sweep, zone)
        empty_the_bookings(session)

    assert found == []
    assert len(changes) >= 12
    figure(f"{len(changes)} changes of wall clocks in 2027, {sessions} sessions: 0 early, 0 late")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # The mistake is in the clock.
@pytest.mark.parametrize("name", SIX_ZONES)
def test_the_checker_catches_a_clock_that_takes_both_equal_hours_for_one(session, name):
    zone = ZoneInfo(name)
    back = next(
        change
        for change in changes_of(zone)
        if (change - TICK).astimezone(zone).utcoffset() > change.astimezone(zone).utcoffset()
    )
    book_around(session, back, zone)

    assert early_or_late(session, naive_sweep, zone) != []


RANK = {"SCHEDULED": 0, "ONGOING": 1, "COMPLETED": 2, "CANCELLED": 2}


def jump_about(session, world, sweep, *, steps):
    """Advance the clock by quarter hours, often an hour or a day wrong; returns what went wrong."""
    reader, chance, found = session.get_bind(), random.Random(8), []
    before = bookings_in(reader)
    for step in range(steps):
        now = world.first + step * QUARTER + chance.choice((0 * DAY, HOUR, -HOUR, DAY, -DAY))
        if chance.random() < 0.5:
            number = world.number_at(now + chance.uniform(-1, 1) * HOUR)
            with suppress(Conflict):
                apply_action(
                    session,
                    booking_id=number + 1,
                    action=chance.choice(MANUAL_ACTIONS),
                    viewer=world.admin,
                    now=now,
                )
        sweep(session, now)
        after = bookings_in(reader)
        found += [
            f"undone at {now}: {kept} is {after[kept.id]}"
            for kept in before.values()
            if RANK[after[kept.id].status] < RANK[kept.status]
        ]
        found += [f"left at {now}: {kept}" for kept in after.values() if is_overdue(kept, now)]
        before = after
    return found


def is_overdue(kept, now):
    return (kept.status == "SCHEDULED" and kept.start_time <= now) or (
        kept.status == "ONGOING" and not kept.is_delayed and kept.end_time <= now
    )


@pytest.mark.parametrize("steps", sizes(short=120, long=5000))
def test_a_clock_that_jumps_both_ways_repeats_nothing_and_undoes_nothing(
    session, database_url, figure, steps
):
    world = a_world(database_url, sessions=120, first=at("10:00"), apart=steps * QUARTER / 120)
    reader = session.get_bind()
    before = bookings_in(reader)

    found = jump_about(session, world, product_sweep, steps=steps)

    journal = journal_in(reader)
    assert found == []
    assert faults(before, journal, bookings_in(reader)) == []
    assert len(journal) > 120
    figure(f"{steps} steps and jumps of the clock, {len(journal)} transitions: 0 undone, 0 left")


def status_by_the_clock(session, now):
    """A naive sweep: the status follows the clock in both directions."""
    has_begun = SessionBooking.start_time <= now
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.status.in_((Status.SCHEDULED, Status.ONGOING)))
        .where(SessionBooking.started_at.is_(None))
        .values(
            status=case((has_begun, Status.ONGOING), else_=Status.SCHEDULED),
            is_delayed=has_begun,
        )
    )
    session.commit()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # It is naive on both alike.
def test_the_checker_catches_a_status_that_follows_the_clock_back(session, database_url):
    world = a_world(database_url, sessions=20, first=at("10:00"), apart=HOUR)

    found = jump_about(session, world, status_by_the_clock, steps=60)

    assert any(line.startswith("undone") for line in found)


def worker_with_an_outage(session):
    """A worker is up to date at 09:00, stands still for two days, and then makes two rounds."""
    nows = iter((at("09:00"), at("09:00"), at("09:00", days=2), at("09:00", days=2)))
    now = next(nows)

    def wait(_pause):
        nonlocal now
        now = next(nows, None)
        return now is None

    run_worker(lambda: Session(session.get_bind()), clock=lambda: now, wait=wait)


def worker_that_looks_from_its_start_on(session):
    """A naive worker: after the outage it only finds what becomes due from then on."""
    after = at("09:00", days=2)
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.start_time >= after)
        .where(SessionBooking.start_time <= after)
        .values(status=Status.ONGOING, is_delayed=True)
    )
    session.commit()


def two_days_without_a_sweep(session, url, sessions, worker):
    """The faults after an outage of two days in which this many sessions began."""
    reader, back = session.get_bind(), at("09:00", days=2)
    world = a_world(url, sessions=sessions, first=at("09:01"), apart=2 * DAY / (sessions + 1))
    for number in range(0, sessions, 4):  # Somebody was early and started every fourth.
        apply_action(
            session, booking_id=number + 1, action=Action.START, viewer=world.admin, now=at("08:59")
        )
    started, journal = bookings_in(reader), len(journal_in(reader))
    worker(session)
    after, changes = bookings_in(reader), journal_in(reader)[journal:]
    found = [f"left: {kept}" for kept in after.values() if is_overdue(kept, back)]
    found += [f"applied at {each.applied_at}" for each in changes if each.applied_at != back]
    return found + faults(started, changes, after), changes


@pytest.mark.parametrize("sessions", sizes(short=300, long=20_000))
def test_after_two_days_without_a_sweep_everything_is_due_as_of_its_own_instant(
    session, database_url, figure, sessions
):
    found, changes = two_days_without_a_sweep(
        session, database_url, sessions, worker_with_an_outage
    )

    assert found == []
    assert len({each.due_at for each in changes}) > sessions / 2
    figure(f"{len(changes)} transitions after two days without a sweep, in one: 0 left, 0 wrong")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_checker_catches_a_worker_that_forgets_what_fell_due_while_it_was_away(
    session, database_url
):
    found, _changes = two_days_without_a_sweep(
        session, database_url, 40, worker_that_looks_from_its_start_on
    )

    assert any(line.startswith("left") for line in found)
