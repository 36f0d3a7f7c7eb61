"""The dashboard as a calendar: a week or a day in the viewer's time zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template

from mentorship.clock import utc_now
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.shared.calendar_weeks import Week, day_hours, day_start, local_day
from mentorship.extensions import db
from mentorship.queries.sessions.poll_state import PollState
from mentorship.queries.sessions.week_view import Entry, day_view, week_view
from mentorship.web.http.request_body import asked_scope, day_of_calendar, page_number
from mentorship.web.sessions.live import live_state, next_midnight
from mentorship.web.sessions.sweep_first import swept_poll_state

bp = Blueprint("week_view", __name__, url_prefix="/dashboard")


@bp.get("/week")
def week() -> str:
    """The week of the requested day, by default this week."""
    now = utc_now()
    state = swept_poll_state(now, asked_scope())
    return render_template("sessions/week.html", **_week(state, state.cursor, now))


@bp.get("/day")
def day() -> str:
    """The requested day, by default today: each hour from the first session to the last."""
    now = utc_now()
    state = swept_poll_state(now, asked_scope())
    return render_template("sessions/day.html", **_day(state, state.cursor, now))


def week_fragment(state: PollState, cursor: PollCursor, now: datetime) -> str:
    """The requested week at `now` (UTC), for a changed poll."""
    return render_template("sessions/_week.html", **_week(state, cursor, now))


def day_fragment(state: PollState, cursor: PollCursor, now: datetime) -> str:
    """The requested day at `now` (UTC), for a changed poll."""
    return render_template("sessions/_day.html", **_day(state, cursor, now))


def _week(state: PollState, cursor: PollCursor, now: datetime) -> dict[str, Any]:
    viewer, zone = state.viewer, state.viewer.timezone
    asked = Week.of(day_of_calendar("day", viewer, now), zone)
    starts = {day: day_start(day, zone) for day in asked.days}
    until = day_start(asked.next.monday, zone)
    return {
        "viewer": viewer,
        "scope": state.scope,
        "now": now,
        "today": local_day(now, zone),
        "week": asked,
        "days": week_view(db.session(), viewer, starts, until, scope=state.scope),
        "live": live_state(
            state, cursor, now, view="week", stays_until=next_midnight(now, zone), day=asked.monday
        ),
    }


def _day(state: PollState, cursor: PollCursor, now: datetime) -> dict[str, Any]:
    viewer, zone = state.viewer, state.viewer.timezone
    asked = day_of_calendar("day", viewer, now)
    since, until = day_start(asked, zone), day_start(asked + timedelta(days=1), zone)
    found = day_view(
        db.session(),
        viewer,
        scope=state.scope,
        since=since,
        until=until,
        page=page_number("page"),
    )
    return {
        "viewer": viewer,
        "scope": state.scope,
        "now": now,
        "today": local_day(now, zone),
        "day": asked,
        "one": timedelta(days=1),
        "agenda": found,
        "hours": _hours(day_hours(asked, zone), until, found.entries, now=now),
        "live": live_state(
            state,
            cursor,
            now,
            view="day",
            stays_until=next_midnight(now, zone),
            day=asked,
            page=found.page,
        ),
    }


@dataclass(frozen=True)
class _Hour:
    """An hour of a day: its start (UTC), and the sessions that begin in it before and after now.

    `minute` is how many minutes have passed if now lies in this hour, else None; only then can
    `before` have entries.
    """

    start: datetime
    before: tuple[Entry, ...]
    after: tuple[Entry, ...]
    minute: int | None


def _hours(
    starts: tuple[datetime, ...], until: datetime, entries: tuple[Entry, ...], *, now: datetime
) -> list[_Hour]:
    """The hours from the first to the last with a session or with the present time.

    `starts` are the first instants of the hours, `until` is the end of the last one (UTC): a day on
    which the clocks change has 23 or 25, and the last may be shorter. Sessions that began the day
    before are in the first hour.
    """
    if not entries:
        return []
    first, last = entries[0].start_time, max(entry.end_time for entry in entries)
    if starts[0] <= now < until:
        first, last = min(first, now), max(last, now + timedelta(minutes=1))
    return [
        _hour(
            start, end, [it for it in entries if start <= max(it.start_time, starts[0]) < end], now
        )
        for start, end in zip(starts, (*starts[1:], until), strict=True)
        if first < end and start < last
    ]


def _hour(start: datetime, end: datetime, entries: list[Entry], now: datetime) -> _Hour:
    if not start <= now < end:
        return _Hour(start, (), tuple(entries), None)
    begun = sum(entry.start_time <= now for entry in entries)
    minute = (now - start) // timedelta(minutes=1)
    return _Hour(start, tuple(entries[:begun]), tuple(entries[begun:]), minute)
