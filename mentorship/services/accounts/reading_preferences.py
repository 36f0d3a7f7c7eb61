"""Reading preferences: time zone, language, and 12-hour or 24-hour clock.

Pages can ask the browser, but mail cannot. So the browser's preferences are stored at the
beginning.
"""

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.models import User
from mentorship.services.shared.text_fields import chosen_timezone, clean_hour_cycle, clean_language


def new_reading(*, timezone: str, language: str, hour_cycle: str) -> dict[str, object]:
    """The columns for these choices, validated. Raises InvalidInput."""
    return {
        "timezone": chosen_timezone(timezone),
        "language": clean_language(language),
        "hour_cycle": clean_hour_cycle(hour_cycle),
    }


def note_browser(
    session: Session, viewer: Viewer, *, language: Language, hour_cycle: HourCycle
) -> None:
    """Store the browser's preferences if the person never chose any, and commit."""
    if viewer.language and viewer.hour_cycle:
        return
    begin_write(session)
    session.execute(
        update(User)
        .where(User.id == viewer.id)
        .values(
            language=func.coalesce(User.language, language.value),
            hour_cycle=func.coalesce(User.hour_cycle, hour_cycle.value),
        )
    )
    session.commit()
