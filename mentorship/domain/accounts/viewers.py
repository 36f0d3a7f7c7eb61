"""Who asks, and in which relation to a session."""

from dataclasses import dataclass
from enum import StrEnum

from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.shared.errors import Forbidden
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_


class Role(StrEnum):
    """What a person may do."""

    STUDENT = "STUDENT"
    MENTOR = "MENTOR"
    ADMIN = "ADMIN"


@dataclass(frozen=True)
class Viewer:
    """The signed-in person who asks; `timezone` is an IANA name, `epoch` their sign-in epoch.

    `hour_cycle` and `language` are None where the language of their browser decides.
    """

    id: int
    role: Role
    name: str
    email: str
    timezone: str
    epoch: int
    hour_cycle: HourCycle | None = None
    language: Language | None = None

    def takes_part(self, *, student_id: int, mentor_id: int) -> bool:
        """Whether a session is this person's to see."""
        return self.party(student_id=student_id, mentor_id=mentor_id) is not None

    def party(self, *, student_id: int, mentor_id: int) -> Party | None:
        """In which relation this person acts on a session; None for a stranger."""
        return party_of(self.role, self.id, student_id=student_id, mentor_id=mentor_id)


_FORBIDDEN = {
    Role.STUDENT: N_("Only students can book sessions."),
    Role.MENTOR: N_("Only mentors can offer time slots."),
    Role.ADMIN: N_("Only admins can do this."),
}


def require_role(viewer: Viewer, role: Role) -> None:
    """Raises Forbidden for everybody whose role is another one."""
    if viewer.role is not role:
        raise Forbidden(_FORBIDDEN[role])


def party_of(role: Role, person_id: int, *, student_id: int, mentor_id: int) -> Party | None:
    """In which relation somebody acts on a session; None for a stranger."""
    if role is Role.ADMIN:
        return Party.ADMIN
    if person_id == mentor_id:
        return Party.MENTOR
    if person_id == student_id:
        return Party.STUDENT
    return None
