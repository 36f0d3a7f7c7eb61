"""The command that explains a session."""

import json
from datetime import datetime

import click

from mentorship import current
from mentorship.cli.database import with_database
from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import CLOCK_RULES, State
from mentorship.domain.sessions.outcomes import OUTCOME_TEXT
from mentorship.domain.sessions.receipts import TITLES, Entry, headline
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.time_format import duration
from mentorship.domain.shared.zones import UTC_NAME
from mentorship.extensions import db
from mentorship.queries.sessions.receipts.history import Receipt, receipt_of
from mentorship.queries.sessions.receipts.records import SessionRecord
from mentorship.schemas.base import LARGEST_ID
from mentorship.schemas.receipts import receipt_answer


@click.command()
@click.argument("session_id", metavar="ID", type=click.IntRange(1, LARGEST_ID))
@click.option("--json", "as_json", is_flag=True, help="Print JSON as the API answers it.")
@with_database
def explain(session_id: int, *, as_json: bool) -> None:
    """Print the history of a session, with times in UTC. Changes nothing."""
    now, silence = utc_now(), current.settings().outcome_silence
    try:
        receipt = receipt_of(db.session(), None, session_id, now=now, silence=silence)
    except NotFound as error:
        raise click.ClickException(error.message) from None
    if as_json:
        click.echo(json.dumps(receipt_answer(receipt, UTC_NAME, str)))
    else:
        click.echo("\n".join(_lines(receipt, now)))


def _lines(receipt: Receipt, now: datetime) -> list[str]:
    record = receipt.record
    lines = [
        f"Session {record.session_id}: {record.topic or 'Mentoring session'}",
        f"Status:   {record.status}{', delayed' if record.is_delayed else ''}",
        f"Mentor:   {record.mentor.name} ({record.mentor.id})",
        f"Students: {', '.join(f'{each.name} ({each.id})' for each in record.students)}",
        f"Time:     {record.start_time:%Y-%m-%d %H:%M} to {record.end_time:%Y-%m-%d %H:%M} UTC",
        f"Minutes:  {_minutes(record)}",
        f"Outcome:  {_outcome(record)}",
        "History, times in UTC:",
        *(line for entry in receipt.history for line in _entry(entry)),
    ]
    return lines + _overdue(record, now)


def _minutes(record: SessionRecord) -> str:
    minutes = record.minutes
    known = (("booked", minutes.booked), ("delivered", minutes.delivered), ("owed", minutes.owed))
    return ", ".join(f"{'unknown' if n is None else n} {what}" for what, n in known)


def _outcome(record: SessionRecord) -> str:
    outcome = record.known.outcome
    text = outcome.state.value
    if outcome.value is not None:
        text += f": {OUTCOME_TEXT[outcome.value]}"
    if outcome.settles_at is not None:
        text += f", settles at {outcome.settles_at:%Y-%m-%d %H:%M:%S} UTC"
    return text


def _entry(entry: Entry) -> list[str]:
    lag = "" if entry.lag is None else f" ({duration(entry.lag, Language.EN)} after it was due)"
    more = [entry.sentence] if entry.is_transition else []
    more += [f'"{entry.reason}"'] if entry.reason else []
    first = f"  {entry.applied_at:%Y-%m-%d %H:%M:%S}  {headline(entry, UTC_NAME)}{lag}"
    return [first, *(f"{'':23}{line}" for line in more)]


def _overdue(record: SessionRecord, now: datetime) -> list[str]:
    """The transition that is due and that the next sweep will apply, if there is one."""
    state = State(
        record.status, record.is_delayed, record.started_at, record.start_time, record.end_time
    )
    return [
        f"Due since {state.at(rule.since, now):%Y-%m-%d %H:%M:%S}, but not applied yet: "
        f"{TITLES[rule.action]}"
        for rule in CLOCK_RULES
        if rule.since is not None and rule.matches(state, now)
    ]


COMMANDS = (explain,)
