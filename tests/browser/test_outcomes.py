"""One delayed session walks through each outcome: agreement, silence and dispute, on the pages."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from mentorship.clock import utc_now
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import MentorTimeSlot, SessionBooking
from tests.support.builders import a_booking, the_booking
from tests.support.databases import ENGINES

pytestmark = pytest.mark.browser
on_both_engines = pytest.mark.parametrize("site", ENGINES, indirect=True)

HOUR = timedelta(hours=1)
WORDS = {
    "TOOK_PLACE": "It took place",
    "MENTOR_ABSENT": "The mentor did not come",
    "STUDENT_ABSENT": "The student did not come",
    "NOBODY_CAME": "Nobody came",
    "TECHNICAL_TROUBLE": "Technical trouble",
}


class Walk:
    """A delayed session whose slot has just ended, in the windows of its two people."""

    def __init__(self, site, windows):
        self.site = site
        self.mentor, self.student = (
            site.person("Maya", Role.MENTOR),
            site.person("Sam", Role.STUDENT),
        )
        self.admin = site.person("Ada", Role.ADMIN)
        self.windows = {
            "mentor": windows.of(site, self.mentor),
            "student": windows.of(site, self.student),
            "admin": windows.of(site, self.admin),
        }
        self.id = 0

    def begin(self):
        """A new session, from two hours ago to one hour ago."""
        self.id = a_booking(
            self.site.session,
            mentor=self.mentor,
            student=self.student,
            starts=utc_now() - 2 * HOUR,
            status=Status.ONGOING,
            is_delayed=True,
        )

    def section(self, who):
        """The part of the session's page in somebody's window, read anew."""
        return self.windows[who].go(f"/sessions/{self.id}").page.locator("#outcome")

    def label(self, who, word):
        """The label of the button on somebody's page."""
        if word == "MENTOR_ABSENT":
            return "I did not come" if who == "mentor" else f"{self.mentor.name} did not come"
        if word == "STUDENT_ABSENT":
            return "I did not come" if who == "student" else f"{self.student.name} did not come"
        return WORDS[word]

    def press(self, who, word):
        """Press the answer on the session's page, which comes back."""
        section = self.section(who)
        with self.windows[who].page.expect_navigation():
            section.get_by_role("button", name=self.label(who, word), exact=True).click()
        return section

    def pass_time(self, time):
        """Let all that has happened to the session have happened so much earlier."""
        session = self.site.session
        kept = the_booking(session, self.id)
        earlier = {
            name: getattr(kept, name) - time
            for name in ("mentor_said_at", "student_said_at", "completed_at")
            if getattr(kept, name)
        }
        slot, times = kept.time_slot_id, (kept.start_time - time, kept.end_time - time)
        session.rollback()
        begin_write(session)
        session.execute(
            update(MentorTimeSlot)
            .where(MentorTimeSlot.id == slot)
            .values(start_time=times[0], end_time=times[1])
        )
        if earlier:
            own = update(SessionBooking).where(SessionBooking.id == self.id)
            session.execute(own.values(**earlier))
        session.commit()


@pytest.fixture
def walk(site, windows):
    return Walk(site, windows)


@on_both_engines
def test_both_sides_say_the_same_in_each_of_the_five_ways(walk):
    for word, text in WORDS.items():
        walk.begin()
        expect(walk.section("student")).to_contain_text("Nobody has answered yet.")

        first = walk.press("student", word)
        expect(first).to_contain_text(f"{text}. This becomes final on")
        expect(first).to_contain_text("unless the other side disagrees before then.")
        assert the_booking(walk.site.session, walk.id).status is Status.COMPLETED
        second = walk.press("mentor", word)

        for section in (second, walk.section("student"), walk.section("admin")):
            expect(section).to_contain_text(f"{text}. Both sides agree.")
        expect(walk.section("mentor").get_by_role("button")).to_have_count(0)


@on_both_engines
def test_silence_settles_what_either_side_says(walk):
    for who, other in (("student", "mentor"), ("mentor", "student")):
        walk.begin()
        walk.press(who, "MENTOR_ABSENT")

        walk.pass_time(71 * HOUR)
        expect(walk.section(other).get_by_role("button")).to_have_count(5)
        walk.pass_time(HOUR)

        for reader in (who, other):
            section = walk.section(reader)
            expect(section).to_contain_text("The mentor did not come. Nobody disagreed in time.")
            expect(section.get_by_role("button")).to_have_count(0)


@on_both_engines
def test_they_disagree_change_their_mind_and_an_admin_decides(walk):
    walk.begin()
    walk.press("student", "MENTOR_ABSENT")
    walk.press("mentor", "TOOK_PLACE")
    for who in ("student", "mentor", "admin"):
        expect(walk.section(who)).to_contain_text("The two answers differ")
    walk.pass_time(100 * HOUR)  # Time alone settles no dispute.

    student = walk.section("student")
    student.get_by_label("Remark").fill("I waited for an hour.")
    with walk.windows["student"].page.expect_navigation():
        student.get_by_role("button", name="Technical trouble").click()
    queue = walk.windows["admin"].go("/outcomes").page
    row = queue.get_by_role("listitem").filter(has_text="I waited for an hour.")
    expect(row).to_contain_text("It took place")
    expect(row).to_contain_text("Technical trouble")
    row.get_by_role("checkbox").check()
    queue.get_by_label("How did the chosen sessions go?").select_option("TOOK_PLACE")
    queue.get_by_label("Reason").fill("The chat shows it.")
    with queue.expect_navigation():
        queue.get_by_role("button", name="Decide").click()

    expect(queue.get_by_text("1 session is decided.")).to_be_visible()
    expect(row).to_have_count(0)
    for who in ("student", "mentor"):
        section = walk.section(who)
        expect(section).to_contain_text(f"It took place. Decided by {walk.admin.name}.")
        expect(section).to_contain_text("The chat shows it.")
        expect(section.get_by_role("button")).to_have_count(0)
    for window in walk.windows.values():
        assert window.errors == []


def test_an_admin_answers_a_page_of_old_sessions_with_one_reason(site, windows, walk):
    old = []
    for _ in range(3):
        walk.begin()
        walk.pass_time(100 * HOUR)
        old.append(walk.id)
    page = walk.windows["admin"].go(f"/outcomes?view=unanswered&mentor={walk.mentor.id}").page
    expect(page.get_by_role("listitem").filter(has=page.get_by_role("checkbox"))).to_have_count(3)

    page.get_by_label("Choose all on this page").check()
    page.get_by_label("How did the chosen sessions go?").select_option("NOBODY_CAME")
    page.get_by_label("Reason").fill("Nobody remembers.")
    with page.expect_navigation():
        page.get_by_role("button", name="Decide").click()

    expect(page.get_by_text("3 sessions are decided.")).to_be_visible()
    for booking in old:
        kept = the_booking(site.session, booking)
        assert (kept.status, kept.decided_outcome) == (Status.COMPLETED, "NOBODY_CAME")


@on_both_engines
def test_one_press_on_the_dashboard_answers_and_the_question_goes_away(site, windows, walk):
    walk.begin()
    going_on = a_booking(
        site.session,
        mentor=walk.mentor,
        student=walk.student,
        topic="Not over yet",
        starts=utc_now() - HOUR + timedelta(seconds=8),
        status=Status.ONGOING,
        is_delayed=True,
    )
    window = walk.windows["student"].go()
    question = window.page.locator(f"#asked-{walk.id}")
    expect(question).to_be_visible()
    later = window.page.locator(f"#asked-{going_on}")

    question.get_by_role("button", name="Technical trouble").click()

    expect(question).to_have_count(0)
    expect(window.page.locator("#notice")).to_contain_text(
        "Your answer is saved: “Technical trouble”."
    )
    window.shows("past", walk.id, "COMPLETED", is_delayed=True)
    assert the_booking(site.session, walk.id).student_says == "TECHNICAL_TROUBLE"
    expect(later).to_be_visible()  # By itself, when its slot is over.
    assert window.errors == []


def test_what_is_delayed_for_more_than_a_week_is_folded_away_and_stays_open_once_it_is(
    site, windows
):
    people = {
        "mentor": site.person("Maya", Role.MENTOR),
        "student": site.person("Sam", Role.STUDENT),
    }
    late = {"status": Status.ONGOING, "is_delayed": True}
    old, older = (
        a_booking(site.session, **people, starts=utc_now() - timedelta(days=days), **late)
        for days in (9, 400)
    )
    window = windows.of(site, people["student"]).go()
    folded = window.page.locator("#list-older")
    expect(folded.locator("summary")).to_have_text("Delayed more than a week ago 2")
    expect(folded.locator(f"#session-{old}")).not_to_be_visible()
    assert "days late" not in window.page.inner_text("#sessions")

    folded.locator("summary").click()
    expect(folded.locator(f"#session-{old}")).to_be_visible()
    new = a_booking(site.session, **people, starts=utc_now() - timedelta(days=1), **late)
    window.look_again()

    window.shows("attention", new, "ONGOING", is_delayed=True)
    expect(folded.locator(f"#session-{older}")).to_be_visible()
    assert [each[0] for each in window.cards("older")] == [old, older]
    assert window.errors == []
