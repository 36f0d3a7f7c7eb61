"""Commands about accounts: what they print, and that a wrong word changes nothing."""

import re

import pytest
from sqlalchemy import String, select, type_coerce

from mentorship.domain.accounts.viewers import Role
from mentorship.models import User

NEW = ("create-user", "--email", "New@Example.org", "--name", "Nele New", "--role", "student")
PASSWORD = ("--password", "a-long-password")


def everybody(session):
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(User).order_by(User.id)))


def sign_in(app, email, password):
    return app.test_client().post("/login", data={"email": email, "password": password})


def test_create_user_makes_an_account_that_can_sign_in(flask, app, session):
    result = flask(*NEW, *PASSWORD, "--timezone", "Europe/Berlin")

    assert (result.exit_code, result.stdout) == (0, "Created the student new@example.org.\n")
    [user] = everybody(session)
    assert (user.name, user.roles, user.timezone) == ("Nele New", {Role.STUDENT}, "Europe/Berlin")
    assert "a-long-password" not in user.password_hash
    assert sign_in(app, "new@example.org", "a-long-password").location == "/dashboard"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("more", "roles", "words"),
    [
        (("--role", "Mentor, student"), {Role.STUDENT, Role.MENTOR}, "student and mentor"),
        (("--role", "student", "--role", "mentor,admin"), set(Role), "student, mentor and admin"),
    ],
)
def test_one_account_has_all_the_roles_that_are_named(flask, session, more, roles, words):
    result = flask(*NEW[:-2], *more, *PASSWORD)

    assert (result.exit_code, result.stdout) == (0, f"Created the {words} new@example.org.\n")
    assert [user.roles for user in everybody(session)] == [roles]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_create_user_asks_for_the_password_twice_and_does_not_show_it(flask, app, session):
    result = flask(*NEW, input="a-long-password\na-long-password\n")

    assert result.exit_code == 0, result.output
    assert "a-long-password" not in result.output
    assert sign_in(app, "new@example.org", "a-long-password").status_code == 303


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("--role", "boss"), "Error: 'boss' is not a role. Roles are student, mentor and admin.\n"),
        (("--email", "nobody"), "Error: 'nobody' is not an e-mail address.\n"),
        (("--name", "  "), "Error: The name is missing.\n"),
        (("--timezone", "Mars"), "Error: 'Mars' is not a time zone like Europe/Berlin.\n"),
        (("--password", "short"), "Error: The password must have 8 to 128 characters.\n"),
        (("--password", ""), "Error: The password must have 8 to 128 characters.\n"),
    ],
)
def test_create_user_says_in_one_line_what_is_wrong_and_makes_nobody(
    flask, session, wrong, message
):
    result = flask(*NEW, *PASSWORD, *wrong)

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", message)
    assert everybody(session) == []


def test_a_second_account_with_the_same_address_is_refused(flask, session):
    flask(*NEW, *PASSWORD)
    result = flask(*NEW, *PASSWORD)

    assert result.exit_code == 1
    assert result.stderr == "Error: There is already an account with new@example.org.\n"
    assert len(everybody(session)) == 1


@pytest.fixture
def people(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(
        "email,name,role,password,timezone\n"
        "maya@example.org,Maya,mentor,,Europe/Berlin\n"
        "sam@example.org,Sam,student,a-long-password,\n"
    )
    return file


def test_import_users_prints_a_link_for_each_person_without_a_password(flask, app, session, people):
    result = flask("import-users", str(people))

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Imported 2 people.\n")
    [(email, path)] = re.findall(
        r"^(\S+)  http://127\.0\.0\.1:8000(/reset/\S+)$", result.stdout, re.M
    )
    assert email == "maya@example.org"
    assert [user.email for user in everybody(session)] == ["maya@example.org", "sam@example.org"]
    answer = app.test_client().post(path, data={"password": "chosen-by-maya"})
    assert answer.status_code == 303
    assert sign_in(app, "maya@example.org", "chosen-by-maya").status_code == 303
    assert app.test_client().get(path).status_code == 400


def test_import_users_is_all_or_nothing_and_names_row_and_column(flask, session, people):
    people.write_text(people.read_text() + "lin@example.org,Lin,boss,,\n")

    result = flask("import-users", str(people))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: row 4, column role: 'boss' is not a role. Roles are student, mentor and admin. "
        "Nothing was imported.\n"
    )
    assert everybody(session) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_file_that_is_not_there_is_named(flask):
    for command in ("import-users", "import-sessions"):
        result = flask(command, "nowhere.csv")
        assert result.exit_code == 2
        assert "'nowhere.csv' does not exist" in result.stderr


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_reset_link_prints_a_link_for_an_account_and_refuses_others(flask, people):
    flask("import-users", str(people))

    found = flask("reset-link", "--email", " Sam@example.org ")
    missing = flask("reset-link", "--email", "nobody@example.org")

    assert found.stdout.startswith("http://127.0.0.1:8000/reset/")
    assert (missing.exit_code, missing.stderr) == (
        1,
        "Error: There is no account with nobody@example.org.\n",
    )


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_commands_take_old_names_of_zones_for_todays_and_refuse_those_of_a_machine(
    flask, session, tmp_path
):
    made = flask(*NEW, *PASSWORD, "--timezone", "Asia/Calcutta")
    refused = flask(*NEW, *PASSWORD, "--timezone", "localtime")
    file = tmp_path / "people.csv"
    head = "email,name,role,timezone\n"
    file.write_text(f"{head}a@example.org,A,mentor,Factory\n")
    machine = flask("import-users", str(file))
    file.write_text(f"{head}a@example.org,A,mentor,Europe/Kiev\n")
    old = flask("import-users", str(file))

    assert [result.exit_code for result in (made, refused, machine, old)] == [0, 1, 1, 0]
    assert "'localtime' is not a time zone like Europe/Berlin." in refused.stderr
    assert "row 2, column timezone: 'Factory' is not a time zone" in machine.stderr
    stored = session.execute(select(type_coerce(User.timezone, String))).scalars().all()
    assert stored == ["Asia/Kolkata", "Europe/Kyiv"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_import_of_people_is_listed_with_one_person_or_several_people(flask, people, tmp_path):
    alone = tmp_path / "alone.csv"
    alone.write_text("email,name,role\nkim@example.org,Kim,student\n")
    flask("import-users", str(people))
    flask("import-users", str(alone))

    newest, oldest = flask("list-imports").stdout.splitlines()

    assert newest.endswith("  1 person  alone.csv")
    assert oldest.endswith("  2 people  people.csv")
