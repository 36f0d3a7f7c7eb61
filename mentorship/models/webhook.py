"""Webhook endpoints, and the calls to them."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    String,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.webhooks.events import EventKind
from mentorship.models.columns import PROBLEM, Model, str_enum


class CallOutcome(StrEnum):
    """How a call ended: delivered, or given up after many attempts or with its endpoint."""

    DELIVERED = "delivered"
    GIVEN_UP = "given-up"


class OffReason(StrEnum):
    """Why an endpoint was turned off automatically."""

    GONE = "gone"
    FAILING = "failing"


class EventKinds(TypeDecorator[frozenset[EventKind]]):
    """Kinds of events as text, with a comma before and after each: `,booked,moved,`."""

    impl = String(100)
    cache_ok = True

    def process_bind_param(
        self, value: Collection[EventKind] | str | None, dialect: Dialect
    ) -> str | None:
        """The kinds in the order of `EventKind`; a string is passed on for comparisons."""
        if value is None or isinstance(value, str):
            return value
        return "".join(f",{kind}" for kind in EventKind if kind in value) + ","

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> frozenset[EventKind] | None:
        """The kinds of a stored text."""
        return None if value is None else frozenset(map(EventKind, value.strip(",").split(",")))


class WebhookEndpoint(Model):
    """An address that is called about events of its `kinds` while it `is_active`; instants in UTC.

    Its signing key is derived from the installation's secret key and `salt`. `failing_since` is the
    time of the first failure since the last success; `off_reason` is why it was turned off
    automatically. A removed endpoint keeps its row, because a change may be using it.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    salt: Mapped[str] = mapped_column(String(64))
    kinds: Mapped[frozenset[EventKind]] = mapped_column(EventKinds, server_default=",transition,")
    is_active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    off_reason: Mapped[OffReason | None] = mapped_column(str_enum(OffReason, name="off_reason"))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("removed_at IS NULL OR NOT is_active", name="removed_is_off"),
        CheckConstraint("kinds LIKE ',_%,'", name="has_kinds"),
    )


_ABOUT_BOOKING = "change_id IS NULL AND move_id IS NULL AND outcome_change_id IS NULL"


class WebhookCall(Model):
    """One call about one event, written in the transaction of its change. Instants in UTC.

    The event is a transition (`change_id`), a move (`move_id`), or an answer about the outcome
    (`outcome_change_id`). If all three are empty, it is the booking itself or an outcome that was
    settled by silence; each happens once. An outcome that a transition settles has its `change_id`.
    `next_try_at` and `claimed_by` work as in the outbox. `answer` is the last HTTP status,
    `problem` says why there was none, and `error` has the technical details.
    """

    __tablename__ = "webhook_calls"

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    kind: Mapped[EventKind] = mapped_column(str_enum(EventKind, name="kind"))
    booking_id: Mapped[int] = mapped_column(ForeignKey("session_bookings.id"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("status_changes.id"))
    move_id: Mapped[int | None] = mapped_column(ForeignKey("booking_moves.id"))
    outcome_change_id: Mapped[int | None] = mapped_column(ForeignKey("outcome_changes.id"))
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
        UniqueConstraint("endpoint_id", "kind", "change_id"),
        UniqueConstraint("endpoint_id", "move_id"),
        UniqueConstraint("endpoint_id", "outcome_change_id"),
        Index(
            "uq_webhook_calls_once",
            "endpoint_id",
            "kind",
            "booking_id",
            unique=True,
            sqlite_where=text(_ABOUT_BOOKING),
            postgresql_where=text(_ABOUT_BOOKING),
        ),
        Index("ix_webhook_calls_booking", "booking_id"),
        Index("ix_webhook_calls_endpoint", "endpoint_id", "id"),
        Index(
            "ix_webhook_calls_pending",
            "endpoint_id",
            "id",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
    )


class SettledMark(Model):
    """The one row that says how far outcomes settled by silence have been reported.

    Reported are the answers given up to `told_until` (UTC) about sessions that were over by then.
    """

    __tablename__ = "settled_marks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told_until: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
