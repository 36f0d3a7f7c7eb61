"""Other systems that are called about transitions, and the calls."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.models.columns import PROBLEM, Model, str_enum


class CallOutcome(StrEnum):
    """How a call ended: delivered, or given up after many tries or with its endpoint."""

    DELIVERED = "delivered"
    GIVEN_UP = "given-up"


class OffReason(StrEnum):
    """Why an endpoint was turned off automatically."""

    GONE = "gone"
    FAILING = "failing"


class WebhookEndpoint(Model):
    """An address that is called about each transition while it `is_active`. Instants in UTC.

    Its signing key is derived from the installation's secret key and `salt`. `failing_since` is
    the time of the first failure since the last success; `off_reason` is why it was turned off
    automatically. A removed endpoint keeps its row, because a transition may be using it.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    salt: Mapped[str] = mapped_column(String(64))
    is_active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    off_reason: Mapped[OffReason | None] = mapped_column(str_enum(OffReason, name="off_reason"))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("removed_at IS NULL OR NOT is_active", name="removed_is_off"),
    )


class WebhookCall(Model):
    """One call about one transition, written in the transition's transaction. Instants in UTC.

    `next_try_at` and `claimed_by` work as in the outbox of mail. `answer` is the last HTTP status,
    `problem` why there was none, `error` in technical words.
    """

    __tablename__ = "webhook_calls"

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    change_id: Mapped[int] = mapped_column(ForeignKey("status_changes.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(server_default="0")
    outcome: Mapped[CallOutcome | None] = mapped_column(str_enum(CallOutcome, name="outcome"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[int | None]
    problem: Mapped[Problem | None] = mapped_column(PROBLEM)
    error: Mapped[str | None] = mapped_column(String(500))

    __table_args__ = (
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_has_its_time"),
        UniqueConstraint("endpoint_id", "change_id"),
        Index("ix_webhook_calls_endpoint", "endpoint_id", "id"),
        Index(
            "ix_webhook_calls_pending",
            "endpoint_id",
            "id",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
    )
