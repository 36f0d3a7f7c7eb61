"""Mail about accounts, as facts; the text is in `templates/mail/`."""

from datetime import datetime, timedelta
from hashlib import sha256

from mentorship.domain.mail import (
    AccountFacts,
    AddressInUse,
    ConfirmAddress,
    MentorApproved,
    NoAccount,
    PasswordChanged,
    SetPassword,
)
from mentorship.domain.shared.locales import Language
from mentorship.services.accounts.signed_links import Purpose
from mentorship.services.mail.outbox import Mail, as_json


def confirm_address(to: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To somebody who signed up, or who tried to sign in before they had confirmed."""
    lasts = Purpose.CONFIRMATION.lasts
    return _mail(to, ConfirmAddress(link, None, language, days=lasts.days), now, lasts)


def has_account(to: str, name: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To the owner of an account, after somebody signed up with the same address."""
    return _mail(to, AddressInUse(link, name, language), now)


def set_new_password(
    to: str, name: str | None, link: str, *, language: Language | None, now: datetime
) -> Mail:
    """To somebody who has forgotten their password; no `name` if the address is unconfirmed."""
    lasts = Purpose.FORGOTTEN.lasts
    hours = int(lasts.total_seconds() // 3600)
    return _mail(to, SetPassword(link, name, language, hours=hours), now, lasts)


def no_account(to: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To an address without an account, after somebody asked for a new password for it."""
    return _mail(to, NoAccount(link, None, language), now)


def password_changed(
    to: str, name: str, link: str, *, language: Language | None, now: datetime
) -> Mail:
    """To somebody whose password was just set or changed."""
    return _mail(to, PasswordChanged(link, name, language), now)


def approved(to: str, name: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To a mentor whom an admin has approved."""
    return _mail(to, MentorApproved(link, name, language), now)


def _mail(to: str, facts: AccountFacts, now: datetime, lasts: timedelta | None = None) -> Mail:
    """The mail; the same mail to one address is sent only once within a second."""
    asked = "\n".join([facts.kind, to, as_json(facts), f"{now:%Y%m%d%H%M%S}"])
    return Mail(
        facts,
        key=f"account-{sha256(asked.encode()).hexdigest()}",
        address=to,
        not_after=now + lasts if lasts else None,
    )
