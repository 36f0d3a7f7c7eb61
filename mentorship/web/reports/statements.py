"""A printable page with a person's hours, and the page that checks its code."""

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.reports.ranges import parse_range
from mentorship.domain.reports.statement import (
    Statement,
    Verdict,
    check_code,
    sums_of,
    verdict_on,
    was_made_here,
)
from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import current_name
from mentorship.extensions import db
from mentorship.queries.reports.statement import statement_of
from mentorship.web.http.authentication import current_viewer
from mentorship.web.http.formatting import hours
from mentorship.web.reports.arguments import (
    person_id,
    requested_dates,
    require_own,
    required_reader,
)
from mentorship.web.sessions.sweep_first import sweep

bp = Blueprint("statements", __name__)

PART_WORDS = {Party.MENTOR: N_("As mentor"), Party.STUDENT: N_("As student")}
VERDICT_WORDS = {
    Verdict.SAME: N_("The figures are still the same as when this statement was made."),
    Verdict.CHANGED: N_(
        "This statement was made here, but its figures have changed since, or were altered."
    ),
    Verdict.UNKNOWN: N_("This code was not made here for this person and these days."),
}


@bp.get("/reports/statement")
def show() -> str:
    """A person's sessions and hours, with a code that proves the figures."""
    viewer, now = required_reader(), utc_now()
    asked = person_id("person")
    require_own(viewer, asked)
    dates = requested_dates(viewer, now)
    sweep(now)
    silence = current.settings().outcome_silence
    statement = statement_of(db.session(), asked or viewer.id, dates, now=now, silence=silence)
    code = check_code(statement, current.secret_key())
    return render_template(
        "reports/statement.html",
        viewer=viewer,
        now=now,
        statement=statement,
        parts=_parts(statement),
        part_words=PART_WORDS,
        code=code,
        check_address=_check_address(statement, code),
        site_name=current.settings().site_name,
        hours_words=hours,
    )


@bp.get("/statement/check")
def check() -> str:
    """Whether the figures of a printed statement are still what they were; for everybody."""
    verdict = _verdict() if request.args else None
    return render_template(
        "reports/check.html",
        viewer=current_viewer(),
        verdict=verdict,
        words=None if verdict is None else VERDICT_WORDS[verdict],
        asked=request.args,
        site_name=current.settings().site_name,
    )


def _verdict() -> Verdict:
    """The result of the check.

    Raises InvalidInput. Reads the database only for a code made here.
    """
    now, code = utc_now(), request.args.get("code", "")
    person = person_id("person")
    timezone = current_name(request.args.get("zone", ""))
    if person is None or timezone is None:
        name = "person" if person is None else "zone"
        raise InvalidInput(N_("The field '%(name)s' is invalid.", name=name))
    dates = parse_range(
        request.args.get("from", ""), request.args.get("to", ""), timezone=timezone, now=now
    )
    key = current.secret_key()
    if not was_made_here(code, person, dates, key):
        return Verdict.UNKNOWN
    silence = current.settings().outcome_silence
    try:
        statement = statement_of(db.session(), person, dates, now=now, silence=silence)
    except NotFound:
        return Verdict.UNKNOWN
    return verdict_on(code, statement, key)


def _parts(statement: Statement) -> dict[Party, tuple[object, object]]:
    """The lines of each part that the person took, with their sums."""
    found = {part: statement.of(part) for part in PART_WORDS}
    taken = {part: lines for part, lines in found.items() if lines}
    return {part: (lines, sums_of(lines)) for part, lines in taken.items()}


def _check_address(statement: Statement, code: str) -> str:
    dates = statement.dates
    asked = {
        "person": statement.person_id,
        "from": dates.first.isoformat(),
        "to": dates.last.isoformat(),
        "zone": dates.timezone,
        "code": code,
    }
    return f"{current.settings().base_url}/statement/check?{urlencode(asked)}"
