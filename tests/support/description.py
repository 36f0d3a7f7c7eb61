"""Compares the product's answers with its OpenAPI description."""

import re
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from mentorship.web.http.openapi import describe


def faults(document: dict[str, Any], method: str, path: str, response: Any) -> list[str]:
    """How an answer to this request differs from the description."""
    known = [
        operations
        for template, operations in document["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    operation = known[0].get(method.lower()) if known else None
    if operation is None:
        expected = 405 if known else 404
        return [] if response.status_code == expected else [f"{response.status_code}: not a route"]
    promised = operation["responses"].get(str(response.status_code))
    if promised is None:
        return [f"{response.status_code} is not among the answers"]
    if "$ref" in promised:
        promised = document["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    content = promised.get("content")
    if content is None:
        has_body = response.status_code == 204 and response.data
        return ["a body where none was promised"] if has_body else []
    if response.mimetype not in content:
        return [f"{response.mimetype} is not among the kinds of content"]
    if response.mimetype != "application/json":
        return []
    schema = content["application/json"]["schema"] | {"components": document["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(response.json)]


class DescribedClient(FlaskClient):
    """A client that fails on any answer below /api/ that the description does not promise."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """One request."""
        response = super().open(*args, **kwargs)
        method, path = response.request.method, response.request.path
        if path.startswith("/api/") and method not in ("HEAD", "OPTIONS"):
            with self.application.app_context():
                document = describe(self.application)
            assert faults(document, method, path, response) == [], (method, path)
        return response
