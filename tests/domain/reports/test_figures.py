"""Figures: shares of nothing are unknown, and each figure is defined."""

from mentorship.domain.reports.figures import FIGURES, Tally


def test_a_share_of_nothing_is_unknown():
    nothing = Tally(minutes_offered=0, minutes_delivered=0)

    assert nothing.completion_rate is None
    assert nothing.punctuality_rate is None
    assert nothing.utilisation_rate is None
    assert nothing.average_rating is None


def test_what_is_cancelled_or_still_to_come_does_not_lower_the_completion_rate():
    tally = Tally(booked=10, cancelled=3, scheduled=2, took_place=4)

    assert tally.expected == 5
    assert tally.completion_rate == 0.8


def test_unknown_minutes_are_no_use_of_offered_time():
    assert Tally(minutes_delivered=None, minutes_offered=60).utilisation_rate is None
    assert Tally(minutes_delivered=90, minutes_offered=60).utilisation_rate == 1.5
    assert Tally(minutes_delivered=90, minutes_offered=None).utilisation_rate is None


def test_each_figure_is_one_of_the_tally_and_has_a_sentence():
    assert len({figure.name for figure in FIGURES}) == len(FIGURES) == 27
    for figure in FIGURES:
        assert hasattr(Tally(), figure.name)
        assert figure.definition.endswith(".")
        assert figure.definition[0].isupper()
