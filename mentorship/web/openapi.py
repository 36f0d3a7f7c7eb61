"""The OpenAPI 3.1 description of the JSON routes."""

from flask import Blueprint, Response, jsonify

bp = Blueprint("openapi", __name__)


@bp.get("/api/openapi.json")
def description() -> Response:
    """The description."""
    return jsonify({})
