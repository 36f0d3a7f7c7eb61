"""A kept page is the page that would be drawn now, whatever happened since it was drawn."""

from collections import Counter

import pytest
from flask import current_app
from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mentorship import create_app
from mentorship.extensions import db
from mentorship.queries.standing import Standing
from mentorship.web import kept
from mentorship.web.identity import SignedIn
from mentorship.web.kept import EXTENSION, Shelf
from tests.support.builders import at
from tests.support.databases import settings_for
from tests.support.offers import DEEDS, World

RUNS = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
deeds = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 10_000)), min_size=15, max_size=25
)
BEGIN = [("publish_slot", number) for number in range(0, 120, 7)] + [("publish_rule", 1)]


class NothingKept(Shelf):
    """Draws each page anew."""

    def find(self, *_asked):
        return None


class Counting(Shelf):
    """Notes how often a page was found."""

    def __init__(self):
        super().__init__()
        self.found = Counter()

    def find(self, *asked):
        drawn = super().find(*asked)
        self.found[drawn is not None] += 1
        return drawn


@pytest.fixture
def clients(app, database_url):
    """Of two servers on one database: one keeps pages, the other draws each page anew."""
    fresh = create_app(settings_for(database_url))
    app.extensions[EXTENSION], fresh.extensions[EXTENSION] = Counting(), NothingKept()

    def of(viewer):
        clients = []
        for each in (app, fresh):
            client = each.test_client()
            with client.session_transaction() as cookie:
                cookie["_user_id"] = SignedIn(viewer).get_id()
            clients.append(client)
        return clients

    yield of
    with fresh.app_context():
        db.engine.dispose()


@pytest.fixture
def walk(session, clients):
    """`walk(deeds)`: whether each page was right after each deed, in a world of its own."""

    def check(steps):
        with freeze_time(at("08:00"), ignore=["sqlalchemy", "psycopg", "_pytest"]) as clock:
            world = World(session, clock.move_to)
            lookers = [(viewer, *clients(viewer)) for viewer in world.viewers]
            for deed, number in BEGIN:
                world.do(deed, number)
            for deed, number in steps:
                world.do(deed, number)
                told = f"after {deed} {number} at {world.now}"
                for page in world.pages:
                    for viewer, keeping, fresh in lookers:
                        expected, found = fresh.get(page), keeping.get(page)
                        assert expected.status_code in (200, 404)
                        assert found.status_code == expected.status_code, told
                        assert found.text == expected.text, f"{page} for {viewer.name} {told}"

    return check


def test_a_kept_page_is_the_page_that_would_be_drawn(app, walk):
    RUNS(given(deeds)(walk))()

    found = app.extensions[EXTENSION].found
    assert found[True] > found[False], "pages are kept, or this shows nothing"


LOOK = ("sweep", 0)
"""Changes nothing here. Pages that were looked at twice are kept."""

BOOK = ("book_slot", 4)
"""A seat in a group, which then is free for everybody but its student."""

NAIVE = [
    ("mentor_time_slots", "insert", ("publish_slot", 1)),
    ("mentor_time_slots", "update", ("withdraw_slot", 5)),
    ("session_bookings", "insert", ("book_slot", 6)),
    ("session_bookings", "update", ("cancel", 0)),
    ("mentor_profiles", "update", ("change_settings", 3)),
    ("users", "update", ("approve_or_not", 3)),
]


@pytest.mark.parametrize(("table", "write", "deed"), NAIVE)
def test_the_check_catches_a_database_that_does_not_count_one_kind_of_change(
    session, engine, walk, table, write, deed
):
    walk([BOOK, LOOK, LOOK, deed])
    on = f" ON {table}" if engine == "postgresql" else ""
    session.execute(text(f"DROP TRIGGER count_{table}_{write}{on}"))
    session.commit()

    with pytest.raises(AssertionError, match=f"after {deed[0]}"):
        walk([BOOK, LOOK, LOOK, deed])


def test_the_check_catches_pages_that_outlive_their_time(walk, monkeypatch):
    monkeypatch.setattr("mentorship.web.mentors.next_change", lambda *_args, **_options: None)

    with pytest.raises(AssertionError, match="after pass_time"):
        walk([LOOK, LOOK, ("pass_time", 60)])


def test_the_check_catches_pages_that_forget_the_students_own_sessions(app, walk, monkeypatch):
    def forgetful(*args, **options):
        found = standing(*args, **options)
        return Standing(found.offers, None, 0) if current_app.name == "forgetful" else found

    app.name = "forgetful"

    standing = kept.standing
    monkeypatch.setattr(kept, "standing", forgetful)

    with pytest.raises(AssertionError, match="after book_slot"):
        walk([LOOK, LOOK, BOOK])
