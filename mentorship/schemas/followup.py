"""The JSON of a session's meeting link, recording, feedback and late notices."""

from typing import Any

from pydantic import Field

from mentorship.domain.sessions.lateness import MOST_MINUTES
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.meeting_links import LONGEST_LINK
from mentorship.domain.shared.messages import N_
from mentorship.schemas.base import Fields, Id, Reason, Say, Sentence, SuccessAnswer


class LinkFields(Fields):
    """A web address; empty removes it."""

    url: str = ""


class RecordingFields(Fields):
    """The link to a recording.

    The session is named here, too, since the signature covers the body.
    """

    session_id: Id
    url: str = Field(min_length=1, max_length=LONGEST_LINK)


class RatingFields(Fields):
    """A student's rating of a session."""

    rating: int = Field(ge=1, le=5)
    comment: str = ""


class NotesFields(Fields):
    """A mentor's notes about a session, and the texts that the form had shown."""

    summary: str = ""
    private_notes: str = ""
    shown_summary: str = ""
    shown_private_notes: str = ""


class LateFields(Fields):
    """By about how many minutes the person will be late; 0 takes it back."""

    minutes: int = Field(ge=0, le=MOST_MINUTES)
    note: Reason = ""


class LateAnswer(SuccessAnswer):
    """The late notice of the person after the request."""

    message: Sentence
    session_id: int
    new_status: Status = Field(validation_alias="status")
    is_delayed: bool
    minutes: int
    note: str
    changed: bool


class RecordingAnswer(SuccessAnswer):
    """The session has this recording; `changed` is false if it had it before."""

    message: str
    session_id: int
    url: str
    changed: bool


def recording_answer(session_id: int, url: str, say: Say, *, changed: bool) -> dict[str, Any]:
    """The answer of the recording route."""
    done = N_("Recording added.")
    return RecordingAnswer(
        message=say(done if changed else N_("The session has this recording already.")),
        session_id=session_id,
        url=url,
        changed=changed,
    ).json_ready()
