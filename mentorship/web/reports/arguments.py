"""Which report a request asks for, and whether this person may see it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from flask import request
from pydantic.alias_generators import to_camel

from mentorship import current
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.reports.figures import FIGURES, Behind, By, Figure
from mentorship.domain.reports.ranges import DateRange, Preset, parse_range, presets
from mentorship.domain.shared.errors import Forbidden, InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.queries.reports.facts import ReportSpec, Scope
from mentorship.schemas.base import LARGEST_ID
from mentorship.web.http.authentication import required_viewer


def required_reader() -> Viewer:
    """The mentor or admin who makes the request.

    Raises NotAuthenticated, and Forbidden for students.
    """
    viewer = required_viewer()
    if not (viewer.is_mentor or viewer.is_admin):
        raise Forbidden(N_("Only mentors and admins can see reports."))
    return viewer


def requested_report(viewer: Viewer, now: datetime) -> ReportSpec:
    """The report that the address names, in the viewer's zone.

    Raises InvalidInput for invalid arguments, and Forbidden if a mentor asks for somebody else's
    report.
    """
    return ReportSpec(
        dates=requested_dates(viewer, now),
        by=_one_of("by", By, request.args.get("by", By.TOTAL)),
        scope=_scope(viewer),
        now=now,
        silence=current.settings().outcome_silence,
    )


def narrowed(viewer: Viewer, spec: ReportSpec) -> dict[str, str]:
    """The arguments of an address for the same days and people."""
    dates, scope = spec.dates, spec.scope
    arguments = {"from": dates.first.isoformat(), "to": dates.last.isoformat()}
    if viewer.is_admin and scope.mentor_id is not None:
        arguments["mentorId"] = str(scope.mentor_id)
    if scope.student_id is not None:
        arguments["studentId"] = str(scope.student_id)
    return arguments


def requested_dates(viewer: Viewer, now: datetime) -> DateRange:
    """The days that the address names, or one of the usual ranges by its name."""
    preset = request.args.get("range")
    if preset is not None:
        return presets(now, viewer.timezone)[_one_of("range", Preset, preset)]
    first, last = request.args.get("from"), request.args.get("to")
    return parse_range(first, last, timezone=viewer.timezone, now=now)


def person_id(name: str) -> int | None:
    """The id of a person in the address. Raises InvalidInput for an invalid id."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:18]) <= LARGEST_ID):
        raise InvalidInput(N_("The field '%(name)s' must be the number of a person.", name=name))
    return int(text[:18])


@dataclass(frozen=True)
class SessionList:
    """The sessions behind one figure of one row; without a row, of the whole report.

    `report` is the report that has the row, and `spec` the sessions of the row alone.
    """

    report: ReportSpec
    spec: ReportSpec
    figure: Figure
    key: str | None

    @property
    def behind(self) -> Behind:
        """Which of these sessions."""
        return self.figure.behind


def requested_list(viewer: Viewer, now: datetime) -> SessionList:
    """The list that `figure` and `key` of the address name; by default all booked sessions.

    Raises InvalidInput for an unknown figure, NotFound for an unknown row, and everything that
    `requested_report` raises.
    """
    report = requested_report(viewer, now)
    name, key = request.args.get("figure", "booked"), request.args.get("key")
    if name not in _FIGURES:
        names = ", ".join(_FIGURES)
        raise InvalidInput(
            N_("The field '%(name)s' must be one of these: %(names)s.", name="figure", names=names)
        )
    spec = replace(report, by=By.TOTAL) if key is None else report.of_row(key)
    return SessionList(report, spec, _FIGURES[name], key)


_FIGURES = {to_camel(figure.name): figure for figure in FIGURES}
"""By the names of the JSON."""


Choice = TypeVar("Choice", bound=StrEnum)


def _one_of(name: str, choices: type[Choice], text: str) -> Choice:
    try:
        return choices(text)
    except ValueError:
        names = ", ".join(choices)
        raise InvalidInput(
            N_("The field '%(name)s' must be one of these: %(names)s.", name=name, names=names)
        ) from None


def _scope(viewer: Viewer) -> Scope:
    mentor_id, student_id = person_id("mentorId"), person_id("studentId")
    if not viewer.is_admin:
        require_own(viewer, mentor_id)
        mentor_id = viewer.id
    return Scope(mentor_id, student_id)


def require_own(viewer: Viewer, asked: int | None) -> None:
    """Raises Forbidden if a mentor asks for the report of another person."""
    if not viewer.is_admin and asked not in (None, viewer.id):
        raise Forbidden(N_("Mentors can see reports about their own sessions only."))
