"""Run 18: a second press at the same spot never acts on another session, nor twice on the same."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import StatusChange
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking

pytestmark = pytest.mark.browser

MINUTE = timedelta(minutes=1)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

DELAYED = {"status": Status.ONGOING, "is_delayed": True}
BUTTONS = {
    "Start": {"starts": 5 * MINUTE},
    "We have begun": {"starts": -30 * MINUTE, **DELAYED},
    "Complete": {"starts": -90 * MINUTE, **DELAYED, "arrived": True},
}


@pytest.fixture(params=["mouse", "touch"])
def device(request):
    """With what the person presses."""
    return request.param


def a_crowded_list(site, button):
    """Three sessions with this button, one below the other, and their mentor."""
    mentor = site.person("Maya", Role.MENTOR)
    state = dict(BUTTONS[button])
    starts = utc_now() + state.pop("starts")
    bookings = [
        a_booking(
            site.session,
            mentor=mentor,
            student=site.person("Sam", Role.STUDENT),
            starts=starts + number * timedelta(seconds=20),
            **state,
        )
        for number in range(3)
    ]
    return mentor, bookings


def opened(site, windows, mentor, device, *, guarded):
    """The mentor's dashboard; without the guard it is the naive version."""
    window = windows.of(site, mentor, **(PHONE if device == "touch" else {}))
    if not guarded:
        window.page.route(re.compile(r"/app\..*js"), unguarded)
    return window.go()


def unguarded(route):
    """The page's own script, which takes every press for a meant one."""
    answer = route.fetch()
    guarded = "isGuarded(event) || isSliding(control)"
    assert guarded in answer.text()
    route.fulfill(response=answer, body=answer.text().replace(guarded, "false"))


def press_twice(window, booking, label, *, gap, device):
    """Press at the same spot again after `gap` milliseconds."""
    spot = spot_of(window, booking, label)
    press = window.page.touchscreen.tap if device == "touch" else window.page.mouse.click
    press(*spot)
    window.page.wait_for_timeout(gap)  # Not to wait for something: how fast people press.
    press(*spot)


def deeds(site, mentor):
    """The mentor's actions: booking and new status, in order."""
    site.session.rollback()
    return site.session.execute(
        select(StatusChange.booking_id, StatusChange.new_status)
        .where(StatusChange.actor_id == mentor.id)
        .order_by(StatusChange.id)
    ).all()


def spot_of(window, booking, label):
    """The middle of this button."""
    button = window.page.locator(f"#session-{booking}").get_by_text(label, exact=True)
    button.filter(visible=True).scroll_into_view_if_needed()
    box = button.filter(visible=True).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def remove(site, booking, action, viewer):
    """Somebody else takes this session out of the list meanwhile."""
    apply_action(site.session, booking_id=booking, action=action, viewer=viewer, now=utc_now())


@pytest.mark.parametrize("gap", [50, 400])
def test_a_second_press_does_nothing(site, windows, device, gap):
    for button in BUTTONS:
        mentor, (first, *_others) = a_crowded_list(site, button)
        window = opened(site, windows, mentor, device, guarded=True)

        press_twice(window, first, button, gap=gap, device=device)
        window.look_again()

        assert [booking for booking, _status in deeds(site, mentor)] == [first], button
        assert window.errors == []


def press_after_a_move(site, windows, button, device, *, guarded):
    """What the mentor did by two presses at one spot, from which a change above took the row.

    The window's clock stands still, so that both come within two seconds however slow this is.
    """
    mentor, (above, pressed, below) = a_crowded_list(site, button)
    window = opened(site, windows, mentor, device, guarded=guarded)
    window.page.evaluate("const now = Date.now(); Date.now = () => now;")
    spot = spot_of(window, pressed, button)
    press = window.page.touchscreen.tap if device == "touch" else window.page.mouse.click
    press(*spot)
    window.wait(lambda: deeds(site, mentor))
    action = Action.CANCEL if button == "Start" else Action.COMPLETE
    remove(site, above, action, site.person("Ada", Role.ADMIN))
    window.look_again()
    window.wait(lambda: window.cards("past"))
    window.wait(
        lambda: (
            not window.page.evaluate("document.getAnimations().some(({ id }) => id === 'slide')")
        )
    )
    press(*spot)
    window.look_again()
    return [booking for booking, _status in deeds(site, mentor)], pressed, below


@pytest.mark.parametrize("button", BUTTONS)
def test_a_second_press_does_not_reach_a_session_that_has_moved_there(
    site, windows, device, button
):
    done, pressed, _below = press_after_a_move(site, windows, button, device, guarded=True)

    assert done == [pressed]


@pytest.mark.parametrize("device", ["touch"], indirect=True)  # Elsewhere the rows are too high.
def test_without_the_guard_a_second_press_reaches_another_session(site, windows, device):
    reached = [
        done == [pressed, below]
        for done, pressed, below in (
            press_after_a_move(site, windows, button, device, guarded=False) for button in BUTTONS
        )
    ]

    assert any(reached)


def test_undo_is_not_pressed_by_the_second_half_of_a_double_click(site, windows, device):
    mentor, (first, *_others) = a_crowded_list(site, "Start")
    window = opened(site, windows, mentor, device, guarded=True)
    press = window.page.touchscreen.tap if device == "touch" else window.page.mouse.click
    press(*spot_of(window, first, "Start"))
    window.page.locator(f"#session-{first}").get_by_text("Undo").wait_for()

    press_twice(window, first, "Undo", gap=300, device=device)
    window.look_again()
    window.wait(lambda: len(deeds(site, mentor)) == 2)
    window.look_again()

    assert deeds(site, mentor) == [(first, Status.ONGOING), (first, Status.SCHEDULED)]


def test_nothing_moves_while_a_button_is_held_down(site, windows):
    mentor, (first, second, _third) = a_crowded_list(site, "Start")
    window = opened(site, windows, mentor, "mouse", guarded=True)
    window.page.mouse.move(*spot_of(window, second, "Start"))

    window.page.mouse.down()
    remove(site, first, Action.CANCEL, site.person("Ada", Role.ADMIN))
    window.look_again()
    assert window.answers[-1] == 200
    assert [first, "SCHEDULED", False] in window.cards("upcoming")
    assert window.told == []
    window.page.mouse.up()

    window.shows("past", first, "CANCELLED", is_delayed=False)
    window.wait(lambda: deeds(site, mentor))
    assert deeds(site, mentor) == [(second, Status.ONGOING)]
    window.wait(lambda: len(window.updates) == 2)


def test_what_a_swap_brings_under_the_mouse_is_not_pressed(site, windows):
    mentor, (first, second, _third) = a_crowded_list(site, "Start")
    window = opened(site, windows, mentor, "mouse", guarded=True)
    x, y = spot_of(window, first, "Start")
    window.page.mouse.move(x, y)
    remove(site, first, Action.CANCEL, site.person("Ada", Role.ADMIN))
    window.look_again()
    window.shows("past", first, "CANCELLED", is_delayed=False)
    assert spot_of(window, second, "Start") == (x, y)
    sent = []
    window.page.on("request", lambda request: sent.append(request.url))

    window.page.mouse.click(x, y)
    window.look_again()
    assert not any(url.endswith("/start") for url in sent)

    window.wait(lambda: window.page.mouse.click(x, y) or deeds(site, mentor))
    assert deeds(site, mentor) == [(second, Status.ONGOING)]


def test_a_key_that_is_held_down_presses_once(site, windows):
    mentor, (first, *_others) = a_crowded_list(site, "We have begun")
    window = opened(site, windows, mentor, "mouse", guarded=True)
    window.page.locator(f"#session-{first}").get_by_text("We have begun").focus()

    window.page.keyboard.down("Enter")
    window.page.locator(f"#session-{first}").get_by_text("Undo").wait_for()
    for _ in range(5):
        window.page.keyboard.down("Enter")  # Without a release this is a repetition.
    window.page.keyboard.up("Enter")
    window.page.keyboard.press("Enter")
    window.look_again()

    assert window.page.url.endswith("/dashboard")
    assert deeds(site, mentor) == [(first, Status.ONGOING)]


PLACE = """([selector, label, spot]) => {
  const buttons = [...document.querySelectorAll(`${selector} button`)];
  const button = buttons.find((it) => it.textContent.trim() === label);
  if (!button) return false;
  const [left, top] = [spot[0] - 20, spot[1] - 10].map((it) => `${it}px`);
  button.closest(".card")?.getAnimations().forEach((it) => it.finish());
  Object.assign(button.style, { position: "fixed", left, top, width: "40px", height: "20px",
    minHeight: "0", padding: "0", overflow: "hidden", zIndex: "9" });
  return document.elementFromPoint(...spot) === button;
}"""
COUNT = """
  window.presses = [0, 0];  // On buttons: all, and those that nothing has stopped on their way.
  const onButton = ({ target }) => (target.closest("button") ? 1 : 0);
  window.addEventListener("click", (event) => (presses[0] += onButton(event)), true);
  window.addEventListener("click", (event) => (presses[1] += onButton(event)));
"""
GAPS = (50, 300, 1000, 1900, 1999)
JUST_BEGUN = {"status": Status.ONGOING, "starts": -30 * MINUTE}
# The session, what opens a question in its card, and the button that acts.
ASKED = {
    "start": ({"starts": 5 * MINUTE}, None, "Start"),
    "begin": ({"starts": -30 * MINUTE, **DELAYED}, None, "We have begun"),
    "complete": ({"starts": -90 * MINUTE, **DELAYED, "arrived": True}, None, "Complete"),
    "cancel": ({"starts": 2000 * MINUTE}, "Cancel", "Cancel this session"),
    "start early": ({"starts": 90 * MINUTE}, "Start", "Start anyway"),
    "complete early": (JUST_BEGUN, "Complete", "Mark as complete"),
    "outcome": ({"starts": -90 * MINUTE, "status": Status.COMPLETED}, None, "Nobody came"),
}


class Presser:
    """Presses at one spot by a clock that stands, with other buttons put there meanwhile."""

    def __init__(self, window, device):
        self.window, self.page, self.now = window, window.page, utc_now()
        self.press = self.page.touchscreen.tap if device == "touch" else self.page.mouse.click
        self.page.evaluate(COUNT)
        self.pass_time(0)

    def pass_time(self, milliseconds):
        """The page's timers go on, but it reads only this time."""
        self.now += timedelta(milliseconds=milliseconds)
        self.page.clock.set_fixed_time(self.now)

    def takes(self, spot, *place):
        """Press here, the button of this place put here; whether it counts as a meant press."""
        seen, taken = self.page.evaluate("presses")

        def hits():  # A swap may have taken the button away in between.
            if place and not self.page.evaluate(PLACE, [*place, spot]):
                return False
            self.press(*spot)
            return self.page.evaluate("presses[0]") > seen

        self.window.wait(hits)
        return self.page.evaluate("presses[1]") > taken

    def takes_again(self, spot, place, label):
        """After which of the gaps the page takes a press at this spot, with this button there."""
        start = self.now
        for gap in GAPS:
            self.now = start
            self.pass_time(gap)
            if self.takes(spot, place, label):
                return gap
        return None


def middle_of(page, place, label):
    """Where this visible button is."""
    button = page.locator(f"{place} :is(button, summary)").get_by_text(label, exact=True)
    button = button.filter(visible=True).first
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    return [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]


def second_presses_taken(site, windows, kind, device, *, guarded):
    """After which gaps a second press is taken: at the question's spot, and at its answer's.

    Also what the mentor has done by all of them, and the session that was meant.
    """
    state, opens, answer = ASKED[kind]
    mentor, student = site.person("Maya", Role.MENTOR), site.person("Sam", Role.STUDENT)
    people = {"mentor": mentor, "student": student}
    booking = a_booking(site.session, **people, **(state | {"starts": utc_now() + state["starts"]}))
    other = a_booking(site.session, **people, starts=utc_now() - 20 * MINUTE, **DELAYED)
    window = opened(site, windows, mentor, device, guarded=guarded)
    place = f"#{'asked' if kind == 'outcome' else 'session'}-{booking}"
    presser = Presser(window, device)
    taken = []
    if opens:
        spot = middle_of(window.page, place, opens)
        assert presser.takes(spot)
        taken.append(presser.takes_again(spot, place, answer))
        if taken != [None]:
            return taken, None
        presser.pass_time(2001)
    spot = middle_of(window.page, place, answer)
    assert presser.takes(spot)
    window.page.locator("#notice .message").wait_for()
    taken.append(presser.takes_again(spot, f"#session-{other}", "We have begun"))
    window.look_again()
    return taken, [each for each, _status in deeds(site, mentor)] in ([booking], [])


@pytest.mark.parametrize("kind", ASKED)
def test_a_second_press_does_not_answer_a_question_nor_reach_what_follows(
    site, windows, device, kind
):
    taken, is_alone = second_presses_taken(site, windows, kind, device, guarded=True)

    assert set(taken) == {None}
    assert is_alone


@pytest.mark.parametrize("kind", ASKED)
def test_without_the_guard_a_second_press_is_taken_at_once(site, windows, device, kind):
    taken, _is_alone = second_presses_taken(site, windows, kind, device, guarded=False)

    assert taken == [GAPS[0]]


def test_without_javascript_a_page_after_a_press_takes_no_pointer_for_two_seconds(site, windows):
    mentor, (first, second, _third) = a_crowded_list(site, "Start")
    window = windows.of(site, mentor, java_script_enabled=False).go()
    # Its clock stands at the beginning, so that it is read however slow the machine is.
    stands = "main { animation-play-state: paused !important; }"
    window.page.route("**/lists*.css", lambda route: held(route, stands))
    names = "(it) => [getComputedStyle(it).pointerEvents, getComputedStyle(it).animationDuration]"
    main, button = window.page.locator("main"), f"#session-{second} button"
    assert main.evaluate(names) == ["auto", "0s"]

    window.press(first, "Start")
    window.page.locator("#notice .message").wait_for()

    assert main.evaluate(names) == ["none", "2s"]
    assert window.page.locator(button).first.evaluate(names)[0] == "none"
    undo = window.page.locator(f"#session-{first}").get_by_text("Undo", exact=True)
    undo.focus()
    window.page.keyboard.press("Enter")  # Keys work at once.
    window.page.locator("#notice").get_by_text("was undone").wait_for()


def held(route, style):
    """The style sheet as it is, and this rule."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text() + style)
