"""Reading the fields of a request, from a form or a JSON object."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import IO, TYPE_CHECKING, TypeVar, get_origin

from flask import Flask, Request, request
from pydantic import ValidationError
from werkzeug.formparser import FormDataParser

from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.shared.calendar_weeks import local_day
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.schemas.base import Fields

if TYPE_CHECKING:
    from werkzeug.formparser import t_parse_result

Taken = TypeVar("Taken", bound=Fields)

_FURTHEST = timedelta(days=3660)
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})

_NEITHER = N_("The body must be a form or a JSON object.")
_UNKNOWN = N_("The field '%(name)s' cannot be set here.")
_DOUBLED = N_("The field '%(name)s' was given more than once.")
_NO_NUMBER = N_("The field '%(name)s' must be a whole number.")
_NO_DAY = N_("The field '%(name)s' must be a day like 2026-11-24.")
_OTHERWISE = N_("The field '%(name)s' is invalid.")
_SAYS: Mapping[str, str] = {
    "date_from_datetime_inexact": _NO_DAY,
    "date_from_datetime_parsing": _NO_DAY,
    "date_parsing": _NO_DAY,
    "date_type": _NO_DAY,
    "enum": N_("The field '%(name)s' must be one of these: %(expected)s."),
    "extra_forbidden": _UNKNOWN,
    "greater_than_equal": N_("The field '%(name)s' must be at least %(ge)s."),
    "int_from_float": _NO_NUMBER,
    "int_parsing": _NO_NUMBER,
    "int_parsing_size": _NO_NUMBER,
    "int_type": _NO_NUMBER,
    "json_invalid": N_("The body is not valid JSON."),
    "less_than_equal": N_("The field '%(name)s' must be at most %(le)s."),
    "missing": N_("The field '%(name)s' is missing."),
    "model_type": N_("The body must be a JSON object."),
    "string_too_long": N_("The field '%(name)s' is too long."),
    "string_too_short": N_("The field '%(name)s' is missing."),
    "string_type": N_("The field '%(name)s' must be text."),
    "time_of_day": N_("The field '%(name)s' must be a time like 18:30."),
}
"""A translatable message for each kind of pydantic error."""


class ReadableForms(FormDataParser):
    """Werkzeug's form parser, which would treat an unreadable form as an empty one."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> "t_parse_result":
        """Parse the form; an empty body is an empty form. Raises InvalidInput."""
        sent = stream.read()  # MAX_CONTENT_LENGTH keeps this small.
        self.silent = not sent
        try:
            return super().parse(BytesIO(sent), mimetype, content_length, options)
        except ValueError:
            raise InvalidInput(_NEITHER) from None


class ReadableRequest(Request):
    """A request that reads its `form` with `ReadableForms`."""

    form_data_parser_class = ReadableForms


def init_app(app: Flask) -> None:
    """Use `ReadableRequest` for all routes."""
    app.request_class = ReadableRequest


def body(model: type[Taken]) -> Taken:
    """The fields of the request's body. Raises InvalidInput for fields that do not fit `model`.

    JSON types are strict: "7" is not a number. An empty body has no fields, and fields in the
    address are refused. An empty form field counts as missing, unless it is a text.
    """
    for name in request.args:
        raise InvalidInput(N_(_UNKNOWN, name=name[:40]))
    if "Transfer-Encoding" in request.headers and "wsgi.input_terminated" not in request.environ:
        raise InvalidInput(_NEITHER)  # This server does not mark the end of a chunked body.
    try:
        if request.is_json:
            sent_json = request.get_data() or b"{}"
            taken = model.model_validate_json(_with_whole_numbers(sent_json), strict=True)
            json.loads(sent_json, object_pairs_hook=_refuse_doubled)
            return taken
        if request.mimetype not in _FORMS and request.get_data():
            raise InvalidInput(_NEITHER)
        if None in request.form or None in request.files:  # A part without a name.
            raise InvalidInput(_NEITHER)
        return model.model_validate(_form(model) | request.files.to_dict())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])[:40] if first["loc"] else ""
        says = _SAYS.get(first["type"], _OTHERWISE)
        context = dict(first.get("ctx", {}))
        if "expected" in context:
            context["expected"] = str(context["expected"]).replace(" or ", ", ")
        raise InvalidInput(N_(says, **context, name=name)) from None


def _with_whole_numbers(sent_json: bytes) -> bytes:
    """The JSON with 10.0 as 10: JSON Schema counts both among the integers, pydantic does not."""

    def number(text: str) -> float:
        value = float(text)
        return int(value) if value.is_integer() else value

    try:
        return json.dumps(json.loads(sent_json.decode(), parse_float=number)).encode()
    except (ValueError, RecursionError):
        return sent_json  # The model says what is wrong with it.


def asked_scope() -> Scope:
    """Whose sessions the request asks for. Raises InvalidInput for what is no scope."""
    text = request.values.get("scope", Scope.OWN)
    if text not in list(Scope):
        raise InvalidInput(N_("The field 'scope' must be own or all."))
    return Scope(text)


def page_number(name: str) -> int:
    """The page number in the request, from 1 on; 1 if there is none. Raises InvalidInput."""
    text = request.values.get(name, "1")
    if not (text.isascii() and text.isdecimal() and int(text[:9]) >= 1 and len(text) <= 9):
        raise InvalidInput(
            N_("The field '%(name)s' must be a page number, 1 or higher.", name=name)
        )
    return int(text)


def day_of_calendar(name: str, viewer: Viewer, now: datetime) -> date:
    """The day that is asked for, or the viewer's today. Raises InvalidInput if it is not a day.

    Days that are many years away are refused, because the pages need a day before and a day after
    and nobody has sessions there.
    """
    text = request.values.get(name)
    if text is None:
        return local_day(now, viewer.timezone)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            N_("The field '%(name)s' must be a day like 2026-11-24.", name=name)
        ) from None
    if abs(day - now.date()) > _FURTHEST:
        raise InvalidInput(N_("That day is too far away."))
    return day


def _refuse_doubled(pairs: list[tuple[str, object]]) -> None:
    """Raises InvalidInput for a field given twice in a JSON object; pydantic takes the last one."""
    names = set()
    for name, _value in pairs:
        if name in names:
            raise InvalidInput(N_(_DOUBLED, name=name[:40]))
        names.add(name)


def _form(model: type[Fields]) -> dict[str, str | list[str]]:
    """The form's value of each field; a list field has all its values, possibly none.

    Raises InvalidInput for another field that is given more than once.
    """
    kinds = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    sent: dict[str, str | list[str]] = {
        name: [] for name, kind in kinds.items() if get_origin(kind) is list
    }
    for name, values in request.form.lists():
        kind = kinds.get(name, str)
        if name in sent:
            sent[name] = values
            continue
        if len(values) > 1:
            raise InvalidInput(N_(_DOUBLED, name=name[:40]))
        if values[0] or kind is str:
            sent[name] = values[0]
    return sent
