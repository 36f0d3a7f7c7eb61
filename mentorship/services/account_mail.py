"""What mail about accounts says. Each ends with what to do about mail that nobody asked for."""

from datetime import datetime, timedelta
from hashlib import sha256

from markupsafe import escape

from mentorship.domain.mail import MailKind
from mentorship.services.outbox import Mail
from mentorship.services.reset_links import Purpose

_NOT_YOU = "If that was not you, nothing needs to be done: nobody gets into an account by it."


def confirm_address(to: str, name: str, link: str, *, now: datetime) -> Mail:
    """To somebody who signed up, or who tried to sign in before they had confirmed."""
    return _mail(
        to,
        "Confirm your e-mail address",
        f"Hello {name},",
        "please confirm that this is your address. "
        f"The link works for {Purpose.CONFIRMATION.lasts.days} days:",
        link,
        _NOT_YOU,
        now=now,
        lasts=Purpose.CONFIRMATION.lasts,
    )


def has_account(to: str, name: str, link: str, *, now: datetime) -> Mail:
    """To the owner of an account with whose address somebody signs up again."""
    return _mail(
        to,
        "You have an account already",
        f"Hello {name},",
        "somebody signed up with this address just now, but it has an account already. "
        "If you have forgotten its password, ask for a link to set a new one:",
        link,
        _NOT_YOU,
        now=now,
    )


def set_new_password(to: str, name: str, link: str, *, now: datetime) -> Mail:
    """To somebody who has forgotten their password."""
    hours = int(Purpose.FORGOTTEN.lasts.total_seconds() // 3600)
    return _mail(
        to,
        "Set a new password",
        f"Hello {name},",
        "somebody asked for a link to set a new password for you. "
        f"It works once, for {hours} hours:",
        link,
        _NOT_YOU,
        now=now,
        lasts=Purpose.FORGOTTEN.lasts,
    )


def no_account(to: str, link: str, *, now: datetime) -> Mail:
    """To an address without an account for which somebody asked for a new password."""
    return _mail(
        to,
        "There is no account with this address",
        "Hello,",
        "somebody asked for a new password for this address, but it has no account. "
        "If that was you, try another address of yours, or sign up:",
        link,
        _NOT_YOU,
        now=now,
    )


def approved(to: str, name: str, link: str, *, now: datetime) -> Mail:
    """To a mentor whom an admin has approved."""
    return _mail(
        to,
        "Students can find you now",
        f"Hello {name},",
        "your account as a mentor has been approved. "
        "Students find you as soon as you have a profile and free times:",
        link,
        "Thank you for your time.",
        now=now,
    )


def _mail(
    to: str,
    subject: str,
    *paragraphs: str,
    now: datetime,
    lasts: timedelta | None = None,
) -> Mail:
    """Of the same mail to the same address within a second only one is sent."""
    shown = [
        f'<p><a href="{escape(text)}">{escape(text)}</a></p>'
        if text.startswith(("http://", "https://"))
        else f"<p>{escape(text)}</p>"
        for text in paragraphs
    ]
    asked = f"{subject} {to} {now:%Y%m%d%H%M%S}"
    return Mail(
        to=to,
        subject=subject,
        text="\n\n".join(paragraphs) + "\n",
        html="\n".join(shown),
        kind=MailKind.ACCOUNT,
        key=f"account-{sha256(asked.encode()).hexdigest()}",
        not_after=now + lasts if lasts else None,
    )
