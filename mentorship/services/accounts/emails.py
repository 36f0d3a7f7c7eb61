"""What mail about accounts says. Each ends with what to do about mail that nobody asked for."""

from datetime import datetime, timedelta
from hashlib import sha256

from markupsafe import escape

from mentorship.adapters.translations import say
from mentorship.domain.mail import MailKind
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.messages import N_
from mentorship.services.accounts.signed_links import Purpose
from mentorship.services.mail.outbox import Mail

_HELLO = N_("Hello,")
"""To an address that is not confirmed: whoever typed it also chose the name, as an advertisement
perhaps, so the name does not stand in the mail."""

_NOT_YOU = N_(
    "If this was not you, you can ignore this mail. It gives nobody access to an account."
)


def confirm_address(to: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To somebody who signed up, or who tried to sign in before they had confirmed."""
    return _mail(
        to,
        N_("Confirm your e-mail address"),
        _HELLO,
        N_(
            "please confirm that this is your address. The link works for %(days)s days:",
            days=Purpose.CONFIRMATION.lasts.days,
        ),
        link,
        _NOT_YOU,
        language=language,
        now=now,
        lasts=Purpose.CONFIRMATION.lasts,
    )


def has_account(to: str, name: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To the owner of an account with whose address somebody signs up again."""
    return _mail(
        to,
        N_("You already have an account"),
        N_("Hello %(name)s,", name=name),
        N_(
            "somebody has just tried to sign up with this address, but it already has an account. "
            "If you have forgotten your password, request a link to set a new one:"
        ),
        link,
        _NOT_YOU,
        language=language,
        now=now,
    )


def set_new_password(
    to: str, name: str | None, link: str, *, language: Language | None, now: datetime
) -> Mail:
    """To somebody who has forgotten their password; no `name` where the address is unconfirmed."""
    hours = int(Purpose.FORGOTTEN.lasts.total_seconds() // 3600)
    return _mail(
        to,
        N_("Set a new password"),
        N_("Hello %(name)s,", name=name) if name else _HELLO,
        N_(
            "somebody requested a link to set a new password for your account. It works once, for "
            "%(hours)s hours:",
            hours=hours,
        ),
        link,
        _NOT_YOU,
        language=language,
        now=now,
        lasts=Purpose.FORGOTTEN.lasts,
    )


def no_account(to: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To an address without an account for which somebody asked for a new password."""
    return _mail(
        to,
        N_("There is no account with this address"),
        _HELLO,
        N_(
            "somebody requested a new password for this address, but there is no account with it. "
            "If this was you, try another of your addresses or sign up:"
        ),
        link,
        _NOT_YOU,
        language=language,
        now=now,
    )


def password_changed(
    to: str, name: str, link: str, *, language: Language | None, now: datetime
) -> Mail:
    """To somebody whose password was set or changed just now."""
    return _mail(
        to,
        N_("Your password was changed"),
        N_("Hello %(name)s,", name=name),
        N_(
            "the password of your account has just been changed. All browsers were signed out, and"
            " your tokens and your calendar address no longer work."
        ),
        N_("If this was not you, set a new password now and tell an admin:"),
        link,
        language=language,
        now=now,
    )


def approved(to: str, name: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To a mentor after an admin's approval."""
    return _mail(
        to,
        N_("Students can find you now"),
        N_("Hello %(name)s,", name=name),
        N_(
            "your mentor account has been approved. Students can find you as soon as you have a "
            "profile and free time slots:"
        ),
        link,
        N_("Thank you for your time."),
        language=language,
        now=now,
    )


def _mail(
    to: str,
    subject: str,
    *paragraphs: str,
    language: Language | None,
    now: datetime,
    lasts: timedelta | None = None,
) -> Mail:
    """Of the same mail to the same address, link included, within a second only one is sent."""
    subject = say(subject, language)
    said = [say(text, language) for text in paragraphs]
    shown = [
        f'<p><a href="{escape(text)}">{escape(text)}</a></p>'
        if text.startswith(("http://", "https://"))
        else f"<p>{escape(text)}</p>"
        for text in said
    ]
    asked = "\n".join([to, subject, *said, f"{now:%Y%m%d%H%M%S}"])
    return Mail(
        to=to,
        subject=subject,
        text="\n\n".join(said) + "\n",
        html="\n".join(shown),
        kind=MailKind.ACCOUNT,
        key=f"account-{sha256(asked.encode()).hexdigest()}",
        not_after=now + lasts if lasts else None,
    )
