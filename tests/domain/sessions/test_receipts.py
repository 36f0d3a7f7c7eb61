"""The lines of a receipt: their order and their words."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from mentorship.adapters.translations import say
from mentorship.domain.sessions.lifecycle import RULE_OF, Action
from mentorship.domain.sessions.receipts import (
    TITLES,
    Entry,
    EntryKind,
    explanation,
    headline,
    in_order,
)
from mentorship.domain.shared.locales import HourCycle, Language

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def delayed(lag, cause="worker"):
    return Entry(Action.DELAY, 1, TEN + lag, RULE_OF[Action.DELAY].reason, cause=cause, due_at=TEN)


@pytest.mark.parametrize(
    ("lag", "says"),
    [
        (timedelta(milliseconds=400), "due 11:00:00, applied 11:00:00.4 by the worker"),
        (timedelta(0), "due 11:00:00, applied 11:00:00 by the worker"),
        (timedelta(milliseconds=1), "due 11:00:00, applied 11:00:00.0 by the worker"),
        (timedelta(days=1), "due Tue 24 Nov 2026, 11:00:00, applied 11:00:00 by the worker"),
    ],
)
def test_a_transition_of_the_clock_says_when_it_was_due_and_applied_and_by_what(lag, says):
    entry = delayed(lag)

    assert headline(entry, BERLIN) == f"Marked delayed: {says}"
    assert entry.lag == lag


def test_the_words_are_the_readers_in_language_and_hours():
    entry = delayed(timedelta(milliseconds=400), "cron")

    assert headline(entry, "UTC").endswith("by the cron service")
    assert say(headline(entry, "America/New_York"), Language.EN, HourCycle.H12) == (
        "Marked delayed: due 5:00:00\xa0AM, applied 5:00:00.4\xa0AM by the cron service"
    )
    german = say(headline(entry, BERLIN), Language.DE)
    assert "11:00:00,4" in german
    assert not any(word in german for word in ("due", "applied", "by", "Marked"))


def test_a_person_is_named_with_the_part_they_acted_in():
    started = Entry(Action.START, 1, TEN, "x", cause="mentor", actor="Maya")
    undone = Entry(Action.UNDO, 2, TEN, "x", cause="mentor", actor="Maya", undone=Action.START)
    moved = Entry(
        EntryKind.MOVED,
        3,
        TEN,
        "x",
        cause="admin",
        actor="Ada",
        old_start=TEN,
        new_start=TEN + timedelta(days=1),
        reason="A train.",
    )

    assert headline(started, "UTC") == "Started by Maya (mentor)"
    assert headline(undone, "UTC") == "Undone by Maya (mentor): Started"
    assert headline(moved, "UTC") == (
        "Moved by Ada (admin): from Tue 24 Nov 2026, 10:00 UTC to Wed 25 Nov 2026, 10:00 UTC"
    )
    assert explanation(moved, "UTC") == f"{headline(moved, 'UTC')} (A train.)"


def test_a_transition_is_explained_by_its_actor_or_by_the_rule():
    rule = RULE_OF[Action.CANCEL].reason
    silent = Entry(Action.CANCEL, 1, TEN, rule, cause="student", actor="Sam")
    told = Entry(Action.CANCEL, 1, TEN, rule, reason="Ill.", cause="student", actor="Sam")

    assert [explanation(each, "UTC") for each in (silent, told)] == [rule, "Ill."]


def test_lines_stand_in_the_order_of_time_and_at_one_instant_in_a_stated_one():
    at_once = [
        Entry(EntryKind.BOOKED, 7, TEN, "booked"),
        Entry(EntryKind.MOVED, 1, TEN, "moved"),
        Entry(Action.START, 1, TEN, "started"),
        Entry(Action.UNDO, 2, TEN, "undone"),
        Entry(EntryKind.OUTCOME, 1, TEN, "said"),
        Entry(EntryKind.MAIL, 1, TEN, "told"),
    ]
    before = Entry(EntryKind.MAIL, 9, TEN - timedelta(microseconds=1), "before")

    for mixed in permutations(at_once):
        assert in_order([*mixed, before]) == (before, *at_once)


def test_every_kind_has_a_title_where_its_entries_bring_no_sentence():
    kinds = {*Action, *EntryKind} - {EntryKind.OUTCOME, EntryKind.LATE, EntryKind.MAIL}

    assert set(TITLES) == kinds
