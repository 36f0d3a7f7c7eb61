"""Pages about mail: each person's choices, one click to stop mail, and the outbox for admins."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.mail import CHOICES, MailKind
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.intervals import has_elapsed
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.queries.mail.outbox import mail_preferences, outbox_status
from mentorship.queries.shared.installation import identity_of
from mentorship.services.mail.preferences import set_preferences
from mentorship.services.mail.send import retry_mail
from mentorship.services.mail.unsubscribe import unsubscribe_token_owner
from mentorship.web.http.authentication import required_admin, required_viewer
from mentorship.web.http.request_body import page_number

bp = Blueprint("mail", __name__)

WORKER_SILENCE = timedelta(minutes=2)
"""A worker is seen every few seconds, or after half a minute if a mail server did not answer."""


@bp.get("/account/mail")
def preferences() -> str:
    """What mail the viewer gets."""
    viewer = required_viewer()
    return render_template(
        "mail/preferences.html",
        viewer=viewer,
        labels=CHOICES,
        choices=mail_preferences(db.session(), viewer.id),
    )


@bp.post("/account/mail")
def update_preferences() -> Response:
    """Store the choices; browsers do not send boxes that are not ticked."""
    viewer = required_viewer()
    asked = set(request.form)
    if asked - set(CHOICES):
        raise InvalidInput(N_("There is no such kind of mail."))
    set_preferences(
        db.session(), user_id=viewer.id, wants={kind: kind in asked for kind in CHOICES}
    )
    flash(_("Your choices are saved."))
    return redirect(url_for("mail.preferences"), code=303)


@bp.get("/unsubscribe/<stop_token>")
def unsubscribe(stop_token: str) -> str:
    """Ask before stopping anything, because programs that scan mail follow its links."""
    user_id, kind = _owner_of(stop_token)
    return _about_kind(user_id, kind)


@bp.post("/unsubscribe/<stop_token>")
def unsubscribe_now(stop_token: str) -> str:
    """Stop this kind of mail, or turn it on again.

    The reader's mail program also calls this to stop mail (RFC 8058).
    """
    user_id, kind = _owner_of(stop_token)
    set_preferences(db.session(), user_id=user_id, wants={kind: request.form.get("mail") == "on"})
    return _about_kind(user_id, kind)


def _owner_of(stop_token: str) -> tuple[int, MailKind]:
    identity = identity_of(db.session())
    return unsubscribe_token_owner(stop_token, secret_key=current.secret_key(), identity=identity)


def _about_kind(user_id: int, kind: MailKind) -> str:
    is_on = mail_preferences(db.session(), user_id)[kind]
    return render_template(
        "mail/unsubscribe.html",
        label=CHOICES[kind],
        is_on=is_on,
        is_changed=request.method == "POST",
    )


@bp.get("/mail")
def outbox() -> str:
    """The state of the outbox, with the mail that could not be sent."""
    viewer = required_admin()
    status = outbox_status(db.session(), page=page_number("page"))
    return render_template(
        "mail/outbox.html",
        viewer=viewer,
        transport=current.mail_transport(),
        status=status,
        is_worker_seen=not has_elapsed(status.worker_seen_at, every=WORKER_SILENCE, now=utc_now()),
    )


@bp.post("/mail/<id:mail_id>/again")
def retry(mail_id: int) -> Response:
    """Put mail that could not be sent back into the outbox."""
    now = utc_now()
    required_admin()
    if not retry_mail(db.session(), mail_id, now=now):
        raise NotFound(N_("There is no such e-mail."))
    flash(_("We will try to send this e-mail again now."))
    return redirect(url_for("mail.outbox"), code=303)
