"""Mail to people whose times change because of new rules of a time zone."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from markupsafe import escape

from mentorship.adapters.translations import day, moment, say
from mentorship.domain.mail import MailKind
from mentorship.domain.shared import zones
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_, ngettext
from mentorship.domain.shared.time_format import clock
from mentorship.domain.shared.zones import UTC_NAME
from mentorship.models import User
from mentorship.services.mail.outbox import Mail

MOST_LINES = 30


@dataclass(frozen=True)
class Reading:
    """What begins at an instant (UTC); without a topic it is a free time, with nobody.

    `was` is how the clocks were to show it, as if they were those of UTC.
    """

    start_time: datetime
    topic: str | None
    other: str
    was: datetime | None = None

    def before(self, offset: timedelta) -> "Reading":
        """With what it was to read where the clocks were so far ahead of UTC."""
        return replace(self, was=self.start_time + offset)


def new_rules(
    person: User, timezone: str, *, is_moved: bool, readings: list[Reading], now: datetime
) -> Mail:
    """To somebody whose free times were moved, or who reads these at another hour."""
    language = Language(person.language) if person.language else Language.EN
    cycle = HourCycle(person.hour_cycle or HourCycle.H23)

    def line(reading: Reading) -> str:
        assert reading.was is not None, "it is read otherwise"
        at = moment(reading.start_time, timezone, language, cycle)
        what = reading.topic or say(N_("Mentoring session"), language)
        was = f"{day(reading.was, UTC_NAME, language)}, {clock(reading.was, UTC_NAME, cycle)}"
        if reading.topic is None:
            return say(N_("%(was)s is now %(time)s: a free time", was=was, time=at), language)
        return say(
            N_(
                "%(was)s is now %(time)s: %(topic)s, with %(name)s",
                was=was,
                time=at,
                topic=what,
                name=reading.other,
            ),
            language,
        )

    paragraphs = [
        N_("Hello %(name)s,", name=person.name),
        N_("the rules for the clocks in %(zone)s have changed.", zone=timezone),
    ]
    if is_moved:
        paragraphs.append(
            N_("The free times of your weekly hours were moved, so that they keep their hours.")
        )
    if readings:
        paragraphs.append(
            N_(
                "What was agreed or offered for one moment stays at that moment, so your clock "
                "shows another time then. Please check whether it still suits you; until it begins "
                "it can be moved or cancelled."
            )
        )
    said = [say(paragraph, language) for paragraph in paragraphs]
    lines = [line(reading) for reading in readings[:MOST_LINES]]
    if len(readings) > MOST_LINES:
        more = len(readings) - MOST_LINES
        lines.append(say(ngettext("and %(n)s more", "and %(n)s more", more), language))
    listed = "\n".join(f"- {each}" for each in lines)
    rows = "".join(f"<li>{escape(each)}</li>" for each in lines)
    return Mail(
        to=person.email,
        subject=say(N_("New rules for the clocks in %(zone)s", zone=timezone), language),
        text="\n\n".join([*said, listed] if listed else said),
        html="\n".join([*(f"<p>{escape(each)}</p>" for each in said), f"<ul>{rows}</ul>"]),
        kind=MailKind.ZONE_RULES,
        key=f"zone-rules/{timezone}/{zones.RULES}/{person.id}/{now:%Y%m%d}",
    )
