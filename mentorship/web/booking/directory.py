"""Finding a mentor and a free time: pages and JSON."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, jsonify, render_template, request

from mentorship import current
from mentorship.adapters.markdown import html_of
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.punctuality import Punctuality
from mentorship.domain.shared.calendar_weeks import Week
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.search_text import folded_words
from mentorship.extensions import db
from mentorship.queries.booking.directory import (
    Directory,
    find_mentors,
    mentor_page,
    popular_topics,
)
from mentorship.queries.booking.free_slots import free_slots, limits_of
from mentorship.queries.booking.free_week import free_week
from mentorship.queries.sessions.punctuality import punctuality_of_mentors
from mentorship.schemas.directory import (
    LONGEST_SEARCH,
    FreeTimesAnswer,
    MentorsAnswer,
    SearchFields,
    SpanFields,
    free_times_answer,
    mentors_answer,
)
from mentorship.services.shared.text_fields import clean_text
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import day_of_calendar, page_number

bp = Blueprint("directory", __name__)

_MOST_WORDS = 6
_SPAN = timedelta(days=7)
_LONGEST_SPAN = timedelta(days=62)


@bp.get("/mentors")
def show() -> str:
    """The mentors that match a search and a topic, by name, with their next free times."""
    viewer, now = required_viewer(), utc_now()
    search, topic, page = _asked("q"), _asked("topic"), page_number("page")
    topics, more_topics = popular_topics(db.session())
    found = _found(search, topic, page, _student_id(viewer), now)
    return render_template(
        "booking/directory.html",
        viewer=viewer,
        now=now,
        search=search,
        topic=topic,
        topics=topics,
        more_topics=more_topics,
        found=found,
        punctuality=_punctuality(found, now),
    )


@bp.get("/api/mentors")
@described(MentorsAnswer, access=Access.SIGNED_IN, query=SearchFields)
def find() -> Response:
    """The mentors that match a search and a topic, by name, with their next free times."""
    viewer, now = required_viewer(), utc_now()
    found = _found(_asked("q"), _asked("topic"), page_number("page"), _student_id(viewer), now)
    return jsonify(mentors_answer(found, _punctuality(found, now), current.settings().cutoff))


@bp.get("/mentors/<id:mentor_id>")
def week(mentor_id: int) -> str:
    """A mentor, and one week of free times in the viewer's zone."""
    viewer, now = required_viewer(), utc_now()
    session = db.session()
    mentor = mentor_page(session, mentor_id)
    if mentor is None:
        raise NotFound(N_("There is no such mentor."))
    asked = Week.of(day_of_calendar("week", viewer, now), viewer.timezone)
    # Mentors see their own times as students do.
    student_id = None if mentor_id == viewer.id else _student_id(viewer)
    free = free_week(session, mentor.limits, asked, student_id=student_id, now=now)
    return render_template(
        "booking/mentor.html",
        viewer=viewer,
        now=now,
        mentor=mentor,
        about=html_of(mentor.bio),
        punctuality=punctuality_of_mentors(session, [mentor_id], now=now).get(mentor_id),
        hold_minutes=current.settings().hold_minutes,
        free=free,
    )


@bp.get("/api/mentors/<id:mentor_id>/slots")
@described(FreeTimesAnswer, access=Access.SIGNED_IN, query=SpanFields, refusals=(404,))
def slots(mentor_id: int) -> Response:
    """The times of a mentor that the caller can book now, within a span of at most 62 days."""
    viewer, now = required_viewer(), utc_now()
    if limits_of(db.session(), mentor_id) is None:
        raise NotFound(N_("There is no such mentor."))
    since = _instant("from", now)
    until = _instant("to", since + _SPAN)
    if not since < until <= since + _LONGEST_SPAN:
        raise InvalidInput(N_("The field 'to' must be within 62 days after 'from'."))
    found = free_slots(
        db.session(),
        mentor_id=mentor_id,
        student_id=_student_id(viewer),
        since=since,
        until=until,
        now=now,
    )
    return jsonify(free_times_answer(mentor_id, found, current.settings().cutoff))


def _found(search: str, topic: str, page: int, student_id: int | None, now: datetime) -> Directory:
    asked = sorted(folded_words(search))[:_MOST_WORDS]
    return find_mentors(
        db.session(), words=asked, topic=topic, page=page, student_id=student_id, now=now
    )


def _punctuality(found: Directory, now: datetime) -> dict[int, Punctuality]:
    return punctuality_of_mentors(db.session(), [card.id for card in found.cards], now=now)


def _student_id(viewer: Viewer) -> int | None:
    """The student whose own sessions make times unavailable; None for anybody else."""
    return viewer.id if viewer.is_student else None


def _asked(name: str) -> str:
    text = request.args.get(name, "")
    return clean_text(
        text, what=N_("The field '%(name)s'", name=name), longest=LONGEST_SEARCH, required=False
    )


def _instant(name: str, unsaid: datetime) -> datetime:
    text = request.args.get(name)
    if text is None:
        return unsaid
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
        if instant.tzinfo is None:
            raise ValueError
        instant = instant.astimezone(UTC)
        if not 1970 <= instant.year < 3000:
            raise ValueError
    except (ValueError, OverflowError):
        message = N_(
            "The field '%(name)s' must be a time with an offset, like 2026-11-24T09:00:00Z.",
            name=name,
        )
        raise InvalidInput(message) from None
    return instant
