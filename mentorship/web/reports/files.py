"""Reports as CSV files for spreadsheets and programs."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, Response, request
from pydantic.alias_generators import to_camel

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.reports.columns import IMPORTED_COLUMNS, REPORTED_COLUMNS
from mentorship.domain.reports.figures import FIGURES
from mentorship.domain.shared.csv_cells import escaped
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import zone_of
from mentorship.extensions import db
from mentorship.queries.reports.sessions import ReportedSession, all_sessions
from mentorship.queries.reports.summary import summary
from mentorship.web.http.formatting import translate
from mentorship.web.reports.arguments import requested_list, requested_report, required_reader
from mentorship.web.sessions.sweep_first import sweep

T = TypeVar("T")

bp = Blueprint("report_files", __name__, url_prefix="/reports")

_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_FLAGS = {"0": False, "1": True}
_BYTE_ORDER_MARK = "\ufeff"
_PART = 64 * 1024
"""The characters in one part of the answer."""


@bp.get("/summary.csv")
def summary_file() -> Response:
    """The rows of a report, with the names of the JSON as columns."""
    viewer, now = required_reader(), utc_now()
    spec, form = requested_report(viewer, now), _Form()
    sweep(now)
    rows = [
        [row.key, translate(row.label), *(getattr(row.tally, it.name) for it in FIGURES)]
        for row in summary(db.session(), spec)
    ]
    header = ["key", "label", *(to_camel(figure.name) for figure in FIGURES)]
    return form.response("summary.csv", header, rows)


@bp.get("/sessions.csv")
def sessions_file() -> Response:
    """The sessions of a report, or those behind one of its figures, by start.

    Only admins read the addresses of students.
    """
    viewer, now = required_reader(), utc_now()
    asked, form = requested_list(viewer, now), _Form()
    sweep(now)
    found = all_sessions(db.engine, asked.spec, asked.behind)
    rows = (_cells(it, viewer) for it in found)
    return form.response("sessions.csv", [*IMPORTED_COLUMNS, *REPORTED_COLUMNS], rows)


class _Form:
    """The format of the file: `separator` and `bom` in the address. Raises InvalidInput."""

    def __init__(self) -> None:
        self._separator = _one_of("separator", _SEPARATORS, "comma")
        self._has_mark = _one_of("bom", _FLAGS, "0")

    def response(self, name: str, header: list[str], rows: Iterable[Iterable[object]]) -> Response:
        """The file as a stream, with no more than a part in memory at once."""
        response = Response(self._parts(header, rows), content_type="text/csv; charset=utf-8")
        response.headers.set("Content-Disposition", "attachment", filename=name)
        return response

    def _parts(self, header: list[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
        buffer = io.StringIO(newline="")
        if self._has_mark:
            buffer.write(_BYTE_ORDER_MARK)
        writer = csv.writer(buffer, delimiter=self._separator)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_cell(value) for value in row])
            if buffer.tell() >= _PART:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()


def _one_of(name: str, choices: dict[str, T], usual: str) -> T:
    text = request.args.get(name, usual)
    if text not in choices:
        names = ", ".join(choices)
        raise InvalidInput(
            N_("The field '%(name)s' must be one of these: %(names)s.", name=name, names=names)
        )
    return choices[text]


def _cell(value: object) -> str:
    """A cell; empty if the value is unknown. Texts are made harmless for spreadsheets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return escaped(str(value))


def _cells(session: ReportedSession, viewer: Viewer) -> Iterator[object]:
    """The cells of a session in the order of the columns, with instants in the viewer's zone."""
    for column in (*IMPORTED_COLUMNS, *REPORTED_COLUMNS):
        value = getattr(session, column)
        if isinstance(value, datetime):
            yield value.astimezone(zone_of(viewer.timezone)).isoformat()
        else:
            is_hidden = column == "student_email" and not viewer.is_admin
            yield None if is_hidden else value
