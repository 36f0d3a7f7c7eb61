"""Personal tokens as JSON."""

from flask import Blueprint, Response, jsonify

from mentorship.clock import utc_now
from mentorship.domain.shared.errors import Forbidden
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.queries.accounts.api_tokens import tokens_of
from mentorship.schemas.api_tokens import (
    NewTokenAnswer,
    RevokedAnswer,
    TokenFields,
    TokensAnswer,
)
from mentorship.schemas.base import NoFields
from mentorship.services.accounts import api_tokens
from mentorship.web.http.authentication import bearer, required_viewer
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.password_confirmation import require_recent_password
from mentorship.web.http.request_body import body

bp = Blueprint("tokens", __name__, url_prefix="/api/tokens")


@bp.get("")
@described(TokensAnswer, access=Access.SIGNED_IN)
def index() -> Response:
    """The viewer's tokens that work, the newest first."""
    held = tokens_of(db.session(), required_viewer(), now=utc_now())
    answer = TokensAnswer.from_record({"tokens": held})
    return jsonify(answer.json_ready())


@bp.post("")
@described(NewTokenAnswer, access=Access.SIGNED_IN, body=TokenFields, refusals=(403,))
def create() -> Response:
    """Create a token; `token` is shown only once.

    A new password ends it. Tokens cannot create tokens.
    """
    viewer = required_viewer()
    if bearer():  # With a leaked token, access would outlive the token.
        raise Forbidden(N_("A token cannot make tokens. Please sign in with a browser."))
    require_recent_password(viewer)
    fields = body(TokenFields)
    token = api_tokens.create_token(
        db.session(),
        viewer=viewer,
        name=fields.name,
        scope=fields.scope,
        days=fields.days,
        now=utc_now(),
    )
    answer = NewTokenAnswer.from_record(token)
    return jsonify(answer.json_ready())


@bp.delete("/<id:token_id>")
@described(RevokedAnswer, access=Access.SIGNED_IN, body=NoFields, refusals=(404,))
def revoke(token_id: int) -> Response:
    """Revoke a token."""
    viewer = required_viewer()
    body(NoFields)
    changed = api_tokens.revoke_token(db.session(), viewer=viewer, token_id=token_id, now=utc_now())
    return jsonify(RevokedAnswer(changed=changed).json_ready())
