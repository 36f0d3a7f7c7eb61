"""Finding a mentor and a free time: pages and JSON."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup

from mentorship.adapters.markdown import html_of
from mentorship.clock import utc_now
from mentorship.domain.errors import InvalidInput, NotFound
from mentorship.domain.people import Role, Viewer
from mentorship.domain.sentences import N_
from mentorship.domain.weeks import Week
from mentorship.domain.words import words
from mentorship.extensions import db
from mentorship.queries.directory import Directory, find_mentors, mentor_page, popular_topics
from mentorship.queries.free_times import free_slots, limits_of
from mentorship.queries.free_weeks import free_week
from mentorship.queries.standing import DIRECTORY, next_change
from mentorship.services.accounts import clean_text
from mentorship.web.fields import day_of_calendar, page_number
from mentorship.web.identity import required_viewer
from mentorship.web.kept import Drawn, kept_for, kept_for_all
from mentorship.web.openapi import Access, described
from mentorship.wire.mentors import (
    LONGEST_SEARCH,
    FreeTimesAnswer,
    MentorsAnswer,
    SearchFields,
    SpanFields,
    free_times_answer,
    mentors_answer,
)

bp = Blueprint("mentors", __name__)

_MOST_WORDS = 6
_SPAN = timedelta(days=7)
_LONGEST_SPAN = timedelta(days=62)


class Sheet(NamedTuple):
    """A page without what is around it."""

    title: str
    main: Markup


@bp.get("/mentors")
def show() -> str:
    """The mentors by name, those that a search and a topic leave, with their next free times."""
    viewer, now = required_viewer(), utc_now()
    search, topic, page = _asked("q"), _asked("topic"), page_number("page")

    def draw(student_id: int | None) -> Drawn[Sheet]:
        # First: what is read for a page of one's own may be older than the topics' standing.
        topics = kept_for_all("topics", now, lambda: popular_topics(db.session()))
        found = _found(search, topic, page, student_id, now)
        main = render_template(
            "_directory.html",
            viewer=viewer,
            now=now,
            search=search,
            topic=topic,
            topics=topics,
            found=found,
        )
        return Drawn(
            Sheet(_("Mentors"), Markup(main)),  # noqa: S704  # A template has escaped it.
            subjects=(DIRECTORY, *(limits.mentor_id for limits in found.limits)),
            until=next_change(db.engine, found.limits, now=now),
        )

    sheet = kept_for(viewer, ("directory", search, topic, page), now, draw)
    return render_template("mentors.html", viewer=viewer, **sheet._asdict())


@bp.get("/api/mentors")
@described(MentorsAnswer, access=Access.SIGNED_IN, query=SearchFields)
def find() -> Response:
    """The mentors by name, those that a search and a topic leave, with their next free times."""
    viewer, now = required_viewer(), utc_now()
    found = _found(_asked("q"), _asked("topic"), page_number("page"), _student_id(viewer), now)
    return jsonify(mentors_answer(found))


@bp.get("/mentors/<id:mentor_id>")
def week(mentor_id: int) -> str:
    """A mentor, and a week of free times as the viewer's wall calendar has it."""
    viewer, now = required_viewer(), utc_now()
    asked = Week.of(day_of_calendar("week", viewer, now), viewer.timezone)

    def draw(student_id: int | None) -> Drawn[Sheet]:
        session = db.session()
        mentor = mentor_page(session, mentor_id)
        if mentor is None:
            raise NotFound(N_("There is no such mentor."))
        free = free_week(session, mentor.limits, asked, student_id=student_id, now=now)
        main = render_template(
            "_week.html",
            viewer=viewer,
            now=now,
            mentor=mentor,
            about=html_of(mentor.bio),
            free=free,
        )
        ends = (free.next_change(now=now), next_change(db.engine, [mentor.limits], now=now))
        return Drawn(
            Sheet(mentor.name, Markup(main)),  # noqa: S704  # A template has escaped it.
            subjects=(mentor_id,),
            until=min(filter(None, ends), default=None),
        )

    sheet = kept_for(viewer, ("week", mentor_id, asked.monday), now, draw, about=mentor_id)
    return render_template("mentors.html", viewer=viewer, **sheet._asdict())


@bp.get("/api/mentors/<id:mentor_id>/slots")
@described(FreeTimesAnswer, access=Access.SIGNED_IN, query=SpanFields, refusals=(404,))
def slots(mentor_id: int) -> Response:
    """The times of a mentor, within two months of each other, that the caller can book now."""
    viewer, now = required_viewer(), utc_now()
    if limits_of(db.session(), mentor_id) is None:
        raise NotFound(N_("There is no such mentor."))
    since = _instant("from", now)
    until = _instant("to", since + _SPAN)
    if not since < until <= since + _LONGEST_SPAN:
        raise InvalidInput(N_("The field 'to' must be within 62 days after 'from'."))
    found = free_slots(
        db.session(), mentor_id=mentor_id, student_id=_student_id(viewer), since=since,
        until=until, now=now,
    )  # fmt: skip
    return jsonify(free_times_answer(mentor_id, found))


def _found(search: str, topic: str, page: int, student_id: int | None, now: datetime) -> Directory:
    asked = sorted(words(search))[:_MOST_WORDS]
    return find_mentors(
        db.session(), words=asked, topic=topic, page=page, student_id=student_id, now=now
    )


def _student_id(viewer: Viewer) -> int | None:
    """Whose own sessions stand in the way of a time: nobody's but a student's."""
    return viewer.id if viewer.role is Role.STUDENT else None


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
        sentence = N_(
            "The field '%(name)s' must be a time with an offset, like 2026-11-24T09:00:00Z.",
            name=name,
        )
        raise InvalidInput(sentence) from None
    return instant
