"""The worker: sweeps when the next transition is due, and sends mail and webhooks in parallel.

Between sweeps it publishes the mentors' slots up to their horizons and corrects them when time
zone rules change. It also updates the holds of waiting lists, and deletes old answers, mail and
webhook calls.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mentorship.adapters.mail_transport import MailTransport, Unreachable
from mentorship.models import Cause
from mentorship.queries.sessions.due import next_due
from mentorship.services.availability.publish import Publisher
from mentorship.services.availability.zone_watch import ZoneWatch
from mentorship.services.booking.holds import HoldUpdater, expire_holds
from mentorship.services.booking.idempotency import forget_old_answers
from mentorship.services.mail.compose import MailSettings
from mentorship.services.mail.outcomes import enqueue_outcome_requests
from mentorship.services.mail.reminders import enqueue_reminders
from mentorship.services.mail.send import send_due_mail
from mentorship.services.operations.retention import Retention
from mentorship.services.sessions.recording_webhook import forget_old_calls
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.webhooks.send import WebhookSender

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(seconds=1)
"""The longest pause, because a session may be booked or moved at any time."""

AT_LEAST = timedelta(milliseconds=50)
"""The shortest pause, so that the worker does not spin on a due session that is locked."""

SENDERS = 2
"""Parallel mail connections of a worker: one sends while another waits for an answer."""

AFTER_AN_ERROR = timedelta(seconds=5)

AFTER_NO_ANSWER = timedelta(seconds=30)
"""The pause while the mail server is down."""


def run_worker(
    open_session: Callable[[], Session],
    *,
    clock: Callable[[], datetime],
    wait: Callable[[timedelta], bool],
) -> None:
    """Sweep until `wait` returns True.

    `wait` sleeps for at most the given time and returns whether to stop. Any number of workers may
    run. If the database cannot be reached, that is logged and tried again.
    """
    beside = (ZoneWatch(), Publisher(), HoldUpdater(), Retention())

    def one_round(session: Session) -> timedelta:
        pause = _sweep_once(session, clock)
        is_more = [each.step(session, now=clock()) for each in beside]
        return min(pause, AT_LEAST) if any(is_more) else pause

    _go_round(open_session, one_round, wait)


def run_mail(
    open_session: Callable[[], Session],
    transport: MailTransport,
    settings: MailSettings,
    *,
    clock: Callable[[], datetime],
    wait: Callable[[timedelta], bool],
) -> None:
    """Enqueue what is due by the clock and send mail until `wait` returns True.

    Runs in a thread of its own, so that a slow mail server does not delay the sweeps.
    """

    def one_round(session: Session) -> timedelta:
        return _mail_once(session, transport, settings, clock, is_over=lambda: wait(timedelta(0)))

    _go_round(open_session, one_round, wait)


def run_calls(
    open_session: Callable[[], Session], sender: WebhookSender, *, wait: Callable[[timedelta], bool]
) -> None:
    """Call webhooks until `wait` returns True."""
    _go_round(open_session, sender.step, wait)
    with open_session() as session:
        sender.close(session)


def _go_round(
    open_session: Callable[[], Session],
    one_round: Callable[[Session], timedelta],
    wait: Callable[[timedelta], bool],
) -> None:
    pause = timedelta(0)
    while not wait(pause):
        try:
            with open_session() as session:
                pause = one_round(session)
        except SQLAlchemyError as error:
            log.error("worker_cannot_use_database", error=str(error).splitlines()[0])
            pause = AFTER_AN_ERROR
        except Exception as error:  # Whatever the error is, the next round may succeed.
            log.error("worker_round_failed", exc_info=error)
            pause = AFTER_AN_ERROR


def _mail_once(
    session: Session,
    transport: MailTransport,
    settings: MailSettings,
    clock: Callable[[], datetime],
    *,
    is_over: Callable[[], bool],
) -> timedelta:
    """Send one batch of mail; returns how long to wait before the next."""
    enqueue_reminders(session, now=clock())
    enqueue_outcome_requests(session, now=clock(), silence=settings.outcome_silence)
    try:
        done = send_due_mail(session, transport, settings, clock=clock, is_over=is_over)
    except Unreachable as error:
        log.error("mail_cannot_be_sent", error=str(error))
        return AFTER_NO_ANSWER
    if done.total == 0:
        return LOOK_AGAIN
    log.info(
        "mail", sent=done.sent, set_aside=done.set_aside, dropped=done.dropped, put_off=done.put_off
    )
    return timedelta(0)


def _sweep_once(session: Session, clock: Callable[[], datetime]) -> timedelta:
    """Sweep and do what else is due; returns how long to wait before the next sweep."""
    now = clock()
    result = update_session_statuses(session, now=now, cause=Cause.WORKER, returning=no_updates)
    if result.started or result.completed or result.failed:
        log.info("swept", started=result.started, completed=result.completed, failed=result.failed)
    expire_holds(session, now=now)
    forget_old_answers(session, now=now)
    forget_old_calls(session, now=now)
    due = next_due(session, now=now)
    if due is None:
        return LOOK_AGAIN
    return min(max(due - clock(), AT_LEAST), LOOK_AGAIN)
