"""Accounts from a CSV file, all or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import ImportKind, User
from mentorship.services.accounts.passwords import clean_password, new_account
from mentorship.services.shared.csv_files import Row, Watch, read_rows
from mentorship.services.shared.import_records import record_import
from mentorship.services.shared.text_fields import (
    clean_email,
    clean_name,
    clean_roles,
    clean_timezone,
)


@dataclass(frozen=True)
class NewPerson:
    """Somebody whose account an import created."""

    user_id: int
    email: str
    epoch: int


@dataclass(frozen=True)
class ImportedPeople:
    """How many accounts were created, and which of them need a password.

    The import can be removed by its `import_id`, which is None for a file without people.
    """

    import_id: int | None
    count: int
    without_password: list[NewPerson]


def import_users(
    session: Session, content: bytes, *, now: datetime, file_name: str = "", watch: Watch = iter
) -> ImportedPeople:
    """Create the accounts of a CSV file, all or nothing, and commit.

    The columns are email, name, role and optionally password and timezone. `file_name` is stored
    with the import; `now` (UTC) is when the accounts are created.

    Raises InvalidInput with row and column, and then nothing is stored.
    """
    rows = list(
        read_rows(content, required=("email", "name", "role"), optional=("password", "timezone"))
    )
    accounts = _accounts(watch(rows), now)
    begin_write(session)
    try:
        _refuse_existing(session, accounts)
        people = _store(session, [each.columns for each in accounts.values()])
        import_id = None
        if people:
            users = {person.user_id: person.epoch for person in people.values()}
            import_id = record_import(
                session, ImportKind.PEOPLE, file_name=file_name, now=now, users=users
            )
        session.commit()
    except IntegrityError:
        session.rollback()
        raise InvalidInput("Another import has just created one of these accounts.") from None
    except InvalidInput:
        session.rollback()
        raise
    return ImportedPeople(
        import_id,
        len(accounts),
        [people[email] for email, account in accounts.items() if not account.has_password],
    )


@dataclass(frozen=True)
class _Account:
    """A row of the file: its number, and the columns of the account."""

    row_number: int
    has_password: bool
    columns: dict[str, object]


def _accounts(rows: Iterable[Row], now: datetime) -> dict[str, _Account]:
    """The accounts of the file by e-mail address, in its order. Raises InvalidInput."""
    accounts: dict[str, _Account] = {}
    for row in rows:
        email = row.read("email", clean_email)
        if email in accounts:
            first = accounts[email].row_number
            raise row.wrong("email", f"{email} is already in row {first}.")
        accounts[email] = _account(row, email, now)
    return accounts


def _account(row: Row, email: str, now: datetime) -> _Account:
    name = row.read("name", clean_name)
    check_password = partial(clean_password, about=(email, name))
    has_password = bool(row.cells.get("password"))
    columns = new_account(
        email=email,
        name=name,
        roles=row.read("role", clean_roles),
        password=row.read("password", check_password) if has_password else "",
        timezone=row.read("timezone", clean_timezone),
        now=now,
    )
    return _Account(row.number, has_password, columns)


def _refuse_existing(session: Session, accounts: Mapping[str, _Account]) -> None:
    """Raises InvalidInput where one of the addresses has an account."""
    existing = next((e for e in session.scalars(select(User.email)) if e in accounts), None)
    if existing is not None:
        raise InvalidInput(
            f"row {accounts[existing].row_number}, column email: {existing} already has an account."
        )


def _store(session: Session, accounts: list[dict[str, object]]) -> dict[str, NewPerson]:
    """Insert the accounts; returns them by e-mail address."""
    if not accounts:
        return {}
    rows = session.execute(
        insert(User).returning(User.id, User.email, User.session_epoch), accounts
    )
    return {email: NewPerson(user_id, email, epoch) for user_id, email, epoch in rows}
