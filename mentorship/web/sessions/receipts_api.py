"""Sessions for programs to read: one with its receipt, and those that match a search."""

import re
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, Response, jsonify, request

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.domain.shared.calendar_weeks import day_start
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.search_text import LONGEST_WORD, fold
from mentorship.extensions import db
from mentorship.queries.sessions.receipts.history import receipt_of
from mentorship.queries.sessions.receipts.records import require_session
from mentorship.queries.sessions.receipts.search import SessionFilter, find_sessions
from mentorship.schemas.base import LARGEST_ID
from mentorship.schemas.receipts import (
    LAST_PAGE,
    LONGEST_SEARCH,
    ReceiptAnswer,
    SessionsAnswer,
    SessionsFields,
    receipt_answer,
    sessions_answer,
)
from mentorship.services.shared.text_fields import clean_text
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.openapi import Access, described
from mentorship.web.sessions.sweep_first import sweep

bp = Blueprint("receipts_api", __name__, url_prefix="/api/sessions")

_MOST_WORDS = 6
_YEARS = range(1970, 3000)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ONE_DAY = timedelta(days=1)


@bp.get("/<id:session_id>")
@described(ReceiptAnswer, access=Access.SIGNED_IN, refusals=(404,))
def show(session_id: int) -> Response:
    """A session and everything that happened to it.

    Transitions that the clock has made due are applied first.
    """
    viewer, now = required_viewer(), utc_now()
    require_session(db.session(), viewer, session_id)
    sweep(now)
    receipt = receipt_of(
        db.session(), viewer, session_id, now=now, silence=current.settings().outcome_silence
    )
    return jsonify(receipt_answer(receipt, viewer.timezone, translate))


@bp.get("")
@described(SessionsAnswer, access=Access.SIGNED_IN, query=SessionsFields)
def find() -> Response:
    """The caller's own sessions, for an admin all, that fit every argument; 100 on each page.

    Transitions that the clock has made due are applied first.
    """
    viewer, now = required_viewer(), utc_now()
    wanted, page = _wanted(viewer), _number("page", LAST_PAGE) or 1
    sweep(now)
    found = find_sessions(
        db.session(),
        viewer,
        wanted,
        page=page,
        now=now,
        silence=current.settings().outcome_silence,
    )
    return jsonify(sessions_answer(found))


def _wanted(viewer: Viewer) -> SessionFilter:
    """The filter in the address. Raises InvalidInput. Empty arguments count as missing."""
    since, until = _boundary("from", viewer), _boundary("to", viewer, is_end=True)
    if since is not None and until is not None and since > until:
        raise InvalidInput(N_("The field 'to' must not be before 'from'."))
    outcome = request.args.get("outcome", "")
    states, words = OutcomeState.__members__, OutcomeWord.__members__
    _refuse_unless_one_of("outcome", [*states, *words])
    _refuse_unless_one_of("status", [*Status.__members__])
    return SessionFilter(
        since=since,
        until=until,
        status=Status.__members__.get(request.args.get("status", "")),
        state=states.get(outcome),
        value=words.get(outcome),
        mentor_id=_number("mentorId", LARGEST_ID),
        student_id=_number("studentId", LARGEST_ID),
        words=_words(),
    )


def _boundary(name: str, viewer: Viewer, *, is_end: bool = False) -> datetime | None:
    """An instant (UTC): as given, or the first one of a day, or of the next day with `is_end`."""
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            instant = day_start(day + _ONE_DAY if is_end else day, viewer.timezone)
        else:
            instant = datetime.fromisoformat(
                text.replace(" ", "+")
            )  # In an address, + stands for a space.
            if instant.tzinfo is None:
                raise ValueError(text)
            instant = instant.astimezone(UTC)
        if instant.year not in _YEARS:
            raise ValueError(text)
    except (ValueError, OverflowError):
        message = N_(
            "The field '%(name)s' must be a day like 2026-11-24, or a time with an offset like "
            "2026-11-24T09:00:00Z.",
            name=name,
        )
        raise InvalidInput(message) from None
    return instant


def _refuse_unless_one_of(name: str, words: list[str]) -> None:
    if request.args.get(name, "") not in ("", *words):
        message = N_(
            "The field '%(name)s' must be one of these words: %(words)s.",
            name=name,
            words=", ".join(words),
        )
        raise InvalidInput(message)


def _number(name: str, largest: int) -> int | None:
    """A whole number from 1 to `largest`, in plain digits."""
    text = request.args.get(name, "")
    if not text:
        return None
    is_plain = text.isascii() and text.isdecimal() and len(text) <= len(str(largest))
    if not is_plain or not 1 <= int(text) <= largest:
        message = N_(
            "The field '%(name)s' must be a whole number from 1 to %(largest)s.",
            name=name,
            largest=largest,
        )
        raise InvalidInput(message)
    return int(text)


def _words() -> tuple[str, ...]:
    """The folded words of the search, limited in number and length."""
    what = N_("The field '%(name)s'", name="q")
    text = clean_text(request.args.get("q", ""), what=what, longest=LONGEST_SEARCH, required=False)
    return tuple(sorted({word[:LONGEST_WORD] for word in fold(text).split()})[:_MOST_WORDS])
