"""Sessions as entries of somebody's calendar."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mentorship.adapters.ics import Method, invitation
from mentorship.adapters.mail_message import Invitation
from mentorship.adapters.translations import say
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.calendars import Alarm, Event, alarm_for, summary
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.global_ids import Identity
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import zone_of
from mentorship.queries.mail.queued import QueuedMail, SessionFacts

Facts = Row[*tuple[Any, ...]]


def event_of(
    row: Facts, viewer: Viewer, *, identity: Identity, base_url: str, alarm: Alarm = Alarm.NONE
) -> Event:
    """The entry as this person reads it. `row` has the columns of `queries.calendar_feed`.

    The revision of a booking rises with each change of it, and so does the sequence.
    """
    known = (row.changed_at, row.moved_at, row.booked_at)
    told = [say(message, viewer.language, viewer.hour_cycle) for message in _told(row, viewer)]
    if row.status is Status.CANCELLED and row.cancel_reason:
        told.append(row.cancel_reason)
    return Event(
        uid=identity.calendar_uid(row.id),
        sequence=row.revision,
        summary=say(summary(row.topic, row.status, is_delayed=row.is_delayed), viewer.language),
        description="\n".join(told),
        url=f"{base_url}/sessions/{row.id}",
        start=row.start_time,
        end=row.end_time,
        # A file does not say when its sessions were agreed, but the student existed before.
        changed_at=max((at for at in known if at), default=row.student_since),
        is_cancelled=row.status is Status.CANCELLED,
        alarm=alarm_for(alarm, row.status),
    )


def invitation_of(
    mail: QueuedMail, session: SessionFacts, *, identity: Identity, base_url: str, organizer: str
) -> Invitation:
    """The invitation in a mail about a session, with the session as it is now."""
    is_cancelled = session.status is Status.CANCELLED
    reader = mail.reader
    other = session.student if reader.id == session.mentor_id else session.mentor
    title = summary(session.topic, session.status, is_delayed=session.is_delayed)
    event = Event(
        uid=identity.calendar_uid(session.booking_id),
        sequence=session.revision,
        summary=say(title, reader.language),
        description=say(N_("With %(name)s.", name=other), reader.language),
        url=f"{base_url}/sessions/{session.booking_id}",
        start=session.start_time,
        end=session.end_time,
        changed_at=mail.created_at,
        is_cancelled=is_cancelled,
    )
    method = Method.CANCEL if is_cancelled else Method.REQUEST
    calendar = invitation(event, method, organizer=organizer, reader=reader.email, name=reader.name)
    return Invitation(method.value, calendar)


def _told(row: Facts, viewer: Viewer) -> list[str]:
    """The description of an entry, with times in the reader's zone."""
    zone = zone_of(viewer.timezone)

    def at(instant: datetime) -> datetime:
        return instant.astimezone(zone)

    other = row.student if viewer.id == row.mentor_id else row.mentor
    told: list[str] = [N_("With %(name)s.", name=other)]
    if row.moved_at:
        told.append(N_("Moved from %(time)s.", time=at(row.moved_from)))
    if row.status is Status.CANCELLED:
        told.append(N_("It was cancelled."))
    elif row.status is Status.COMPLETED:
        told.append(N_("It was completed on %(time)s.", time=at(row.completed_at)))
    elif row.is_delayed and row.started_at:
        told.append(N_("It began late, on %(time)s.", time=at(row.started_at)))
    elif row.is_delayed:
        told.append(N_("Nobody has started it yet."))
    return told
