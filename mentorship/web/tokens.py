"""Personal tokens as JSON."""

from flask import Blueprint, Response, jsonify

from mentorship.clock import utc_now
from mentorship.extensions import db
from mentorship.queries.tokens import tokens_of
from mentorship.services import tokens
from mentorship.web.fields import body
from mentorship.web.identity import required_viewer
from mentorship.web.openapi import Access, described
from mentorship.wire import (
    NewTokenAnswer,
    NoFields,
    RevokedAnswer,
    TokenAnswer,
    TokenFields,
    TokensAnswer,
)

bp = Blueprint("tokens", __name__, url_prefix="/api/tokens")


@bp.get("")
@described(TokensAnswer, access=Access.SIGNED_IN)
def read() -> Response:
    """The viewer's tokens that work, the newest first."""
    held = tokens_of(db.session(), required_viewer())
    answer = TokensAnswer(
        success=True,
        tokens=[
            TokenAnswer(
                id=token.id,
                name=token.name,
                created_at=token.created_at,
                last_used_at=token.last_used_at,
            )
            for token in held
        ],
    )
    return jsonify(answer.json_ready())


@bp.post("")
@described(NewTokenAnswer, access=Access.SIGNED_IN, body=TokenFields)
def make() -> Response:
    """Make a token; `token` is told this once. A new password ends it."""
    viewer, fields = required_viewer(), body(TokenFields)
    db.session.rollback()  # The reading transaction in which the viewer was found.
    token = tokens.make(db.session(), viewer=viewer, name=fields.name, now=utc_now())
    answer = NewTokenAnswer(
        success=True,
        id=token.id,
        name=token.name,
        created_at=token.created_at,
        last_used_at=None,
        token=token.secret,
    )
    return jsonify(answer.json_ready())


@bp.delete("/<id:token_id>")
@described(RevokedAnswer, access=Access.SIGNED_IN, body=NoFields, refusals=(404,))
def revoke(token_id: int) -> Response:
    """Revoke a token."""
    viewer = required_viewer()
    body(NoFields)
    db.session.rollback()
    changed = tokens.revoke(db.session(), viewer=viewer, token_id=token_id, now=utc_now())
    return jsonify(RevokedAnswer(success=True, changed=changed).json_ready())
