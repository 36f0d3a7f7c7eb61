"""A group is one entry in its mentor's calendar, by feed and by mail; each student has their own.

The entry keeps its name while students come and go, and its version grows with each change. What
was put into a calendar is taken out of it again.
"""

from sqlalchemy import update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.calendars import GroupNames
from mentorship.domain.mail import MailKind
from mentorship.models import MentorTimeSlot, OutboxMessage
from mentorship.queries.calendars import entry, versions
from tests.services.calendars.groups import book, cancel, entries_of, feed, kinds, move
from tests.support.builders import a_user, at
from tests.support.mails import composed_mail


def test_the_feed_of_the_mentor_has_one_entry_and_that_of_a_student_their_own_part(
    session, cast, group, slots, students
):
    [event] = feed(session, cast.mentor)
    [own] = feed(session, cast.student)

    assert str(event["UID"]).startswith(f"meeting-{slots[0]}@")
    assert str(event["DESCRIPTION"]) == "With Sam Student, Stella Stranger, Thea Third."
    assert (str(event["SUMMARY"]), event.decoded("DTSTART")) == ("Proofs", at("10:00"))
    assert str(own["UID"]).startswith(f"session-{group[0]}@")
    assert str(own["DESCRIPTION"]) == "With Maya Mentor."


def test_the_entry_keeps_its_name_and_grows_while_students_come_and_go(
    session, cast, group, slots, students
):
    seen = []

    def look(now):
        [event] = feed(session, cast.mentor, now)
        seen.append((str(event["UID"]), int(event["SEQUENCE"]), event.decoded("DTSTAMP")))
        state.append(versions(session, cast.mentor, now=at(now)))
        return str(event["DESCRIPTION"])

    state = []
    look("06:30")
    cancel(session, group[0], cast.student)
    assert look("07:01") == "With Stella Stranger, Thea Third."
    move(session, group[1], slots[3], students[1], now="07:02")
    session.rollback()
    events = feed(session, cast.mentor, "07:03")
    assert [str(each["DESCRIPTION"]).split(".")[0] for each in events] == [
        "With Thea Third", "With Stella Stranger"
    ]  # fmt: skip
    cancel(session, group[1], cast.mentor, now="07:04")
    fourth = a_user(session, "Fred Fourth", Role.STUDENT)
    book(session, fourth, slots[0], now="07:05")
    event = feed(session, cast.mentor, "07:06")[0]
    seen.append((str(event["UID"]), int(event["SEQUENCE"]), event.decoded("DTSTAMP")))
    assert str(event["DESCRIPTION"]) == "With Thea Third, Fred Fourth."

    names, sequences, stamps = zip(*seen, strict=True)
    assert len(set(names)) == 1
    assert list(sequences) == sorted(set(sequences))
    assert list(stamps) == sorted(set(stamps))
    assert state[0] != state[1]


def test_a_meeting_that_everybody_has_left_is_cancelled_in_the_feed(session, cast, group):
    cancel(session, group[1], cast.mentor, reason="Ill.")

    [event] = feed(session, cast.mentor, "07:01")
    assert (event["STATUS"], str(event["SUMMARY"])) == ("CANCELLED", "Cancelled: Proofs")
    assert "Ill." in event["DESCRIPTION"]


def test_names_are_given_as_the_setting_says(session, cast, group, students):
    def described(viewer, names):
        [event] = feed(session, viewer, names=names)
        return str(event["DESCRIPTION"])

    assert described(cast.mentor, GroupNames.NOBODY) == "With 3 students."
    assert described(cast.student, GroupNames.NOBODY) == "With Maya Mentor."
    assert described(cast.mentor, GroupNames.EVERYBODY) == (
        "With Sam Student, Stella Stranger, Thea Third."
    )
    assert described(cast.student, GroupNames.EVERYBODY) == (
        "With Maya Mentor.\nAlso in this group: Stella Stranger, Thea Third."
    )


def test_a_file_for_the_mentor_is_of_the_meeting_whichever_student_it_is_asked_at(
    session, cast, group
):
    assert entry(session, group[2], cast.mentor).session.id == group[0]
    assert entry(session, group[2], cast.stranger).session.id == group[2]


def test_invitations_of_the_mentor_change_one_entry_until_the_meeting_is_cancelled(
    session, cast, group, programs, students
):
    assert kinds(programs.read(at("06:30")), "Maya Mentor") == [MailKind.BOOKED] * 3
    assert entries_of(programs, cast.mentor) == [
        (at("10:00"), "With Sam Student, Stella Stranger, Thea Third.")
    ]
    assert entries_of(programs, cast.student) == [(at("10:00"), "With Maya Mentor.")]

    cancel(session, group[0], cast.student)
    assert kinds(programs.read(at("07:01")), "Maya Mentor") == [MailKind.CANCELLED]
    assert entries_of(programs, cast.mentor) == [(at("10:00"), "With Stella Stranger, Thea Third.")]
    assert entries_of(programs, cast.student) == []

    cancel(session, group[2], cast.mentor, now="07:10", reason="Ill.")
    told = programs.read(at("07:11"))
    assert sorted(told) == [
        (name, MailKind.CANCELLED) for name in ("Maya Mentor", "Stella Stranger", "Thea Third")
    ]
    assert [entries_of(programs, each) for each in (cast.mentor, *students)] == [[]] * 4


def test_the_last_who_leaves_takes_the_entry_along_and_the_next_brings_it_back(
    session, cast, slots, programs
):
    booking = book(session, cast.student, slots[0])
    programs.read(at("06:30"))
    before = set(programs.entries("Maya Mentor"))
    cancel(session, booking, cast.student)
    programs.read(at("07:01"))
    assert entries_of(programs, cast.mentor) == []

    book(session, cast.stranger, slots[0], now="07:02")
    programs.read(at("07:03"))
    assert set(programs.entries("Maya Mentor")) == before


def test_whom_the_mentor_never_heard_of_hides_no_cancellation_of_the_others(
    session, cast, group, slots, programs, students
):
    programs.read(at("06:30"))
    session.execute(update(OutboxMessage).where(OutboxMessage.booking_id == group[0])
                    .values(outcome=None, ended_at=None))  # fmt: skip
    session.commit()

    cancel(session, group[1], cast.mentor)
    assert sorted(programs.read(at("07:01"))) == [
        (name, MailKind.CANCELLED) for name in ("Maya Mentor", "Stella Stranger", "Thea Third")
    ]
    assert entries_of(programs, cast.mentor) == []


def test_a_group_from_before_keeps_an_entry_for_each_student_until_it_is_over(
    session, cast, group, slots, programs
):
    """As after the upgrade: these entries are in the mentor's calendar, each must be changed."""
    session.execute(update(MentorTimeSlot).where(MentorTimeSlot.id == slots[0])
                    .values(is_one_entry=False))  # fmt: skip
    session.commit()
    programs.read(at("06:30"))
    assert len(entries_of(programs, cast.mentor)) == 3
    assert len(feed(session, cast.mentor)) == 1

    move(session, group[0], slots[1], cast.mentor)
    assert kinds(programs.read(at("07:01")), "Maya Mentor") == [MailKind.MOVED] * 3
    assert {start for start, _who in entries_of(programs, cast.mentor)} == {at("12:00")}
    assert len(entries_of(programs, cast.mentor)) == 3
    cancel(session, group[0], cast.mentor, now="07:02")
    assert kinds(programs.read(at("07:03")), "Maya Mentor") == [MailKind.CANCELLED] * 3
    assert entries_of(programs, cast.mentor) == []

    book(session, cast.student, slots[1], now="07:04")
    programs.read(at("07:05"))
    assert [uid.startswith("meeting-") for uid in programs.entries("Maya Mentor")] == [True]


def test_the_mail_about_who_left_says_with_whom_the_meeting_goes_on(
    session, cast, group, slots, programs
):
    programs.read(at("06:30"))
    cancel(session, group[0], cast.mentor, is_for_one=True)
    move(session, group[1], slots[3], cast.stranger)

    mails = [each for each in composed_mail(session, MailKind.CANCELLED, MailKind.LEFT_GROUP)
             if each.recipient == cast.mentor.email]  # fmt: skip
    told = {each.kind: " ".join(each.text.split()) for each in mails}
    assert "You took Sam Student out of the session" in told[MailKind.CANCELLED]
    assert "goes on with Thea Third" in told[MailKind.CANCELLED]
    assert "goes on with Thea Third" in told[MailKind.LEFT_GROUP]
