"""Sending webhook calls. Any number of workers may do so, and be killed at any moment."""

import secrets
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mentorship.adapters.webhook_client import NoAnswer, WebhookClient
from mentorship.database import begin_write
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.webhooks.events import Event
from mentorship.domain.webhooks.signing import endpoint_key, signed_headers
from mentorship.models import CallOutcome, OffReason, WebhookCall, WebhookEndpoint, table_of
from mentorship.queries.webhooks import Call, calls_by, next_calls
from mentorship.services.shared.leases import Leases, one_line_ascii
from mentorship.services.webhooks.calls import enqueue_settled_by_silence
from mentorship.services.webhooks.endpoints import give_up_waiting

log = structlog.get_logger(__name__)

SIDE_BY_SIDE = 8
"""How many endpoints one worker calls at a time; each gets one call at a time."""

LEASE = timedelta(minutes=1)
"""Much longer than a call takes. If a worker was killed, others repeat its calls after this."""

MOST_TRIES = 12
"""A call that has failed this often is given up, most of a day after the first attempt."""

OFF_AFTER = timedelta(days=3)
"""An endpoint whose calls have all failed for this long is turned off."""

_PAUSE_FIRST, _PAUSE_AT_MOST = timedelta(minutes=1), timedelta(hours=4)
_LOOK_AGAIN = timedelta(seconds=1)

_GONE = 410
_BUSY = (408, 429)

_CALLS, _ENDPOINTS = table_of(WebhookCall), table_of(WebhookEndpoint)
_LEASES = Leases(_CALLS)


@dataclass(frozen=True)
class _Failure:
    """Why a call has no status, and printable technical details for the log."""

    problem: Problem
    words: str

    def __str__(self) -> str:
        return self.words


_Answer = int | _Failure
"""A status, or why there is none."""


class WebhookSender:
    """Makes the waiting calls, so that no endpoint waits for another, slow one.

    `body_of` writes the body about an event; `clock` tells the time in UTC; `silence` is
    OUTCOME_HOURS, after which one side's answer settles an outcome.
    """

    def __init__(
        self,
        hooks: WebhookClient,
        secret_key: str,
        body_of: Callable[[Event], bytes],
        clock: Callable[[], datetime],
        silence: timedelta,
    ) -> None:
        self._hooks = hooks
        self._secret_key = secret_key
        self._body_of = body_of
        self._clock = clock
        self._silence = silence
        self._holder = secrets.token_hex(16)
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="webhook")
        self._under_way: dict[Future[_Answer], Call] = {}

    def step(self, session: Session) -> timedelta:
        """Store the answers so far and start further calls; returns how long to wait.

        Commits after each call. If the worker is killed before the answer to a call is stored, the
        call is repeated after its lease, with the same id.
        """
        self._note_answers(session)
        now = self._clock()
        enqueue_settled_by_silence(session, now=now, silence=self._silence)
        ids = next_calls(session, now=now, limit=SIDE_BY_SIDE - len(self._under_way))
        session.rollback()
        if ids:
            taken = _LEASES.take(session, ids, self._holder, now=now, until=now + LEASE)
            for call in calls_by(session, taken, silence=self._silence):
                self._under_way[self._pool.submit(self._make, call)] = call
            session.rollback()
        if not self._under_way:
            return _LOOK_AGAIN
        wait(self._under_way, timeout=_LOOK_AGAIN.total_seconds(), return_when=FIRST_COMPLETED)
        return timedelta(0)

    def close(self, session: Session) -> None:
        """Wait for the calls under way and store their results."""
        self._pool.shutdown()
        self._note_answers(session)

    def _make(self, call: Call) -> _Answer:
        body = self._body_of(call.event)
        key = endpoint_key(self._secret_key, call.salt)
        headers = signed_headers(key, call.webhook_id, body, now=self._clock())
        try:
            return self._hooks.post(call.url, body, headers)
        except NoAnswer as error:
            return _Failure(error.problem, one_line_ascii(str(error)))
        except Exception as error:  # noqa: BLE001  # Only this call failed, not the worker.
            return _Failure(Problem.UNEXPECTED, one_line_ascii(f"{type(error).__name__}: {error}"))

    def _note_answers(self, session: Session) -> None:
        for done in [future for future in self._under_way if future.done()]:
            call = self._under_way.pop(done)
            try:
                _note(session, call, done.result(), self._holder, now=self._clock())
            except SQLAlchemyError as error:  # The call is repeated after its lease.
                session.rollback()
                log.error("webhook_answer_lost", call_id=call.id, error=str(error))


def _note(session: Session, call: Call, answer: _Answer, holder: str, *, now: datetime) -> None:
    begin_write(session)
    # Locked before the call, in the order in which turning an endpoint off locks them.
    session.execute(
        select(WebhookEndpoint.id)
        .where(WebhookEndpoint.id == call.endpoint_id)
        .with_for_update(key_share=True)
    )
    tried: dict[str, object] = {
        "attempts": call.attempts + 1,
        "answer": answer if isinstance(answer, int) else None,
        "problem": None if isinstance(answer, int) else answer.problem,
        "error": None if isinstance(answer, int) else answer.words,
    }
    is_delivered = isinstance(answer, int) and 200 <= answer < 300
    if is_delivered:
        ended = {"outcome": CallOutcome.DELIVERED, "ended_at": now}
        is_noted = _LEASES.note(session.connection(), call.id, holder, tried | ended)
        if is_noted and call.failing_since:
            _set_endpoint(session, call, failing_since=None)
    else:
        _note_failure(session, call, answer, tried, holder, now=now)
    session.commit()
    if not is_delivered:
        log.warning(
            "webhook_failed",
            call_id=call.id,
            endpoint_id=call.endpoint_id,
            answer=answer if isinstance(answer, int) else answer.words,
        )


def _note_failure(
    session: Session,
    call: Call,
    answer: _Answer,
    tried: dict[str, object],
    holder: str,
    *,
    now: datetime,
) -> None:
    since = call.failing_since or now
    is_last = call.attempts + 1 >= MOST_TRIES
    next_try = now + min(_PAUSE_FIRST * 2**call.attempts, _PAUSE_AT_MOST)
    if is_last:
        tried |= {"outcome": CallOutcome.GIVEN_UP, "ended_at": now}
    else:
        tried |= {"next_try_at": next_try}
    if not _LEASES.note(session.connection(), call.id, holder, tried):
        return
    reason = None
    if answer == _GONE:
        reason = OffReason.GONE
    elif now - since >= OFF_AFTER:
        reason = OffReason.FAILING
    if reason is not None:
        _set_endpoint(session, call, is_active=False, off_reason=reason)
        give_up_waiting(session, call.endpoint_id, now=now)
        return
    if call.failing_since is None:
        _set_endpoint(session, call, failing_since=now)
    is_about_this_call = isinstance(answer, int) and 400 <= answer < 500 and answer not in _BUSY
    if not is_about_this_call:  # The next ones would fail as well.
        session.execute(
            update(_CALLS)
            .where(
                _CALLS.c.endpoint_id == call.endpoint_id,
                _CALLS.c.next_try_at < next_try,
                _LEASES.is_waiting(),
            )
            .values(next_try_at=next_try)
        )


def _set_endpoint(session: Session, call: Call, **columns: object) -> None:
    session.execute(update(_ENDPOINTS).where(_ENDPOINTS.c.id == call.endpoint_id).values(columns))
