"""The pages of reports, and the lists of sessions behind their figures."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from pydantic.alias_generators import to_camel

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.reports.figures import FIGURE_OF, FIGURES, By, Row
from mentorship.domain.reports.ranges import Preset, presets
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.queries.reports.facts import ReportSpec
from mentorship.queries.reports.people import name_of
from mentorship.queries.reports.pictures import Beginning, beginnings, load_by_hour
from mentorship.queries.reports.sessions import sessions_page
from mentorship.queries.reports.summary import summary
from mentorship.web.http.formatting import translate
from mentorship.web.http.request_body import page_number
from mentorship.web.reports import charts
from mentorship.web.reports.arguments import (
    narrowed,
    requested_list,
    requested_report,
    required_reader,
)
from mentorship.web.reports.values import change_words, outcome_words, short_day, weekday_names
from mentorship.web.sessions.sweep_first import sweep

bp = Blueprint("reports", __name__, url_prefix="/reports")

_PAGE_SIZE = 50

HEADLINES = ("took_place", "completion_rate", "punctuality_rate", "minutes_delivered")
"""The figures at the top of a report."""

COLUMNS = (
    "booked", "took_place", "completion_rate", "open", "delayed", "punctuality_rate",
    "median_delay_minutes", "minutes_delivered", "minutes_owed", "utilisation_rate",
    "average_rating",
)  # fmt: skip
"""The figures of a report with many rows; the files have all of them."""

PRESET_WORDS = {
    Preset.THIS_MONTH: N_("This month"),
    Preset.LAST_MONTH: N_("Last month"),
    Preset.THIS_TERM: N_("This term"),
    Preset.ONE_YEAR: N_("One year"),
}
BY_WORDS = {
    By.TOTAL: N_("Everything"),
    By.MENTOR: N_("By mentor"),
    By.STUDENT: N_("By student"),
    By.TOPIC: N_("By topic"),
    By.WEEK: N_("By week"),
    By.MONTH: N_("By month"),
}
BEGINNING_WORDS = {
    Beginning.ON_TIME: N_("Up to 5 minutes late"),
    Beginning.LATE: N_("Up to 15 minutes late"),
    Beginning.VERY_LATE: N_("More than 15 minutes late"),
}


@bp.get("")
def show() -> str:
    """The report that the address names."""
    viewer, now = required_reader(), utc_now()
    spec = requested_report(viewer, now)
    sweep(now)
    rows = summary(db.session(), spec)
    context = _context(viewer, spec, now)
    if spec.by is By.TOTAL:
        return render_template("reports/total.html", **context, **_total(spec, rows[0]))
    return render_template("reports/rows.html", **context, **_page_of_rows(rows))


@bp.get("/sessions")
def sessions() -> str:
    """The sessions behind one figure."""
    viewer, now = required_reader(), utc_now()
    asked, page = requested_list(viewer, now), page_number("page")
    sweep(now)
    found = sessions_page(db.session(), asked.spec, asked.behind, page=page)
    label = None
    if asked.key is not None:
        label = next(
            (row.label for row in summary(db.session(), asked.report) if row.key == asked.key),
            asked.key,
        )
    context = _context(viewer, asked.report, now)
    row = {} if asked.key is None else {"by": asked.report.by.value, "key": asked.key}
    return render_template(
        "reports/sessions.html",
        **context,
        list_arguments=context["arguments"] | row | {"figure": to_camel(asked.figure.name)},
        figure=asked.figure,
        label=label,
        found=found,
        outcome_words=outcome_words,
    )


def _context(viewer: Viewer, spec: ReportSpec, now: datetime) -> dict[str, Any]:
    """The context that all report pages share."""
    person_id = spec.scope.mentor_id if viewer.is_admin else None
    person_id = person_id or spec.scope.student_id
    return {
        "viewer": viewer,
        "now": now,
        "spec": spec,
        "arguments": narrowed(viewer, spec),
        "presets": presets(now, viewer.timezone),
        "preset_words": PRESET_WORDS,
        "by_words": BY_WORDS,
        "statement_of": person_id or (None if viewer.is_admin else viewer.id),
        "person": name_of(db.session(), person_id) if person_id else None,
        "json_name": to_camel,
    }


def _total(spec: ReportSpec, row: Row) -> dict[str, Any]:
    """The context of a report without rows: a comparison with the range before, and charts."""
    session = db.session()
    before = replace(spec, dates=spec.dates.before)
    [earlier] = summary(session, before)
    weeks = summary(session, replace(spec, by=By.WEEK))
    parts = [charts.outcome_parts(week.tally) for week in weeks]
    kinds = {kind.name: translate(kind.label) for kind in charts.KINDS}
    begun = beginnings(session, spec)
    words = {name: translate(word) for name, word in BEGINNING_WORDS.items()}
    labels = [short_day(bucket.range.first) for bucket in replace(spec, by=By.WEEK).buckets]
    return {
        "figures": FIGURES,
        "headlines": [FIGURE_OF[name] for name in HEADLINES],
        "tally": row.tally,
        "earlier": earlier.tally,
        "before": before.dates,
        "change": change_words,
        "weeks": list(zip(weeks, parts, strict=True)),
        "kinds": charts.KINDS,
        "by_week": charts.stacked(labels, parts, kinds),
        "begun": begun,
        "beginning_words": BEGINNING_WORDS,
        "punctuality": charts.row_of_bars(begun, words),
        "load": charts.heat(load_by_hour(session, spec)),
        "weekdays": weekday_names(),
    }


def _page_of_rows(rows: tuple[Row, ...]) -> dict[str, Any]:
    """One page of the rows, in the order that the address names."""
    order, page = request.args.get("sort", ""), page_number("page")
    if order not in ("", *map(to_camel, COLUMNS)):
        raise InvalidInput(
            N_(
                "The field '%(name)s' must be one of these: %(names)s.",
                name="sort",
                names=", ".join(map(to_camel, COLUMNS)),
            )
        )
    figure = next((FIGURE_OF[name] for name in COLUMNS if to_camel(name) == order), None)
    if figure is not None:
        values = {row.key: getattr(row.tally, figure.name) for row in rows}
        rows = tuple(
            sorted(rows, key=lambda row: (values[row.key] is None, -(values[row.key] or 0)))
        )
    pages = max(1, -(-len(rows) // _PAGE_SIZE))
    page = min(page, pages)
    return {
        "columns": [FIGURE_OF[name] for name in COLUMNS],
        "sort": order,
        "rows": rows[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE],
        "found": {"page": page, "pages": pages, "total": len(rows)},
        "row_address": _row_address,
    }


def _row_address(spec: ReportSpec, arguments: dict[str, Any], row: Row) -> str:
    """The address behind a row: its own report, or for a topic its sessions."""
    if spec.by in (By.MENTOR, By.STUDENT):
        person = {"mentorId": row.key} if spec.by is By.MENTOR else {"studentId": row.key}
        return url_for("reports.show", **arguments | person)
    if spec.by is By.TOPIC:
        return url_for("reports.sessions", **arguments, by=spec.by.value, key=row.key)
    dates = spec.of_row(row.key).dates
    days = {"from": dates.first.isoformat(), "to": dates.last.isoformat()}
    return url_for("reports.show", **arguments | days)
