"""The OpenAPI 3.1 description of the JSON routes, built from `@described` on each view."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from pydantic import BaseModel, RootModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import (
    GenerateJsonSchema,
    JsonSchemaMode,
    JsonSchemaValue,
    models_json_schema,
)
from pydantic_core.core_schema import WithDefaultSchema
from werkzeug.routing import Rule

from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.schemas.base import LARGEST_ID, ErrorAnswer
from mentorship.schemas.booking import IDEMPOTENCY_KEY, NotFreeAnswer
from mentorship.schemas.sessions import ConflictAnswer
from mentorship.web.http.request_guards import IdConverter

bp = Blueprint("openapi", __name__)

_EXTENSION = "openapi"

View = TypeVar("View", bound=Callable[..., Any])


class Access(Enum):
    """Who may call a route: the names of security schemes, of which one is enough."""

    PUBLIC = ("",)
    ANYBODY = ("", "session", "token")
    SIGNED_IN = ("session", "token")
    CRON = ("cron",)
    RECORDING = ("recording",)


@dataclass(frozen=True)
class Operation:
    """The arguments of `described` for a view."""

    answer: type[BaseModel]
    access: Access
    refusals: tuple[int, ...]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    fragment: str | None
    has_key: bool
    others: Mapping[int, str] = field(default_factory=dict)


_OPERATIONS: dict[Callable[..., Any], Operation] = {}


def described(
    answer: type[BaseModel],
    *,
    access: Access,
    refusals: tuple[int, ...] = (),
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    fragment: str | None = None,
    has_key: bool = False,
    others: Mapping[int, str] | None = None,
) -> Callable[[View], View]:
    """Describe a JSON view; used below its route decorator. The summary is its docstring.

    `answer` is the JSON of a 200, `query` and `body` are its fields, `fragment` describes the HTML
    that HTMX gets instead of JSON, and `others` further answers without JSON. A view with
    `has_key` accepts an `Idempotency-Key`. `refusals` are its own error statuses; those of its
    access, method and body are added automatically.
    """
    operation = Operation(answer, access, refusals, query, body, fragment, has_key, others or {})

    def keep(view: View) -> View:
        _OPERATIONS[view] = operation
        return view

    return keep


def init_app(app: Flask) -> None:
    """Refuse query arguments that a JSON route does not know or that are given twice."""

    @app.before_request
    def refuse_before_the_view() -> None:
        if not request.args or request.url_rule is None:
            return
        operation = _OPERATIONS.get(app.view_functions[request.url_rule.endpoint])
        # The cron route checks its secret first, so that a guess in the address is a 401.
        is_cron = operation is not None and operation.access is Access.CRON
        if request.url_rule.rule.startswith("/api/") and not is_cron:
            check_arguments(_argument_names(operation))


def check_arguments(known: frozenset[str] = frozenset()) -> None:
    """Raises InvalidInput for a query argument that is not `known` or is given twice."""
    unknown = [f"'{name[:40]}'" for name in request.args if name not in known]
    if unknown:
        names = ", ".join(unknown[:_MOST_NAMED])
        raise InvalidInput(N_("This route does not know these arguments: %(names)s.", names=names))
    doubled = [f"'{name}'" for name, values in request.args.lists() if len(values) > 1]
    if doubled:
        names = ", ".join(doubled)
        raise InvalidInput(N_("These arguments were given more than once: %(names)s.", names=names))


_MOST_NAMED = 5
"""How many unknown arguments the error message names."""


def _argument_names(operation: Operation | None) -> frozenset[str]:
    if operation is None or operation.query is None:
        return frozenset()
    fields = operation.query.model_fields
    return frozenset(field.alias or name for name, field in fields.items())


class Description(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


@bp.get("/api/openapi.json")
@described(Description, access=Access.PUBLIC)
def description() -> Response:
    """This description."""
    return jsonify(describe(current_app))


def describe(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of all described routes below /api/, built once."""
    if _EXTENSION not in app.extensions:
        app.extensions[_EXTENSION] = _document(app)
    made: dict[str, Any] = app.extensions[_EXTENSION]
    return made


def _document(app: Flask) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for rule, view in _rules(app):
        path, parameters = _address(rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = _operation(rule, method, view, parameters)
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mentorship",
            "version": "1",
            "description": (
                "Mentoring sessions that update their own status. Browsers call with the cookie of "
                "the signed-in person, from this site only; programs use a personal token."
            ),
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas([_OPERATIONS[view] for _rule, view in _rules(app)]),
            "responses": {status.phrase.replace(" ", ""): _refusal(status) for status in _SAYS},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": app.config["SESSION_COOKIE_NAME"],
                    "description": "Set by POST /login.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A personal token, created on the account page.",
                },
                "cron": {"type": "http", "scheme": "bearer", "description": "CRON_SECRET."},
                "recording": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Mentorship-Signature",
                    "description": "An HMAC with RECORDING_SECRET.",
                },
            },
        },
    }


_SAYS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "Something in the request is wrong; nothing was written.",
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in, or the secret is missing or wrong. "
    "HTMX is sent to the sign-in page by HX-Redirect.",
    HTTPStatus.FORBIDDEN: "The wrong role, or a changing request from another site.",
    HTTPStatus.NOT_FOUND: "It does not exist, or the caller has no access to it.",
    HTTPStatus.CONFLICT: "The current state does not allow it. "
    "If a transition by the clock was due, it was applied first.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The Idempotency-Key was used before with another body.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.TOO_MANY_REQUESTS: "A rate limit was exceeded; Retry-After is in seconds.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Turned off, or the database is not available.",
}
"""The description of each error status."""


def _rules(app: Flask) -> Iterator[tuple[Rule, Callable[..., Any]]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.rule.startswith("/api/") and view in _OPERATIONS:
            yield rule, view


def _address(rule: Rule) -> tuple[str, list[dict[str, Any]]]:
    """The path and its parameters in OpenAPI's notation."""
    path, parameters = rule.rule, []
    for name in sorted(rule.arguments):
        converter = rule._converters[name]
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if isinstance(converter, IdConverter):
            schema = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
        camel = to_camel(name)
        for start in ("<id:", "<string:", "<"):
            path = path.replace(f"{start}{name}>", f"{{{camel}}}")
        parameters.append({"name": camel, "in": "path", "required": True, "schema": schema})
    return path, parameters


def _operation(
    rule: Rule, method: str, view: Callable[..., Any], parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    kept = _OPERATIONS[view]
    summary, _, more = inspect.getdoc(view).partition("\n\n")  # type: ignore[union-attr]  # The architecture tests see to it.
    result: dict[str, Any] = {
        "operationId": f"{rule.endpoint}.{method.lower()}",
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": " ".join(summary.split()),
        "security": [{scheme: []} if scheme else {} for scheme in kept.access.value],
        "parameters": [*parameters, *_query_parameters(kept)],
        "responses": _responses(kept, method),
    }
    if more:
        result["description"] = more
    if kept.fragment:
        result["parameters"].append(_HX_REQUEST)
    if kept.has_key:
        result["parameters"].append(_IDEMPOTENCY_KEY)
    if kept.body and method != "GET":
        schema = {"schema": _reference(kept.body)}
        result["requestBody"] = {
            "required": bool(kept.body.model_json_schema().get("required")),
            "content": {"application/json": schema, "application/x-www-form-urlencoded": schema},
        }
    return result


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same body has one effect, and the same answer for a day.",
    "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY},
}

_HX_REQUEST = {
    "name": "HX-Request",
    "in": "header",
    "description": "HTMX sends `true` and gets HTML instead of JSON.",
    "schema": {"type": "string"},
}


def _query_parameters(kept: Operation) -> Iterator[dict[str, Any]]:
    if kept.query is None:
        return
    schema = _query_schema(kept.query)
    for name, shape in schema["properties"].items():
        is_required = name in schema.get("required", ())
        yield {"name": name, "in": "query", "required": is_required, "schema": shape}


def _responses(kept: Operation, method: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _reference(kept.answer)}}
    says = "Done."
    if kept.fragment:
        content["text/html"] = {"schema": {"type": "string"}}
        says = f"JSON, or for HTMX: {kept.fragment}"
    result: dict[str, Any] = {"200": {"description": says, "content": content}}
    result |= {str(status): {"description": text} for status, text in kept.others.items()}
    refusals = {400, 503, *kept.refusals}
    if kept.access is not Access.PUBLIC:
        refusals.add(401)
    if "token" in kept.access.value:
        refusals.add(429)
    if method != "GET":
        refusals.add(403)
    if (kept.body or kept.query) and method != "GET":  # HTMX sends the query as a form.
        refusals.add(413)
    if kept.has_key:
        refusals.add(422)
    for status in sorted(refusals):
        phrase = HTTPStatus(status).phrase.replace(" ", "")
        result[str(status)] = {"$ref": f"#/components/responses/{phrase}"}
    return result


def _refusal(status: HTTPStatus) -> dict[str, Any]:
    answer: dict[str, Any] = _reference(ErrorAnswer)
    if status is HTTPStatus.CONFLICT:
        answer = {"anyOf": [_reference(it) for it in (ConflictAnswer, NotFreeAnswer, ErrorAnswer)]}
    content = {
        "application/json": {"schema": answer},
        "text/html": {"schema": {"type": "string"}},
    }
    return {"description": _SAYS[status], "content": content}


class _WithoutRepetition(GenerateJsonSchema):
    """Omits titles, which repeat the field names, and the defaults of answers."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        if self.mode == "serialization":  # An answer always has all its fields.
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


_TEMPLATE = "#/components/schemas/{model}"


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _TEMPLATE.format(model=model.__name__)}


def _schemas(operations: list[Operation]) -> dict[str, Any]:
    models: set[tuple[type[BaseModel], JsonSchemaMode]] = {
        (ErrorAnswer, "serialization"),
        (ConflictAnswer, "serialization"),
        (NotFreeAnswer, "serialization"),
    }
    for operation in operations:
        models.add((operation.answer, "serialization"))
        if operation.body:
            models.add((operation.body, "validation"))
    _names, definitions = models_json_schema(
        sorted(models, key=str), ref_template=_TEMPLATE, schema_generator=_WithoutRepetition
    )
    schemas = dict(definitions["$defs"])
    for operation in operations:
        if operation.query:
            schemas |= _query_schema(operation.query).get("$defs", {})
    return schemas


def _query_schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(ref_template=_TEMPLATE, schema_generator=_WithoutRepetition)
