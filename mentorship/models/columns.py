"""Columns and types that several tables share."""

from enum import StrEnum
from typing import TYPE_CHECKING, cast

from sqlalchemy import Dialect, Enum, String, Table, TypeDecorator

from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.shared.zones import known_name
from mentorship.extensions import Base, db

if TYPE_CHECKING:

    class Model(Base):
        """The base class that mypy sees; at run time models get Flask-SQLAlchemy's."""

        __abstract__ = True
else:
    Model = db.Model


def table_of(model: type[Model]) -> Table:
    """The table behind a model, for statements on many rows that need no objects."""
    return cast(Table, model.__table__)


def c_collated(length: int) -> String:
    """Text that sorts by its bytes on both engines, so that an index can find prefixes."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def str_enum(values: type[StrEnum], *, name: str, length: int = 16) -> Enum:
    """Text with a CHECK for the names of `values`: the same on both engines, easy to extend."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=length,
        name=name,
        values_callable=lambda enum: [member.value for member in enum],
    )


class ZoneName(TypeDecorator[str]):
    """An IANA name; an old name is read as today's name, and an unknown one as UTC.

    Names are checked before they are stored, but the rules are newer than some rows.
    """

    impl = String(64)
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """A name that `zone_of` knows."""
        return None if value is None else known_name(value)


PROBLEM = Enum(
    Problem,
    native_enum=False,
    create_constraint=False,  # A new problem needs no change of the tables.
    length=24,
    values_callable=lambda problems: [problem.value for problem in problems],
)
"""The reason why mail or a call did not arrive."""

SIDE = Enum(
    Party,
    native_enum=False,
    create_constraint=False,  # Each table has its own CHECK for the sides.
    length=16,
    values_callable=lambda parties: [party.value for party in parties],
)
"""The part in which a person says something about a session."""
