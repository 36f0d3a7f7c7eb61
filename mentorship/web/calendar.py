"""The dashboard as a calendar: a week or a day on the viewer's own wall."""

from datetime import date, datetime, timedelta

from flask import Blueprint, render_template

from mentorship.clock import utc_now
from mentorship.domain.people import Viewer
from mentorship.domain.weeks import Week, day_hours, day_start, local_day
from mentorship.extensions import db
from mentorship.queries.agenda import Agenda, Entry, agenda
from mentorship.web.fields import day_of_calendar
from mentorship.web.freshness import fresh_pulse

bp = Blueprint("calendar", __name__, url_prefix="/dashboard")


@bp.get("/week")
def week() -> str:
    """The week that has the asked day, else this week."""
    now = utc_now()
    viewer = fresh_pulse(now).viewer
    zone = viewer.timezone
    asked = Week.of(day_of_calendar("day", viewer, now), zone)
    found = _agenda(viewer, asked.start, asked.end)
    days: dict[date, list[Entry]] = {day: [] for day in asked.days}
    for entry in found.entries:
        days[local_day(max(entry.start_time, asked.start), zone)].append(entry)
    return render_template(
        "calendar_week.html",
        viewer=viewer,
        now=now,
        today=local_day(now, zone),
        week=asked,
        days=days,
        is_cut=found.is_cut,
    )


@bp.get("/day")
def day() -> str:
    """The asked day, else today: hour by hour from its first session to its last."""
    now = utc_now()
    viewer = fresh_pulse(now).viewer
    zone = viewer.timezone
    asked = day_of_calendar("day", viewer, now)
    found = _agenda(viewer, day_start(asked, zone), day_start(asked + timedelta(days=1), zone))
    return render_template(
        "calendar_day.html",
        viewer=viewer,
        now=now,
        today=local_day(now, zone),
        day=asked,
        one=timedelta(days=1),
        hours=_hours(day_hours(asked, zone), found.entries),
        is_cut=found.is_cut,
    )


def _agenda(viewer: Viewer, since: datetime, until: datetime) -> Agenda:
    return agenda(db.session(), viewer, since=since, until=until)


def _hours(
    hours: tuple[datetime, ...], entries: tuple[Entry, ...]
) -> list[tuple[datetime, list[Entry]]]:
    """Each hour from the first in which a session is to the last, and what begins in it.

    What began the day before stands in the first.
    """
    if not entries:
        return []
    first, last = entries[0].start_time, max(entry.end_time for entry in entries)
    ends = (*hours[1:], hours[-1] + timedelta(hours=1))
    return [
        (start, [entry for entry in entries if start <= max(entry.start_time, hours[0]) < end])
        for start, end in zip(hours, ends, strict=True)
        if first < end and start < last
    ]
