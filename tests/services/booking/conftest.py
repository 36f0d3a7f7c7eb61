"""Students who wait."""

import pytest

from mentorship.domain.accounts.viewers import Role
from tests.support.builders import a_user


@pytest.fixture
def ann(session):
    return a_user(session, "Ann", Role.STUDENT)


@pytest.fixture
def bob(session):
    return a_user(session, "Bob", Role.STUDENT)
