"""From a session to an entry of somebody's calendar; for the mentor of a group, from a meeting."""

from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Row

from mentorship.adapters.ics import Method, invitation
from mentorship.adapters.mail_message import Invitation
from mentorship.adapters.translations import say
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.calendars import Alarm, Event, GroupNames, alarm_for, summary
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.global_ids import Identity
from mentorship.domain.shared.messages import N_, Message, ngettext
from mentorship.domain.shared.zones import zone_of
from mentorship.queries.calendars import Entry
from mentorship.queries.mail.queued import QueuedMail, SessionFacts
from mentorship.queries.sessions.groups import Meeting


def event_of(
    entry: Entry,
    viewer: Viewer,
    *,
    identity: Identity,
    base_url: str,
    names: GroupNames = GroupNames.MENTOR,
    alarm: Alarm = Alarm.NONE,
) -> Event:
    """The entry as this person reads it. `names` says whose entries name the students of a group.

    The revision of a booking rises with each change of it, and so does the sequence.
    """
    row, group = entry
    is_mentor = viewer.id == row.mentor_id
    meeting = group if is_mentor else None
    if meeting is not None:
        who = [_students(meeting, names)]
    else:
        who = [N_("With %(name)s.", name=row.student if is_mentor else row.mentor)]
        who += _others(row.student, row.status, group, names) if viewer.id == row.student_id else []
    told = [
        say(message, viewer.language, viewer.hour_cycle)
        for message in (*who, *_told(row, zone_of(viewer.timezone)))
    ]
    if row.status is Status.CANCELLED and row.cancel_reason:
        told.append(row.cancel_reason)
    topic = row.topic if meeting is None else _topic(meeting)
    known = (row.changed_at, row.moved_at, row.booked_at, meeting.changed_at if meeting else None)
    return Event(
        uid=identity.meeting_uid(meeting.entry_id) if meeting else identity.calendar_uid(row.id),
        sequence=meeting.sequence if meeting else row.revision,
        summary=say(summary(topic, row.status, is_delayed=row.is_delayed), viewer.language),
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
    mail: QueuedMail,
    session: SessionFacts,
    *,
    identity: Identity,
    base_url: str,
    organizer: str,
    names: GroupNames = GroupNames.MENTOR,
) -> Invitation:
    """The invitation in a mail about a session, with the session as it is now.

    For the mentor of a group that is the meeting, and in mail about a student who has left it the
    entry which they were in.
    """
    reader = mail.reader
    is_mentor = reader.id == session.mentor_id
    if is_mentor and session.meeting and session.is_one_entry:
        event = _meeting_event(mail, session, session.meeting, identity, base_url, names)
    else:
        event = _session_event(mail, session, identity, base_url, names)
    method = Method.CANCEL if event.is_cancelled else Method.REQUEST
    calendar = invitation(event, method, organizer=organizer, reader=reader.email, name=reader.name)
    return Invitation(method.value, calendar)


def _meeting_event(
    mail: QueuedMail,
    session: SessionFacts,
    meeting: Meeting,
    identity: Identity,
    base_url: str,
    names: GroupNames,
) -> Event:
    language = mail.reader.language
    topic = _topic(meeting) if meeting.students else session.topic
    title = summary(topic, meeting.status, is_delayed=meeting.is_delayed)
    return Event(
        uid=identity.meeting_uid(meeting.entry_id),
        sequence=meeting.sequence,
        summary=say(title, language),
        description=say(_students(meeting, names), language),
        url=f"{base_url}/sessions/{meeting.booking_id or session.booking_id}",
        start=meeting.start_time,
        end=meeting.end_time,
        changed_at=mail.created_at,
        is_cancelled=meeting.status is Status.CANCELLED,
    )


def _session_event(
    mail: QueuedMail, session: SessionFacts, identity: Identity, base_url: str, names: GroupNames
) -> Event:
    reader, is_mentor = mail.reader, mail.reader.id == session.mentor_id
    who = [N_("With %(name)s.", name=session.student if is_mentor else session.mentor)]
    if not is_mentor:
        who += _others(session.student, session.status, session.meeting, names)
    has_left = mail.kind is MailKind.LEFT_GROUP
    status = Status.CANCELLED if has_left else session.status
    left = session.move if has_left else None
    title = summary(session.topic, status, is_delayed=session.is_delayed)
    return Event(
        uid=identity.calendar_uid(session.booking_id),
        sequence=session.revision,
        summary=say(title, reader.language),
        description="\n".join(say(message, reader.language) for message in who),
        url=f"{base_url}/sessions/{session.booking_id}",
        start=left.old_start if left else session.start_time,
        end=left.old_end if left else session.end_time,
        changed_at=mail.created_at,
        is_cancelled=status is Status.CANCELLED,
    )


def _topic(meeting: Meeting) -> str:
    is_group = len(meeting.students) > 1
    return meeting.topic or (N_("Group session") if is_group else N_("Mentoring session"))


def _students(meeting: Meeting, names: GroupNames) -> Message:
    """With whom the meeting is, for its mentor."""
    if not meeting.students:
        return N_("It was cancelled.")
    if names is GroupNames.NOBODY:
        number = len(meeting.students)
        return ngettext("With %(n)s student.", "With %(n)s students.", number)
    return N_("With %(name)s.", name=", ".join(meeting.students))


def _others(
    student: str, status: Status, group: Meeting | None, names: GroupNames
) -> list[Message]:
    """With whom else a student is in a group, where the calendars of all are to say so."""
    if names is not GroupNames.EVERYBODY or group is None or status is Status.CANCELLED:
        return []
    others = list(group.students)
    if student in others:
        others.remove(student)
    return [N_("Also in this group: %(names)s.", names=", ".join(others))] if others else []


def _told(row: Row[*tuple[Any, ...]], zone: tzinfo) -> list[Message]:
    """What there is to know besides who and when, times in the reader's zone."""

    def at(instant: datetime) -> datetime:
        return instant.astimezone(zone)

    told: list[Message] = []
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
