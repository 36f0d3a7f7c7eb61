"""One session: its page with its history, and the page to move it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from mentorship import current
from mentorship.adapters import calendar_links
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.sessions.lateness import LATE_FROM
from mentorship.domain.sessions.lifecycle import OPEN, Party, Status
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.shared.errors import Conflict, InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.queries.booking.free_slots import FreeSlot, free_slots
from mentorship.queries.booking.group_times import scheduled_in, times_for_group
from mentorship.queries.calendars import entry
from mentorship.queries.sessions.detail import SessionPage, session_page
from mentorship.queries.sessions.followup import SessionFollowup, session_followup
from mentorship.queries.sessions.groups import Attendee, attendance
from mentorship.queries.sessions.outcome_view import SessionOutcome, session_outcome
from mentorship.queries.sessions.poll_state import PollState
from mentorship.queries.sessions.receipts.history import receipt_of
from mentorship.queries.sessions.receipts.records import pair_minutes
from mentorship.queries.shared.installation import identity_of
from mentorship.schemas.sessions import MoveAnswer, MoveFields, MoveForm
from mentorship.services.booking.book import NotFree
from mentorship.services.calendars.entries import event_of
from mentorship.services.sessions.move import Moved, move_session
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import body, page_number
from mentorship.web.sessions.live import earliest, live_state
from mentorship.web.sessions.sweep_first import swept_poll_state

bp = Blueprint("session", __name__)

_PAGE = 20


@bp.get("/sessions/<id:session_id>")
def show(session_id: int) -> str:
    """The page of a session, with its actions and its history."""
    return page_of(session_id, required_viewer())


def page_of(
    session_id: int,
    viewer: Viewer,
    *,
    error: str = "",
    typed: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """The page of the session. It sweeps first, so that no status is out of date.

    `error` is the message of a refusal, and `typed` what was entered in each form then.
    """
    now = utc_now()
    state = swept_poll_state(now, Scope.ALL if viewer.is_admin else Scope.OWN)
    return render_template(
        "sessions/detail.html",
        **_shown(session_id, state, state.cursor, now),
        error=error,
        typed=typed or {},
    )


def session_fragment(state: PollState, cursor: PollCursor, now: datetime) -> str:
    """The session of the page at `now` (UTC), for a changed poll.

    Raises NotFound for a stranger, and if the request names no session.
    """
    shown = _shown(asked_session(), state, cursor, now)
    return render_template(
        "sessions/_session.html", **shown, zone=state.viewer.timezone, typed={}, is_poll=True
    )


def asked_session() -> int:
    """The session whose page polls. Raises NotFound if the request names none."""
    text = request.values.get("session", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise NotFound(N_("There is no such session."))
    return int(text)


def _shown(session_id: int, state: PollState, cursor: PollCursor, now: datetime) -> dict[str, Any]:
    """The context of the page. `cursor` is the one that the page sends with its next poll."""
    viewer = state.viewer
    page = session_page(db.session(), viewer, session_id, now=now, cutoff=current.settings().cutoff)
    silence = current.settings().outcome_silence
    receipt = receipt_of(db.session(), viewer, session_id, now=now, silence=silence)
    followup = session_followup(db.session(), page, now=now)
    outcome = session_outcome(db.session(), session_id, page.party, now=now, silence=silence)
    attendees = _attendees(page, now=now, silence=silence)
    return {
        "viewer": viewer,
        "page": page,
        "followup": followup,
        "outcome": outcome,
        "attendees": attendees,
        "receipt": receipt,
        "together": pair_minutes(
            db.session(), receipt.record, page.student_id, now=now, silence=silence
        ),
        "calendars": _calendars(page, viewer),
        "now": now,
        "too_late": _too_late(page, viewer, now),
        "live": live_state(
            state,
            cursor,
            now,
            view="session",
            stays_until=_stays_until(page, followup, (outcome, *attendees), now),
            session=session_id,
        ),
    }


def _stays_until(
    page: SessionPage,
    followup: SessionFollowup,
    answered: Iterable[SessionOutcome | Attendee | None],
    now: datetime,
) -> datetime | None:
    """When (UTC) the page looks different by time alone, if nothing happens before."""
    card = page.card
    moments = [each.outcome.settles_at for each in answered if each]
    if card.status in OPEN:
        can_be_late = card.start_time - LATE_FROM
        ends = (card.fixed_from, card.start_time, card.end_time)
        moments += [can_be_late, followup.room_opens, *ends]
    return earliest(*(each for each in moments if each and each > now))


def _attendees(page: SessionPage, *, now: datetime, silence: timedelta) -> tuple[Attendee, ...]:
    """The students of a group whom the mentor is asked about on the page of one of them."""
    if page.party is not Party.MENTOR:
        return ()
    lists = attendance(db.session(), [page.slot_id], now=now, silence=silence)
    return lists.get(page.slot_id, ())


def _calendars(page: SessionPage, viewer: Viewer) -> dict[str, str]:
    """Links that add an upcoming session to a calendar, by the name of the calendar."""
    if page.party is Party.ADMIN or page.card.status is not Status.SCHEDULED:
        return {}
    session = db.session()
    event = event_of(
        entry(session, page.card.id, viewer),
        viewer,
        identity=identity_of(session),
        base_url=current.settings().base_url,
        names=current.settings().group_names,
    )
    return {
        _("Calendar file"): url_for("calendar_feeds.one_session", session_id=page.card.id),
        "Google Calendar": calendar_links.google(event),
        "Outlook": calendar_links.outlook(event),
    }


@bp.get("/sessions/<id:session_id>/join")
def join(session_id: int) -> AnyResponse:
    """Redirect to the meeting, or before its room opens to the session's page."""
    viewer, now = required_viewer(), utc_now()
    page = session_page(db.session(), viewer, session_id, now=now, cutoff=current.settings().cutoff)
    room = session_followup(db.session(), page, now=now).room
    return redirect(room or f"/sessions/{session_id}", 303)


@bp.get("/sessions/<id:session_id>/move")
def choose(session_id: int) -> str:
    """The form to move a session, with the mentor's free times."""
    viewer, now = required_viewer(), utc_now()
    return _choice(session_id, viewer, now=now, reason=request.args.get("reason", ""))


@bp.post("/sessions/<id:session_id>/move")
def confirm(session_id: int) -> AnyResponse:
    """Move the session and show it; a refusal shows the form again.

    A form that was opened before the cut-off of the new time and sent after it also comes back.
    """
    viewer, now = required_viewer(), utc_now()
    page = session_page(db.session(), viewer, session_id, now=now, cutoff=current.settings().cutoff)
    try:
        fields = body(MoveForm)
        if fields.slot_id in fields.confirmed or not _is_final(
            page, fields.slot_id, viewer, now=now
        ):
            flash(translate(_move(session_id, fields, viewer, now=now).message))
            return redirect(f"/sessions/{session_id}", 303)
        error, status = translate(_NOT_MOVED_YET), 409
    except InvalidInput as refused:
        error, status = translate(refused), 400
    except (Conflict, NotFree) as refused:
        error, status = translate(refused), 409
    reason = request.form.get("reason", "")
    return make_response(_choice(session_id, viewer, now=now, error=error, reason=reason), status)


@bp.post("/api/sessions/<id:session_id>/reschedule")
@described(MoveAnswer, access=Access.SIGNED_IN, body=MoveFields, refusals=(404, 409))
def reschedule(session_id: int) -> Response:
    """Move a session that has not begun to another free time of its mentor.

    It stays the same session; its old time can be booked at once. Students have a cut-off. A mentor
    or an admin moves a group as a whole, unless it is only for this student.
    """
    viewer, now = required_viewer(), utc_now()
    moved = _move(session_id, body(MoveFields), viewer, now=now)
    return jsonify(MoveAnswer.from_record(moved, translate).json_ready())


_NOT_MOVED_YET = N_(
    "The new time begins soon: once the session is moved there, you cannot move or cancel it "
    "yourself any more. Nothing is moved yet. To go ahead, press “Move the session” once more."
)


def _is_final(page: SessionPage, slot_id: int, viewer: Viewer, *, now: datetime) -> bool:
    """Whether the viewer could not move the session again from this free time."""
    if not page.is_movable or _too_late(page, viewer, now):
        return False
    return slot_id in _final(page, _other_times(page, {}, now=now), now=now)


def _group_to_move(page: SessionPage, *, only_this_student: bool) -> Mapping[int, int]:
    """The bookings, with their students, that the viewer moves as one; empty for a single one."""
    if only_this_student or page.party is Party.STUDENT or not page.is_movable:
        return {}
    group = scheduled_in(db.session(), page.slot_id)
    return group if len(group) > 1 else {}


def _other_times(
    page: SessionPage, group: Mapping[int, int], *, now: datetime, limit: int | None = None
) -> list[FreeSlot]:
    """The free times of the mentor, except the present one."""
    if group:
        return times_for_group(
            db.session(),
            group,
            slot_id=page.slot_id,
            mentor_id=page.mentor_id,
            now=now,
            limit=limit,
        )
    slots = free_slots(
        db.session(),
        mentor_id=page.mentor_id,
        student_id=page.student_id,
        since=now,
        now=now,
        limit=None if limit is None else limit + 1,
        moving=page.card.id,
    )
    return [slot for slot in slots if slot.id != page.slot_id][:limit]


def _final(page: SessionPage, slots: Sequence[FreeSlot], *, now: datetime) -> set[int]:
    """The free times from which the viewer could not move the session again."""
    cutoff = current.settings().cutoff
    return {slot.id for slot in slots if cutoff.refuses(page.party, slot.start_time, now)}


def _move(session_id: int, fields: MoveFields, viewer: Viewer, *, now: datetime) -> Moved:
    return move_session(
        db.session(),
        booking_id=session_id,
        slot_id=fields.slot_id,
        viewer=viewer,
        reason=fields.reason or None,
        now=now,
        cutoff=current.settings().cutoff,
        is_for_one=fields.only_this_student,
    )


def _choice(
    session_id: int, viewer: Viewer, *, now: datetime, error: str = "", reason: str = ""
) -> str:
    page = session_page(db.session(), viewer, session_id, now=now, cutoff=current.settings().cutoff)
    number = page_number("page")
    only_this_student = request.values.get("onlyThisStudent") == "true"
    group = _group_to_move(page, only_this_student=only_this_student)
    others = _other_times(page, group, now=now, limit=number * _PAGE + 1)
    shown = others[(number - 1) * _PAGE : number * _PAGE]
    return render_template(
        "sessions/move.html",
        viewer=viewer,
        page=page,
        group=group,
        is_in_group=bool(_group_to_move(page, only_this_student=False)),
        slots=shown,
        chosen=request.form.get("slotId", type=int),
        final=_final(page, shown, now=now),
        number=number,
        is_more=len(others) > number * _PAGE,
        too_late=_too_late(page, viewer, now),
        error=error,
        reason=reason,
    )


def _too_late(page: SessionPage, viewer: Viewer, now: datetime) -> str | None:
    """Why the viewer is too late to change a session that others can still change."""
    cutoff = current.settings().cutoff
    if page.is_movable and cutoff.refuses(page.party, page.card.start_time, now):
        return translate(cutoff.message(page.card.start_time, viewer.timezone))
    return None
