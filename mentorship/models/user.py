"""People."""

from collections.abc import Set
from datetime import datetime

from sqlalchemy import CheckConstraint, String, false, func
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.accounts.viewers import Role
from mentorship.models.columns import Model, ZoneName, c_collated


def role_columns(roles: Set[Role]) -> dict[str, bool]:
    """The columns of a user who has exactly these roles."""
    return {f"is_{role.lower()}": role in roles for role in Role}


class User(Model):
    """A person with an account, who has one or several roles.

    `password_hash` is empty until the person has set a password. People who signed up confirm their
    address before the first sign-in, and an admin approves mentors before students can find them.
    `hour_cycle` is h12 or h23 and `language` en or de if the person chose one. The list of people
    is searched and ordered by `folded_name`.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    folded_name: Mapped[str] = mapped_column(c_collated(120), server_default="")
    is_student: Mapped[bool] = mapped_column(server_default=false())
    is_mentor: Mapped[bool] = mapped_column(server_default=false())
    is_admin: Mapped[bool] = mapped_column(server_default=false())
    password_hash: Mapped[str | None] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(ZoneName, server_default="UTC")
    session_epoch: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_confirmation_pending: Mapped[bool] = mapped_column(server_default=false())
    is_approval_pending: Mapped[bool] = mapped_column(server_default=false())
    hour_cycle: Mapped[str | None] = mapped_column(String(3))
    language: Mapped[str | None] = mapped_column(String(2))

    __table_args__ = (
        CheckConstraint(func.lower(email) == email, name="email_lower_case"),
        CheckConstraint("is_student OR is_mentor OR is_admin", name="has_a_role"),
        CheckConstraint("hour_cycle IN ('h12', 'h23')", name="hour_cycle"),
        CheckConstraint("language IN ('en', 'de')", name="language"),
    )

    @property
    def roles(self) -> frozenset[Role]:
        """The roles of the person."""
        return frozenset(role for role in Role if getattr(self, f"is_{role.lower()}"))

    @roles.setter
    def roles(self, roles: Set[Role]) -> None:
        """Store exactly these roles."""
        for name, has_role in role_columns(roles).items():
            setattr(self, name, has_role)
