"""Mail about accounts, as facts; what it says is in `templates/mail/`."""

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
    """To the owner of an account with whose address somebody signs up again."""
    return _mail(to, AddressInUse(link, name, language), now)


def set_new_password(
    to: str, name: str | None, link: str, *, language: Language | None, now: datetime
) -> Mail:
    """To somebody who has forgotten their password; no `name` where the address is unconfirmed."""
    lasts = Purpose.FORGOTTEN.lasts
    hours = int(lasts.total_seconds() // 3600)
    return _mail(to, SetPassword(link, name, language, hours=hours), now, lasts)


def no_account(to: str, link: str, *, language: Language | None, now: datetime) -> Mail:
    """To an address without an account for which somebody asked for a new password."""
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
    """Of the same mail to the same address, link included, within a second only one is sent."""
    asked = "\n".join([facts.kind, to, as_json(facts), f"{now:%Y%m%d%H%M%S}"])
    return Mail(
        facts,
        key=f"account-{sha256(asked.encode()).hexdigest()}",
        address=to,
        not_after=now + lasts if lasts else None,
    )
