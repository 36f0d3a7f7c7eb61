"""Accounts from a CSV file, all or nothing."""

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
from mentorship.services.shared.csv_files import Watch, read_rows
from mentorship.services.shared.import_records import record_import
from mentorship.services.shared.text_fields import (
    clean_email,
    clean_name,
    clean_role,
    clean_timezone,
)


@dataclass(frozen=True)
class NewPerson:
    """An imported person who has no password yet."""

    user_id: int
    email: str
    epoch: int


@dataclass(frozen=True)
class ImportedPeople:
    """How many accounts were made, and for whom somebody must set a password.

    `import_id` is by what the import can be taken back; None where the file held nobody.
    """

    import_id: int | None
    count: int
    without_password: list[NewPerson]


def import_users(
    session: Session, content: bytes, *, now: datetime, file_name: str = "", watch: Watch = iter
) -> ImportedPeople:
    """Make the accounts of a file; `file_name` is remembered with whom it brought.

    Columns email, name, role and optionally password, timezone. `now` (UTC) becomes their
    creation time. Raises InvalidInput with row and column, and then nothing is stored.
    """
    accounts: list[dict[str, object]] = []
    row_of: dict[str, int] = {}
    rows = read_rows(content, required=("email", "name", "role"), optional=("password", "timezone"))
    for row in watch(list(rows)):
        email = row.read("email", clean_email)
        if email in row_of:
            raise row.wrong("email", f"{email} stands in row {row_of[email]} already.")
        row_of[email] = row.number
        name = row.read("name", clean_name)
        check = partial(clean_password, about=(email, name))
        has_password = bool(row.cells.get("password"))
        accounts.append(
            new_account(
                email=email,
                name=name,
                role=row.read("role", clean_role),
                password=row.read("password", check) if has_password else "",
                timezone=row.read("timezone", clean_timezone),
                now=now,
            )
        )
    begin_write(session)
    try:
        taken = next((e for e in session.scalars(select(User.email)) if e in row_of), None)
        if taken is not None:
            raise InvalidInput(
                f"row {row_of[taken]}, column email: there is an account with {taken} already."
            )
        ids = (
            session.scalars(
                insert(User).returning(User.id, sort_by_parameter_order=True), accounts
            ).all()
            if accounts
            else []
        )
        import_id = None
        if ids:
            epochs = (int(str(account["session_epoch"])) for account in accounts)
            users = dict(zip(ids, epochs, strict=True))
            import_id = record_import(
                session, ImportKind.PEOPLE, file_name=file_name, now=now, users=users
            )
        session.commit()
    except IntegrityError:
        session.rollback()
        raise InvalidInput("Another import made one of these accounts just now.") from None
    except InvalidInput:
        session.rollback()
        raise
    return ImportedPeople(
        import_id,
        len(accounts),
        [
            NewPerson(user_id, str(account["email"]), int(str(account["session_epoch"])))
            for user_id, account in zip(ids, accounts, strict=True)
            if account["password_hash"] is None
        ],
    )
