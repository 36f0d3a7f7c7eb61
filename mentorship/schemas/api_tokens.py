"""The JSON of personal tokens."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from mentorship.domain.accounts.api_tokens import DEFAULT_DAYS, LONGEST_DAYS, TokenScope
from mentorship.schemas.base import PRINTABLE, Answer, Fields, Instant, SuccessAnswer
from mentorship.services.accounts.api_tokens import LONGEST_NAME, clean_scope, clean_token_name


class TokenFields(Fields):
    """What a new token is for, what it may do, and for how many days."""

    name: Annotated[str, AfterValidator(clean_token_name)] = Field(
        json_schema_extra={"minLength": 1, "maxLength": LONGEST_NAME, "pattern": PRINTABLE}
    )
    scope: Annotated[TokenScope, BeforeValidator(clean_scope)] = TokenScope.ACT
    days: int = Field(DEFAULT_DAYS, ge=1, le=LONGEST_DAYS)


class TokenAnswer(Answer):
    """A personal token that works, without its secret."""

    id: int
    name: str
    scope: TokenScope
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None = None


class TokensAnswer(SuccessAnswer):
    """All of a person's tokens that work."""

    tokens: list[TokenAnswer]


class NewTokenAnswer(TokenAnswer, SuccessAnswer):
    """A new token; `token` is the secret to send after Bearer, and is shown only here."""

    token: str = Field(validation_alias="secret")


class RevokedAnswer(SuccessAnswer):
    """The token is revoked; `changed` is false if it was revoked before."""

    changed: bool
