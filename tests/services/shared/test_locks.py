"""Locks on what a transaction is going to change, and who waits for how long."""

import pytest
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.models import User
from mentorship.services.shared.locks import lock_people

MOST_PARAMETERS = {"postgresql": 65_535, "sqlite": 250_000}
"""Of one statement."""


def test_more_people_than_a_statement_can_name_are_locked(session, engine, cast):
    begin_write(session)
    lock_people(session, range(MOST_PARAMETERS[engine] + 1, 0, -1))

    if engine == "postgresql":
        with Session(session.get_bind()) as other:
            free = select(User.id).with_for_update(skip_locked=True, key_share=True)
            assert other.scalars(free).all() == []


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_database_without_a_sign_of_life_is_given_up_unless_the_url_says_otherwise(database_url):
    address = make_url(database_url).update_query_dict({"tcp_user_timeout": "7000"})
    engine = create_engine(address)
    with engine.connect() as connection:
        asked = connection.connection.driver_connection.info.get_parameters()
    engine.dispose()

    assert asked["tcp_user_timeout"] == "7000"
    assert [asked[f"keepalives_{name}"] for name in ("idle", "interval", "count")] == [
        "10",
        "5",
        "3",
    ]
    assert asked["connect_timeout"] == "10"


def test_a_write_waits_ten_seconds_for_a_lock_whoever_used_the_connection_before(session, engine):
    shows = ["PRAGMA busy_timeout"]
    if engine == "postgresql":
        shows = ["SHOW lock_timeout", "SHOW idle_in_transaction_session_timeout"]
        session.execute(text("SET lock_timeout = 0"))
        session.commit()
    begin_write(session)

    found = [session.scalar(text(show)) for show in shows]
    assert found == ([10_000] if engine == "sqlite" else ["10s", "1min"])
