"""Booking a time: the page and its JSON route."""

import re
from datetime import date, datetime

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    render_template,
    request,
)
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.calendar_weeks import Week
from mentorship.domain.shared.errors import InvalidInput, TooManyBookings
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.queries.booking.slot_page import SlotPage, open_session_in, slot_page
from mentorship.schemas.booking import (
    IDEMPOTENCY_KEY,
    BookingAnswer,
    BookingFields,
    BookingForm,
)
from mentorship.services.booking.book import BookingRequest, NotFree, book_slot, refuse_at_limit
from mentorship.web.http.authentication import required_student, required_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import body

bp = Blueprint("booking", __name__)


@bp.post("/api/bookings")
@described(
    BookingAnswer,
    access=Access.SIGNED_IN,
    body=BookingFields,
    refusals=(403, 404, 409),
    has_key=True,
)
def create() -> Response:
    """A student books a time; if several ask for the last seat at once, one of them gets it.

    A student with an open session in the slot keeps it: `changed` is then false.
    """
    viewer, now = required_viewer(), utc_now()
    fields = body(BookingFields)
    key = _idempotency_key()
    wish = BookingRequest(fields.slot_id, fields.topic, fields.notes)
    booked = book_slot(db.session(), viewer=viewer, request=wish, now=now, key=key)
    return jsonify(BookingAnswer.from_record(booked, translate).json_ready())


@bp.get("/slots/<id:slot_id>/book")
def new(slot_id: int) -> AnyResponse | str:
    """The booking form; for a time that is no longer free, the next free times.

    Students who already have a session in the slot are redirected to it. Students at a booking
    limit learn that before they type anything.
    """
    viewer, now = required_student(), utc_now()
    own = open_session_in(db.session(), slot_id, student_id=viewer.id)
    if own is not None:
        return redirect(f"/sessions/{own.id}", 303)
    offer, error = slot_page(db.session(), slot_id, student_id=viewer.id, now=now), ""
    try:
        refuse_at_limit(db.session(), viewer.id, offer.mentor_id, offer.mentor, now=now)
    except TooManyBookings as refused:
        error = translate(refused)
    return _form(offer, viewer, now=now, error=error)


@bp.post("/slots/<id:slot_id>/book")
def create_from_form(slot_id: int) -> AnyResponse:
    """Book the slot and show the session; a refusal keeps the typed text.

    A form that was opened before the cut-off and sent after it comes back with the warning.
    """
    viewer, now = required_student(), utc_now()
    typed = request.form.to_dict()
    error, status = "", 409
    try:
        fields = body(BookingForm)
        if fields.confirmed or not _has_unseen_warning(slot_id, viewer, now=now):
            wish = BookingRequest(slot_id, fields.topic, fields.notes)
            booked = book_slot(db.session(), viewer=viewer, request=wish, now=now)
            flash(translate(booked.message))
            return redirect(f"/sessions/{booked.session_id}", 303)
    except InvalidInput as refused:
        error, status = translate(refused), 400
    except (NotFree, TooManyBookings) as refused:
        error = translate(refused)
    offer = slot_page(db.session(), slot_id, student_id=viewer.id, now=now)
    return make_response(_form(offer, viewer, now=now, typed=typed, error=error), status)


def _has_unseen_warning(slot_id: int, viewer: Viewer, *, now: datetime) -> bool:
    """Whether the time is free and final, and the form did not say so."""
    offer = slot_page(db.session(), slot_id, student_id=viewer.id, now=now)
    return offer.obstacle is None and _warning(offer, now) is not None


def _week_of_next_free(offer: SlotPage, viewer: Viewer) -> date | None:
    """The Monday, in the viewer's zone, of the week in which the next free time is."""
    if not offer.next_free:
        return None
    return Week.at(offer.next_free[0].start_time, viewer.timezone).monday


def _warning(offer: SlotPage, now: datetime) -> str | None:
    return current.settings().cutoff.warning(offer.start_time, now)


def _form(
    offer: SlotPage,
    viewer: Viewer,
    *,
    now: datetime,
    typed: dict[str, str] | None = None,
    error: str = "",
) -> str:
    return render_template(
        "booking/book.html",
        viewer=viewer,
        offer=offer,
        typed=typed or {},
        error=error or translate(offer.obstacle or ""),
        warning=translate(_warning(offer, now) or ""),
        next_week=_week_of_next_free(offer, viewer),
        hold_minutes=current.settings().hold_minutes,
    )


def _idempotency_key() -> str | None:
    """The header, if it was sent. Raises InvalidInput for anything but visible ASCII."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(IDEMPOTENCY_KEY, key):
        raise InvalidInput(N_("The Idempotency-Key must be 1 to 200 visible ASCII characters."))
    return key
