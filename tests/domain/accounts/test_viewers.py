"""In which relation people stand to a session."""

import pytest

from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.sessions.lifecycle import Party

MENTOR, STUDENT, SOMEBODY = 1, 2, 3


def viewer(user_id, role):
    return Viewer(user_id, role, "A Name", "a@example.org", "UTC", 0)


@pytest.mark.parametrize(
    ("user_id",  "role",        "party"),
    [
        (MENTOR,   Role.MENTOR,  Party.MENTOR),
        (STUDENT,  Role.STUDENT, Party.STUDENT),
        (SOMEBODY, Role.MENTOR,  None),
        (SOMEBODY, Role.STUDENT, None),
        (SOMEBODY, Role.ADMIN,   Party.ADMIN),
        (MENTOR,   Role.ADMIN,   Party.ADMIN),
        (STUDENT,  Role.ADMIN,   Party.ADMIN),
    ],
)  # fmt: skip
def test_a_person_is_a_party_by_the_session_and_an_admin_of_every_one(user_id, role, party):
    person = viewer(user_id, role)

    assert person.party(mentor_id=MENTOR, student_id=STUDENT) is party
    assert person.takes_part(mentor_id=MENTOR, student_id=STUDENT) is (party is not None)
