"""The card of a session is kept by what it is drawn from, so that must be all that it looks at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flask import Flask, g
from jinja2 import meta, nodes

from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.queries.sessions.dashboard import Card
from mentorship.web.sessions.cards import session_card

STARTS = datetime(2026, 11, 24, 13, tzinfo=UTC)
CARD = Card(
    id=7, party=Party.STUDENT, topic="Flame graphs", student="Sam", mentor="Maya",
    status=Status.COMPLETED, is_delayed=False, start_time=STARTS,
    end_time=STARTS + timedelta(hours=1), started_at=STARTS, cancel_reason=None,
    actions=(), is_early=False, fixed_from=STARTS, room_opens=None,
)  # fmt: skip
STUDENT = Viewer(1, frozenset({Role.STUDENT}), "Sam", "sam@example.org", "Europe/Berlin", 0)


def drawn(app: Flask, card=CARD, viewer=STUDENT, language=Language.EN, cycle=HourCycle.H23):
    with app.test_request_context():
        g.language, g.hour_cycle = language, cycle
        return session_card(card, viewer)


def test_the_template_looks_at_nothing_but_its_arguments_and_texts(app):
    source = app.jinja_env.loader.get_source(app.jinja_env, "sessions/_card.html")[0]

    tree = app.jinja_env.parse(source)
    names = {(name.ctx, name.name) for name in tree.find_all(nodes.Name)}
    set_inside = {name for use, name in names if use == "store"}
    from_everywhere = {name for use, name in names if name in app.jinja_env.globals}
    assert meta.find_undeclared_variables(tree) <= set_inside
    assert from_everywhere == {"_"}


def test_whatever_a_card_shows_makes_it_another_card(app):
    first = drawn(app)

    others = [
        drawn(app, CARD._replace(mentor="Max")),
        drawn(app, CARD._replace(topic="Heaps")),
        drawn(app, CARD._replace(status=Status.ONGOING)),
        drawn(app, CARD._replace(start_time=STARTS - timedelta(days=1))),
        drawn(app, CARD._replace(party=Party.MENTOR)),
        drawn(app, CARD._replace(party=Party.ADMIN)),
        drawn(app, viewer=replace(STUDENT, timezone="America/New_York")),
        drawn(app, language=Language.DE),
        drawn(app, cycle=HourCycle.H12),
    ]

    assert len({first, *others}) == 1 + len(others)
    assert drawn(app) == first
