"""Limits of mail, and of passwords that signed-in people confirm."""

import pytest

from mentorship.adapters.rate_limiter import MAIL_OVERALL, Throttle
from mentorship.current import parts_of
from mentorship.domain.shared.errors import RateLimited
from mentorship.web.http.limits import attempts

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def throttle(app, clock, monkeypatch):
    """The throttle of the application, for requests from one address."""
    clock.move_to("2099-01-01")  # A thread for which the clock does not hold clears counters.
    made = Throttle(None)
    monkeypatch.setattr(parts_of(app), "throttle", made)
    with app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        yield made


def test_while_many_ask_for_mail_a_network_gets_one_a_minute(throttle):
    attempts.count_mail("a@x.example", "reset")
    for _ in range(MAIL_OVERALL.amount):
        throttle.hit(MAIL_OVERALL, "")

    with pytest.raises(RateLimited) as refused:
        attempts.check_mail("b@x.example", "reset")

    assert refused.value.retry_after <= 60


def test_the_right_password_ends_the_count_of_wrong_ones(throttle):
    for _ in range(10):
        attempts.count_own_password(1)
    attempts.note_own_password(1)

    attempts.count_own_password(1)


def test_a_mailbox_gets_five_confirmations_an_hour_that_nobody_asked_for(throttle):
    rooms = [attempts.has_room_for_mail("a@x.example") for _ in range(6)]

    assert rooms == [True] * 5 + [False]
    assert attempts.has_room_for_mail("b@x.example")
