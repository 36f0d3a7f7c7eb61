"""A kept page is the page that would be drawn now, whatever happened since it was drawn."""

from collections import Counter
from random import Random

import pytest
from flask import current_app
from sqlalchemy import text

from mentorship.queries.standing import Standing
from mentorship.web import kept
from mentorship.web.identity import SignedIn
from mentorship.web.kept import EXTENSION, Shelf
from tests.proof.conftest import sizes
from tests.support.apps import Applications
from tests.support.builders import at
from tests.support.clocks import standing_at
from tests.support.offers import DEEDS, World

DEEDS_OF_A_WALK = 15
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


@pytest.fixture(scope="module")
def others():
    """The maker of applications that draw each page anew."""
    return Applications()


@pytest.fixture
def clients(app, database_url, others):
    """Of two servers on one database: one keeps pages, the other draws each page anew."""

    def of(viewer):
        clients = []
        for each in (app, fresh):
            client = each.test_client()
            with client.session_transaction() as cookie:
                cookie["_user_id"] = SignedIn(viewer).get_id()
            clients.append(client)
        return clients

    with others.on(database_url) as fresh:
        app.extensions[EXTENSION], fresh.extensions[EXTENSION] = Counting(), NothingKept()
        yield of


@pytest.fixture
def walk(session, clients):
    """`walk(deeds)`: whether each page was right after each deed, in a world of its own.

    `by` says who looks at the pages; without it all do.
    """

    def check(steps, by=lambda world: world.viewers):
        with standing_at(at("08:00")) as clock:
            world = World(session, clock.move_to)
            lookers = [(viewer, *clients(viewer)) for viewer in by(world)]
            for deed, number in BEGIN:
                world.do(deed, number)
            for deed, number in steps:
                world.do(deed, number)
                told = f"after {deed} {number} at {world.now}"
                for viewer, keeping, fresh in lookers:
                    for page in world.pages_of(viewer):
                        expected, found = fresh.get(page), keeping.get(page)
                        assert expected.status_code in (200, 404)
                        assert found.status_code == expected.status_code, told
                        assert found.text == expected.text, f"{page} for {viewer.name} {told}"

    return check


@pytest.mark.parametrize("walks", sizes(short=1, long=48))
def test_a_kept_page_is_the_page_that_would_be_drawn(app, engine, walk, walks, figure):
    for number in range(walks):
        chance = Random(f"{engine} {number}")
        walk([(chance.choice(DEEDS), chance.randrange(10_000)) for _ in range(DEEDS_OF_A_WALK)])

    found = app.extensions[EXTENSION].found
    figure(f"{walks * DEEDS_OF_A_WALK} deeds, {found.total()} pages, {found[True]} of them kept")
    assert found[True] > found[False], "pages are kept, or this shows nothing"


LOOK = ("sweep", 0)
"""Changes nothing here. Pages that were looked at twice are kept."""

BOOK = ("book_slot", 4)
"""A seat in a group, which then is free for everybody but its student."""


def one_of_each(world):
    """A student and a mentor, who see all that a naive database gets wrong."""
    return [world.students[1], world.mentors[0]]


NAIVE = [
    ("count_mentor_time_slots_insert", ("publish_slot", 1)),
    ("count_mentor_time_slots_update", ("withdraw_slot", 5)),
    ("count_session_bookings_insert", ("book_slot", 6)),
    ("count_session_bookings_update", ("cancel", 0)),
    ("count_mentor_profiles_update", ("change_settings", 3)),
    ("count_users_update", ("approve_or_not", 3)),
    ("look_users_update", ("change_person", 7)),
    ("look_mentor_profiles_update", ("open_room", 1)),
    ("look_mentor_time_slots_update", ("open_room", 9)),
]


def test_the_check_is_content_with_a_database_that_counts_all_of_them(walk):
    walk([BOOK, LOOK, *(deed for _trigger, deed in NAIVE)], by=one_of_each)


@pytest.mark.parametrize(("trigger", "deed"), NAIVE)
def test_the_check_catches_a_database_that_does_not_count_one_kind_of_change(
    session, engine, walk, trigger, deed
):
    table = trigger.partition("_")[2].rpartition("_")[0]
    on = f" ON {table}" if engine == "postgresql" else ""
    session.execute(text(f"DROP TRIGGER {trigger}{on}"))
    session.commit()

    with pytest.raises(AssertionError, match=f"after {deed[0]}"):
        walk([BOOK, LOOK, deed], by=one_of_each)


def test_the_check_catches_pages_that_outlive_their_time(walk, monkeypatch):
    monkeypatch.setattr("mentorship.web.mentors.next_change", lambda *_args, **_options: None)

    with pytest.raises(AssertionError, match="after pass_time"):
        walk([LOOK, LOOK, ("pass_time", 60)])


def test_the_check_catches_lists_that_outlive_their_time(walk, monkeypatch):
    monkeypatch.setattr("mentorship.web.lists._until", lambda *_found: None)

    with pytest.raises(AssertionError, match=r"/dashboard .* after pass_time"):
        walk([("book_slot", 1), LOOK, LOOK, ("pass_time", 67)])


def test_the_check_catches_pages_that_forget_the_students_own_sessions(app, walk, monkeypatch):
    def forgetful(*args, **options):
        found = standing(*args, **options)
        return Standing(found.offers, None, 0) if current_app.name == "forgetful" else found

    monkeypatch.setattr(app, "name", "forgetful")

    standing = kept.standing
    monkeypatch.setattr(kept, "standing", forgetful)

    with pytest.raises(AssertionError, match="after book_slot"):
        walk([LOOK, LOOK, BOOK])
