"""The person who makes a request, and their part in a session."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.shared.errors import Forbidden
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_


class Role(StrEnum):
    """The role of a person; one person may have several."""

    STUDENT = "STUDENT"
    MENTOR = "MENTOR"
    ADMIN = "ADMIN"


class Scope(StrEnum):
    """Whose sessions a list shows: the viewer's own, or everybody's."""

    OWN = "own"
    ALL = "all"


@dataclass(frozen=True)
class Viewer:
    """The signed-in person who makes the request.

    `timezone` is an IANA name, `epoch` the sign-in epoch. `hour_cycle` and `language` are None if
    the browser's language decides.
    """

    id: int
    roles: frozenset[Role]
    name: str
    email: str
    timezone: str
    epoch: int
    hour_cycle: HourCycle | None = None
    language: Language | None = None

    @property
    def is_student(self) -> bool:
        """Whether this person may book sessions."""
        return Role.STUDENT in self.roles

    @property
    def is_mentor(self) -> bool:
        """Whether this person may offer time slots."""
        return Role.MENTOR in self.roles

    @property
    def is_admin(self) -> bool:
        """Whether this person is an admin, also in sessions of their own."""
        return Role.ADMIN in self.roles

    @property
    def has_both_parts(self) -> bool:
        """Whether this person may be the student of one session and the mentor of another."""
        return self.is_student and self.is_mentor

    @property
    def chooses_scope(self) -> bool:
        """Whether this person can see their own sessions or all, as they like."""
        return scope_of(self.roles, Scope.OWN) is not scope_of(self.roles, Scope.ALL)

    def scope_argument(self, scope: Scope) -> Scope | None:
        """The `scope` argument of an address that shows this scope; None if it is the default."""
        return None if scope is scope_of(self.roles, Scope.OWN) else scope

    def takes_part(self, *, student_id: int, mentor_id: int) -> bool:
        """Whether this person may see the session."""
        return self.party(student_id=student_id, mentor_id=mentor_id) is not None

    def party(self, *, student_id: int, mentor_id: int) -> Party | None:
        """The part in which this person acts on a session; None for a stranger."""
        return party_of(self.roles, self.id, student_id=student_id, mentor_id=mentor_id)


_FORBIDDEN = {
    Role.STUDENT: N_("Only students can book sessions."),
    Role.MENTOR: N_("Only mentors can offer time slots."),
    Role.ADMIN: N_("Only admins can do this."),
}


def require_role(viewer: Viewer, role: Role) -> None:
    """Raises Forbidden if the viewer does not have this role."""
    if role not in viewer.roles:
        raise Forbidden(_FORBIDDEN[role])


def party_of(roles: Set[Role], person_id: int, *, student_id: int, mentor_id: int) -> Party | None:
    """The part in which somebody acts on a session; None for a stranger.

    Their part in the session comes first, so admins act as admins only on sessions of others.
    """
    if person_id == mentor_id:
        return Party.MENTOR
    if person_id == student_id:
        return Party.STUDENT
    return Party.ADMIN if Role.ADMIN in roles else None


def scope_of(roles: Set[Role], asked: Scope) -> Scope:
    """The scope that somebody with these roles gets who asked for `asked`.

    Only admins see everybody's sessions. Admins without another role have none of their own.
    """
    if Role.ADMIN not in roles:
        return Scope.OWN
    return Scope.ALL if roles == {Role.ADMIN} else asked
