"""People."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, false, func
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.accounts.viewers import Role
from mentorship.models.columns import Model, ZoneName, c_collated, str_enum


class User(Model):
    """A person with an account. `password_hash` is empty until the person has set a password.

    Who signed up confirms the address before the first sign-in, and a mentor is approved by an
    admin before being found. `hour_cycle` is h12 or h23 and `language` en or de where the person
    chose one. `folded_name` is how the list of people is searched and ordered.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    folded_name: Mapped[str] = mapped_column(c_collated(120), server_default="")
    role: Mapped[Role] = mapped_column(str_enum(Role, name="role"))
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
        CheckConstraint("hour_cycle IN ('h12', 'h23')", name="hour_cycle"),
        CheckConstraint("language IN ('en', 'de')", name="language"),
    )
