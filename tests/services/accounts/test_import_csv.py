"""People from a CSV file: what is taken, and how each mistake is named."""

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import User
from mentorship.services.accounts.import_csv import import_users
from mentorship.services.accounts.passwords import check_password
from tests.support.builders import at
from tests.support.meanwhile import meanwhile
from tests.support.row_order import ReversingSession

NOW = at("12:00")
HEADER = "email,name,role,timezone,password"


def a_file(*lines, header=HEADER):
    return "\n".join((header, *lines)).encode()


def stored(session):
    people = {user.email: user for user in session.scalars(select(User))}
    session.expunge_all()
    session.rollback()
    return people


def test_people_are_made_and_those_without_a_password_are_named(session):
    done = import_users(
        session,
        a_file(
            "Maya@Example.org,Maya Okafor,mentor,Europe/Berlin,a-long-password",
            " sam@example.org , Sam Rivera ,STUDENT,,",
            "ada@example.org,Ada,Admin,UTC,",
        ),
        now=NOW,
    )

    people = stored(session)
    maya, sam, ada = (people[f"{name}@example.org"] for name in ("maya", "sam", "ada"))
    assert done.count == 3
    assert [person.email for person in done.without_password] == [
        "sam@example.org",
        "ada@example.org",
    ]
    assert [person.user_id for person in done.without_password] == [sam.id, ada.id]
    assert (maya.name, maya.roles, maya.timezone) == ("Maya Okafor", {Role.MENTOR}, "Europe/Berlin")
    assert (sam.name, sam.roles, sam.timezone) == ("Sam Rivera", {Role.STUDENT}, "UTC")
    assert (ada.roles, ada.password_hash, ada.created_at) == ({Role.ADMIN}, None, NOW)
    assert check_password(session, email="maya@example.org", password="a-long-password")
    assert not check_password(session, email="sam@example.org", password="")


def test_each_account_gets_its_own_id_in_whatever_order_the_database_returns_them(session):
    lines = [f"{name}@example.org,{name},student,," for name in ("a", "b", "c")]
    with ReversingSession(session.get_bind()) as reversing:
        done = import_users(reversing, a_file(*lines), now=NOW)

    assert any(statement.startswith("INSERT INTO users") for statement in reversing.reversed)
    people = stored(session)
    assert [(person.email, person.user_id) for person in done.without_password] == [
        (f"{name}@example.org", people[f"{name}@example.org"].id) for name in ("a", "b", "c")
    ]


def test_the_optional_columns_may_be_absent_and_a_header_alone_makes_nobody(session):
    only = "email,name,role"

    assert import_users(session, a_file(header=only), now=NOW).count == 0
    assert import_users(session, a_file("a@example.org,A,student", header=only), now=NOW).count == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "content",
    [
        b"email,name,role,,,\nzoe@example.org,Zo\xc3\xab,Mentor,,,\n,,,,,\n",
        b"email;name;role\r\nzoe@example.org;Zo\xc3\xab;MENTOR\r\n",
        b"\xef\xbb\xbfsep=;\r\nEmail;Name;Role;Password\r\nzoe@example.org;Zo\xc3\xab; mentor ",
        "role\tname\temail\tpassword\r\nmentor\tZoë\tzoe@example.org\t \r\n".encode("utf-16"),
        b"email,name,role,timezone,password\nzoe@example.org,Zo\xc3\xab,mentor\n",
    ],
    ids=[
        "empty columns at the end",
        "Excel in German",
        "with its separator",
        "Unicode text",
        "without the optional cells",
    ],
)
def test_files_as_spreadsheets_write_them_mean_the_same(session, content):
    done = import_users(session, content, now=NOW)

    person = stored(session)["zoe@example.org"]
    assert (done.count, len(done.without_password)) == (1, 1)
    assert (person.name, person.roles, person.timezone) == ("Zoë", {Role.MENTOR}, "UTC")


def test_one_cell_names_several_roles_with_commas(session):
    import_users(session, a_file('kim@example.org,Kim,"student, mentor",,'), now=NOW)

    assert stored(session)["kim@example.org"].roles == {Role.STUDENT, Role.MENTOR}


WRONG_CELLS = [
    # column, the row with the mistake, what the sentence must say
    ("email",    ",A,student,,",                         "is missing"),
    ("email",    "a,A,student,,",                        "'a' is not an e-mail address"),
    ("email",    "a@b@c,A,student,,",                    "is not an e-mail address"),
    ("email",    "a b@example.org,A,student,,",          "is not an e-mail address"),
    ("email",    "zoë@example.org,A,student,,",          "Mail cannot be sent to"),
    ("email",    "a@zoë.example,A,student,,",            "Mail cannot be sent to"),
    ("email",    f"{'a' * 250}@example.org,A,student,,", "longer than 254"),
    ("email",    "a\x00@example.org,A,student,,",        "cannot be used"),
    ("email",    "FIRST@example.org,A,student,,",        "is already in row 2"),
    ("email",    "Known@example.org,A,student,,",        "known@example.org already has"),
    ("name",     "a@example.org,,student,,",             "is missing"),
    ("name",     f"a@example.org,{'x' * 121},student,,", "longer than 120"),
    ("name",     'a@example.org,"A\nB",student,,',       "cannot be used"),
    ("role",     "a@example.org,A,,,",                   "'' is not a role"),
    ("role",     "a@example.org,A,teacher,,",            "'teacher' is not a role"),
    ("role",     'a@example.org,A,"student,boss",,',     "'boss' is not a role"),
    ("role",     'a@example.org,A,"student,",,',         "'' is not a role"),
    ("timezone", "a@example.org,A,student,Mars/Base,",   "'Mars/Base' is not a time zone"),
    ("timezone", "a@example.org,A,student,../etc,",      "is not a time zone"),
    ("timezone", "a@example.org,A,student,CEST,",        "is not a time zone"),
    ("password", "a@example.org,A,student,,short",       "must have 8 to 128 characters"),
    ("password", f"a@example.org,A,student,,{'x' * 129}", "must have 8 to 128 characters"),
    ("password", "a@example.org,A,student,,a\x00password", "cannot be used"),
]  # fmt: skip


def test_each_wrong_cell_is_named_by_row_and_column_and_nobody_is_made(session):
    session.execute(
        insert(User).values(
            email="known@example.org", name="Known", is_student=True, created_at=NOW
        )
    )
    session.commit()
    for column, wrong, complaint in WRONG_CELLS:
        content = a_file("first@example.org,First,mentor,,", "", wrong, "z@example.org,Z,admin,,")
        with pytest.raises(InvalidInput) as refused:
            import_users(session, content, now=NOW)
        message = str(refused.value)
        assert message.startswith(f"row 4, column {column}: "), message
        assert complaint in message
        assert message.endswith(".")
        assert set(stored(session)) == {"known@example.org"}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_an_account_that_somebody_makes_at_the_same_moment_is_refused_in_words(session):
    def somebody_signs_up():
        with Session(session.get_bind()) as other:
            other.add(User(email="a@example.org", name="A", roles={Role.STUDENT}, created_at=NOW))
            other.commit()

    with (
        meanwhile(session.get_bind(), "INSERT INTO users", somebody_signs_up) as calls,
        pytest.raises(InvalidInput, match="has just created"),
    ):
        import_users(
            session, a_file("b@example.org,B,student,,", "a@example.org,A,student,,"), now=NOW
        )

    assert len(calls) == 1
    assert set(stored(session)) == {"a@example.org"}
