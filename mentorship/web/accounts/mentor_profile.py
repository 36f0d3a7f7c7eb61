"""The page of a mentor's own profile."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mentorship.adapters.markdown import html_of
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import InvalidInput
from mentorship.extensions import db
from mentorship.queries.accounts.people import is_approval_pending
from mentorship.queries.booking.directory import own_profile
from mentorship.queries.booking.free_slots import limits_of
from mentorship.schemas.directory import ProfileFields
from mentorship.services.booking.mentor_profile import edit_profile
from mentorship.web.http.authentication import required_mentor
from mentorship.web.http.formatting import translate
from mentorship.web.http.request_body import body

bp = Blueprint("mentor_profile", __name__, url_prefix="/profile")


@bp.get("")
def show() -> str:
    """The form, and how students see it."""
    viewer = required_mentor()
    return _page(viewer, own_profile(db.session(), viewer.id))


@bp.post("")
def update() -> Response | tuple[str, int]:
    """Store the profile; a refusal keeps the typed text."""
    viewer = required_mentor()
    try:
        fields = body(ProfileFields)
        edit_profile(db.session(), mentor_id=viewer.id, **fields.model_dump())
    except InvalidInput as error:
        typed = {name: request.form.get(name, "") for name in ("headline", "bio", "topics")}
        typed["meeting_url"] = request.form.get("meetingUrl", "")
        return _page(viewer, typed, error=translate(error)), 400
    flash(_("Your profile is saved."))
    return redirect(url_for("mentor_profile.show"), 303)


def _page(viewer: Viewer, values: Mapping[str, str], *, error: str | None = None) -> str:
    session = db.session()
    return render_template(
        "accounts/mentor_profile.html",
        viewer=viewer,
        values=values,
        about=html_of(values["bio"]),
        has_page=limits_of(session, viewer.id) is not None,
        is_approval_pending=is_approval_pending(session, viewer.id),
        error=error,
    )
