"""In which relation people stand to a session."""

import pytest

from mentorship.domain.accounts.viewers import Role, Scope, Viewer, require_role, scope_of
from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.shared.errors import Forbidden

MENTOR, STUDENT, SOMEBODY = 1, 2, 3
S, M, A = Role.STUDENT, Role.MENTOR, Role.ADMIN


def viewer(user_id, *roles):
    return Viewer(user_id, frozenset(roles), "A Name", "a@example.org", "UTC", 0)


@pytest.mark.parametrize(
    ("user_id", "roles",   "party"),
    [
        (MENTOR,   {M},       Party.MENTOR),
        (STUDENT,  {S},       Party.STUDENT),
        (SOMEBODY, {M},       None),
        (SOMEBODY, {S},       None),
        (SOMEBODY, {S, M},    None),
        (SOMEBODY, {A},       Party.ADMIN),
        (SOMEBODY, {S, M, A}, Party.ADMIN),
        (MENTOR,   {S, M},    Party.MENTOR),
        (STUDENT,  {S, M},    Party.STUDENT),
        (MENTOR,   {S, M, A}, Party.MENTOR),
        (STUDENT,  {S, M, A}, Party.STUDENT),
        (MENTOR,   {S},       Party.MENTOR),  # A role that is gone takes no session away.
        (STUDENT,  {A},       Party.STUDENT),
    ],
)  # fmt: skip
def test_the_part_in_a_session_decides_and_an_admin_is_a_party_to_all_others(user_id, roles, party):
    person = viewer(user_id, *roles)

    assert person.party(mentor_id=MENTOR, student_id=STUDENT) is party
    assert person.takes_part(mentor_id=MENTOR, student_id=STUDENT) is (party is not None)


def test_somebody_with_several_roles_may_do_what_each_of_them_may():
    person = viewer(SOMEBODY, S, A)

    require_role(person, S)
    require_role(person, A)
    with pytest.raises(Forbidden, match="Only mentors"):
        require_role(person, M)
    assert (person.is_student, person.is_mentor, person.is_admin) == (True, False, True)


@pytest.mark.parametrize(
    ("roles",   "asked",   "shown"),
    [
        ({S},       Scope.OWN, Scope.OWN),
        ({S, M},    Scope.ALL, Scope.OWN),
        ({A},       Scope.OWN, Scope.ALL),
        ({A},       Scope.ALL, Scope.ALL),
        ({S, A},    Scope.OWN, Scope.OWN),
        ({M, A},    Scope.ALL, Scope.ALL),
    ],
)  # fmt: skip
def test_only_admins_see_all_and_one_who_takes_part_chooses(roles, asked, shown):
    assert scope_of(roles, asked) is shown
    assert viewer(SOMEBODY, *roles).chooses_scope is (A in roles and len(roles) > 1)
