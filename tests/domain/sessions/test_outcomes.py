"""The outcome that follows from both sides' answers, as a table from section 7 of the
specification.
"""

from datetime import timedelta

import pytest

from mentorship.domain.sessions.outcomes import (
    OUTCOME_TEXT,
    Outcome,
    OutcomeState,
    OutcomeWord,
    Statement,
    Statements,
    outcome_of,
)
from tests.support.builders import at

END, SILENCE = at("11:00"), timedelta(hours=72)
TOOK_PLACE, MENTOR_ABSENT = OutcomeWord.TOOK_PLACE, OutcomeWord.MENTOR_ABSENT


def outcome(now=END, **said):
    return outcome_of(Statements(**said), end_time=END, now=now, silence=SILENCE)


def said(word, when=END):
    return Statement(word, when)


def test_nobody_has_said_anything():
    assert outcome(END + timedelta(days=400)) == Outcome(OutcomeState.OPEN)


@pytest.mark.parametrize("side", ["mentor", "student"])
@pytest.mark.parametrize(
    ("when", "counts_from"),
    [(END - timedelta(hours=1), END), (END + timedelta(hours=5), END + timedelta(hours=5))],
)
def test_one_sides_word_settles_after_the_silence_from_the_later_of_word_and_end(
    side, when, counts_from
):
    claim = {side: said(TOOK_PLACE, when)}
    settles_at = counts_from + SILENCE
    just_before = settles_at - timedelta(microseconds=1)

    assert outcome(just_before, **claim) == Outcome(OutcomeState.CLAIMED, TOOK_PLACE, settles_at)
    assert outcome(settles_at, **claim) == Outcome(OutcomeState.SETTLED, TOOK_PLACE)


def test_agreement_settles_at_once():
    both = outcome(END, mentor=said(MENTOR_ABSENT), student=said(MENTOR_ABSENT))

    assert both == Outcome(OutcomeState.SETTLED, MENTOR_ABSENT)


def test_disagreement_stands_until_an_admin_decides():
    sides = {"mentor": said(TOOK_PLACE), "student": said(MENTOR_ABSENT)}
    later = END + timedelta(days=400)

    assert outcome(later, **sides) == Outcome(OutcomeState.DISPUTED)
    decided = outcome(later, **sides, decision=said(MENTOR_ABSENT))
    assert decided == Outcome(OutcomeState.SETTLED, MENTOR_ABSENT)


def test_an_admins_word_stands_against_both_sides():
    both = {"mentor": said(TOOK_PLACE), "student": said(TOOK_PLACE)}

    assert outcome(**both, decision=said(OutcomeWord.NOBODY_CAME)).value is OutcomeWord.NOBODY_CAME


def test_every_word_has_a_text():
    assert set(OUTCOME_TEXT) == set(OutcomeWord)
