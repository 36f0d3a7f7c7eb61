"""How figures are written for people."""

from datetime import date

from babel.dates import get_day_names
from babel.numbers import format_decimal, format_percent
from flask import Flask

from mentorship.domain.reports.figures import Figure, Unit
from mentorship.domain.reports.ranges import DateRange
from mentorship.domain.sessions.outcomes import OUTCOME_TEXT, OutcomeState
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.messages import N_
from mentorship.queries.reports.sessions import ReportedSession
from mentorship.web.http.formatting import date_words, translate
from mentorship.web.http.locale import language

UNKNOWN = "\N{EN DASH}"
_PERCENT = {Language.EN: "#,##0.#%", Language.DE: "#,##0.#\N{NO-BREAK SPACE}%"}


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    app.add_template_filter(figure_words, "figure_words")
    app.add_template_filter(range_words, "range_words")
    app.add_template_filter(number_words, "number_words")
    app.add_template_filter(minutes_words, "minutes_words")


def figure_words(value: float | None, figure: Figure) -> str:
    """The value as people read it: "83.3%", "2 h 5 min", "1,204"; a dash if unknown."""
    if value is None:
        return UNKNOWN
    if figure.unit is Unit.SHARE:
        return format_percent(value, _PERCENT[language()], locale=language().value)
    if figure.unit is Unit.MINUTES and isinstance(value, int):
        return minutes_words(value)
    if figure.unit is Unit.MINUTES:
        return translate(N_("%(minutes)s min", minutes=number_words(value)))
    return number_words(value)


def change_words(now: float | None, before: float | None, figure: Figure) -> str:
    """The difference from the value before, with its sign; a dash if one of them is unknown."""
    if now is None or before is None:
        return UNKNOWN
    difference = now - before
    sign = "+" if difference > 0 else "\N{MINUS SIGN}" if difference < 0 else "±"
    if figure.unit is Unit.SHARE:
        points = number_words(abs(difference) * 100)
        return sign + translate(N_("%(points)s points", points=points))
    return f"{sign}{figure_words(abs(difference), figure)}"


def range_words(dates: DateRange) -> str:
    """Like "Sun 1 Nov 2026 - Mon 30 Nov 2026"; a single day alone."""
    if dates.first == dates.last:
        return date_words(dates.first)
    return f"{date_words(dates.first)} \N{EN DASH} {date_words(dates.last)}"


def number_words(value: float) -> str:
    """A number with the separators of the reader's language, and at most one decimal."""
    return format_decimal(value, "#,##0.#", locale=language().value)


def weekday_names() -> list[str]:
    """Monday to Sunday, short."""
    names = get_day_names("abbreviated", locale=language().value)
    return [names[number].rstrip(".") for number in range(7)]


def short_day(day: date) -> str:
    """Like "24/11" or "24.11." below a picture."""
    return f"{day.day}.{day.month}." if language() is Language.DE else f"{day.day}/{day.month}"


def minutes_words(minutes: int | None) -> str:
    """Like "2 h 5 min"; a dash if unknown."""
    if minutes is None:
        return UNKNOWN
    hours, rest = divmod(minutes, 60)
    if not hours:
        return translate(N_("%(minutes)s min", minutes=rest))
    if not rest:
        return translate(N_("%(hours)s h", hours=number_words(hours)))
    return translate(N_("%(hours)s h %(minutes)s min", hours=number_words(hours), minutes=rest))


_STATE_TEXT = {
    OutcomeState.OPEN: N_("Not known yet"),
    OutcomeState.CLAIMED: N_("one side says so"),
    OutcomeState.DISPUTED: N_("Disputed"),
}


def outcome_words(session: ReportedSession) -> str:
    """Whether the session took place, as far as known; a dash for a cancelled one."""
    state, word = session.outcome_state, session.outcome
    if state is None:
        return UNKNOWN
    if word is None:
        return translate(_STATE_TEXT[state])
    if state is OutcomeState.CLAIMED:
        return f"{translate(OUTCOME_TEXT[word])} ({translate(_STATE_TEXT[state])})"
    return translate(OUTCOME_TEXT[word])
