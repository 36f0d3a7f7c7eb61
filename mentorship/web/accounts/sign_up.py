"""Signing up, confirming an address by a link, and asking for a new password."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.shared.errors import AlreadyConfirmed, InvalidInput, LinkExpired
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import places, renamed
from mentorship.extensions import db
from mentorship.services.accounts import sign_up as service
from mentorship.services.accounts.passwords import new_account
from mentorship.services.accounts.signed_links import Purpose, has_confirmed, link_owner
from mentorship.services.shared.text_fields import clean_email
from mentorship.web.http import authentication
from mentorship.web.http.formatting import hour_cycle, translate
from mentorship.web.http.limits import attempts
from mentorship.web.http.limits.known_browsers import remember_browser
from mentorship.web.http.locale import language

bp = Blueprint("sign_up", __name__)

_FIELDS = ("email", "name", "role", "timezone")


@bp.get("/signup")
def new() -> str:
    """The form to sign up."""
    return _form()


@bp.post("/signup")
def create() -> str | tuple[str, int]:
    """Take a sign-up. The answer is the same whether or not the address has an account."""
    now = utc_now()
    given = {field: request.form.get(field, "") for field in (*_FIELDS, "password")}
    try:
        for field, complaint in (
            ("password", N_("The password is missing.")),
            ("timezone", N_("Please choose your time zone.")),
        ):
            if not given[field]:
                raise InvalidInput(complaint)
        email = clean_email(given["email"])
        role = given["role"].upper()
        if role not in (Role.STUDENT, Role.MENTOR):
            raise InvalidInput(N_("Please choose whether you are a student or a mentor."))
        attempts.check_mail(email, "sign-up")
        account = new_account(
            email=email,
            name=given["name"],
            roles={Role(role)},
            password=given["password"],
            timezone=given["timezone"],
            language=language(),
            hour_cycle=hour_cycle(),
            now=now,
        )
        attempts.count_mail(email, "sign-up")
    except InvalidInput as error:
        return _form(error=translate(error)), 400
    service.sign_up(db.session(), account, links=current.links(), now=now)
    return _look_into_mailbox(
        email, _("We have sent you a link to confirm your address. Then you can start.")
    )


@bp.get("/confirm/<confirmation>")
def confirm_form(confirmation: str) -> str:
    """The form behind a link that confirms an address. Opening the link alone changes nothing."""
    return render_template("accounts/confirm.html", person=_person_of(confirmation), error=None)


@bp.post("/confirm/<confirmation>")
def confirm(confirmation: str) -> Response | tuple[str, int]:
    """Confirm the address and sign in, with the password that was chosen at sign-up."""
    person = _person_of(confirmation)
    attempts.count_password(person.email)
    password = request.form.get("password", "")[:200]
    confirmed = service.confirm(db.session(), viewer=person, password=password)
    if confirmed is None:
        attempts.note_failure(person.email)
        message = N_("This is not the password that you chose at sign-up.")
        return render_template(
            "accounts/confirm.html", person=person, error=translate(message)
        ), 401
    attempts.note_success(person.email)
    authentication.sign_in(confirmed)
    remember_browser(person.email)
    flash(_("Welcome! Your address is confirmed."))
    return redirect(url_for("account.show"), code=303)


@bp.get("/forgot")
def forgot() -> str:
    """The form to ask for a new password."""
    return render_template("accounts/forgot.html", error=None, email="")


@bp.post("/forgot")
def send_link() -> str | tuple[str, int]:
    """Send a link, or mail that the address has no account. The answer is the same."""
    try:
        email = clean_email(request.form.get("email", ""))
    except InvalidInput as error:
        given = request.form.get("email", "")
        return render_template("accounts/forgot.html", error=translate(error), email=given), 400
    attempts.count_mail(email, "reset")
    service.forgotten_password(
        db.session(), email=email, language=language(), links=current.links(), now=utc_now()
    )
    return _look_into_mailbox(email, _("We have sent you an e-mail with the next step."))


def _person_of(confirmation: str) -> Viewer:
    session, key = db.session(), current.secret_key()
    try:
        return link_owner(session, confirmation, secret_key=key, purposes=(Purpose.CONFIRMATION,))
    except LinkExpired:
        if has_confirmed(session, confirmation, secret_key=key):
            raise AlreadyConfirmed from None
        raise


def _form(*, error: str | None = None) -> str:
    return render_template(
        "accounts/sign_up.html",
        error=error,
        given={field: request.form.get(field, "") for field in _FIELDS},
        timezones=places(),
        renamed=renamed(),
    )


def _look_into_mailbox(email: str, message: str) -> str:
    return render_template(
        "accounts/check_inbox.html",
        email=email,
        message=message,
        has_mail_server=current.settings().smtp_url is not None,
    )
