"""people, slots, bookings, journal

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
STATUSES = ("SCHEDULED", "ONGOING", "COMPLETED", "CANCELLED")
CAUSES = ("poll", "cron", "worker", "command", "mentor", "student", "admin")
SLOT_COPIES = ("mentor_id", "start_time", "end_time", "is_withdrawn", "is_exclusive")
COPIED_AS = ("mentor_id", "start_time", "end_time", "slot_is_withdrawn", "slot_is_exclusive")

TOUCH = "UPDATE session_bookings SET revision = revision + 1 WHERE time_slot_id = NEW.id;"
TOUCHES_ON = "AFTER UPDATE OF mentor_id, start_time, end_time ON mentor_time_slots FOR EACH ROW"


def one_of(table, column, values):
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def index(name, table, columns, where=None, unique=False):
    clause = None if where is None else sa.text(where)
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=clause, postgresql_where=clause
    )


EXCLUSIVE_SLOT = "{row}is_exclusive AND NOT {row}is_withdrawn"
EXCLUSIVE_BOOKING = "{row}slot_is_exclusive AND {row}status IN ('SCHEDULED', 'ONGOING')"


def refuse_overlaps(table, owner, exclusive):
    """No two exclusive rows of one owner overlap, whoever writes and however many at once."""
    name = f"ex_{table}_overlap"
    if op.get_context().dialect.name == "postgresql":
        # A range of one number, because equality in GiST would need an extension.
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"(int4range({owner}, {owner}, '[]') WITH &&, "
            f"tstzrange(start_time, end_time) WITH &&) WHERE ({exclusive.format(row='')})"
        )
        return
    # None overlap so far, so whoever starts last before the new end also ends last.
    nearest = (
        f"(SELECT other.end_time FROM {table} AS other WHERE other.{owner} = NEW.{owner} "  # noqa: S608  # The names are ours.
        f"AND other.start_time < NEW.end_time AND other.id IS NOT NEW.id "
        f"AND {exclusive.format(row='other.')} ORDER BY other.start_time DESC LIMIT 1)"
    )
    for when, condition in (
        ("INSERT", exclusive.format(row="NEW.")),
        ("UPDATE", exclusive.format(row="NEW.") + f" AND NOT ({exclusive.format(row='OLD.')} "
         f"AND (NEW.{owner}, NEW.start_time, NEW.end_time) "
         f"IS (OLD.{owner}, OLD.start_time, OLD.end_time))"),
    ):  # fmt: skip
        # After the change, because a foreign key's cascade sets no row before it.
        op.execute(
            f"CREATE TRIGGER {name}_{when.lower()} AFTER {when} ON {table} FOR EACH ROW "
            f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{name}') "
            f"WHERE {nearest} > NEW.start_time; END"
        )


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("timezone", sa.String(64), server_default="UTC", nullable=False),
        sa.Column("session_epoch", sa.Integer, server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("is_confirmation_pending", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("is_approval_pending", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("hour_cycle", sa.String(3)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.CheckConstraint("lower(email) = email", name=op.f("ck_users_email_lower_case")),
        one_of("users", "role", ("STUDENT", "MENTOR", "ADMIN")),
        one_of("users", "hour_cycle", ("h12", "h23")),
    )
    op.create_table(
        "availability_rules",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("mentor_id", sa.Integer, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("rrule", sa.String(200), nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("opens", sa.Time, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("slot_minutes", sa.Integer, nullable=False),
        sa.Column("capacity", sa.Integer, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_rules")),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["users.id"], name=op.f("fk_availability_rules_mentor_id")
        ),
        sa.CheckConstraint(
            "minutes >= 5 AND minutes <= 1440", name=op.f("ck_availability_rules_minutes")
        ),
        sa.CheckConstraint(
            "slot_minutes >= 5 AND slot_minutes <= minutes",
            name=op.f("ck_availability_rules_slot_minutes"),
        ),
        sa.CheckConstraint(
            "capacity >= 1 AND capacity <= 30", name=op.f("ck_availability_rules_capacity")
        ),
    )
    index("ix_availability_rules_mentor", "availability_rules", ["mentor_id"])
    op.create_table(
        "mentor_time_slots",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("mentor_id", sa.Integer, nullable=False),
        sa.Column("start_time", INSTANT, nullable=False),
        sa.Column("end_time", INSTANT, nullable=False),
        sa.Column("capacity", sa.Integer, server_default="1", nullable=False),
        sa.Column("is_withdrawn", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("is_exclusive", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("rule_id", sa.Integer),
        sa.Column("held_for", sa.Integer),
        sa.Column("held_until", INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentor_time_slots")),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["users.id"], name=op.f("fk_mentor_time_slots_mentor_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["availability_rules.id"],
            name=op.f("fk_mentor_time_slots_rule_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["held_for"], ["users.id"], name=op.f("fk_mentor_time_slots_held_for")
        ),
        sa.CheckConstraint(
            "(held_for IS NULL) = (held_until IS NULL)",
            name=op.f("ck_mentor_time_slots_hold_has_its_end"),
        ),
        sa.UniqueConstraint(
            "id", *SLOT_COPIES, "capacity", name=op.f("uq_mentor_time_slots_copied")
        ),
        sa.CheckConstraint(
            "start_time < end_time", name=op.f("ck_mentor_time_slots_starts_before_it_ends")
        ),
        sa.CheckConstraint("capacity >= 1", name=op.f("ck_mentor_time_slots_capacity_positive")),
    )
    index("ix_mentor_time_slots_mentor_start", "mentor_time_slots", ["mentor_id", "start_time"])
    index("ix_mentor_time_slots_rule", "mentor_time_slots", ["rule_id", "start_time"])
    index(
        "ix_mentor_time_slots_held",
        "mentor_time_slots",
        ["held_until"],
        where="held_until IS NOT NULL",
    )
    op.create_table(
        "session_bookings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("student_id", sa.Integer, nullable=False),
        sa.Column("time_slot_id", sa.Integer, nullable=False),
        sa.Column("mentor_id", sa.Integer, nullable=False),
        sa.Column("start_time", INSTANT, nullable=False),
        sa.Column("end_time", INSTANT, nullable=False),
        sa.Column("slot_capacity", sa.Integer, server_default="1", nullable=False),
        sa.Column("slot_is_withdrawn", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("slot_is_exclusive", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("seat", sa.Integer, server_default="1", nullable=False),
        sa.Column("topic", sa.String(200), server_default="", nullable=False),
        sa.Column("notes", sa.String(2000), server_default="", nullable=False),
        sa.Column("status", sa.String(16), server_default="SCHEDULED", nullable=False),
        sa.Column("is_delayed", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("completed_at", INSTANT),
        sa.Column("cancelled_at", INSTANT),
        sa.Column("cancel_reason", sa.String(300)),
        sa.Column("revision", sa.Integer, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_bookings")),
        sa.ForeignKeyConstraint(
            ["student_id"], ["users.id"], name=op.f("fk_session_bookings_student_id")
        ),
        sa.ForeignKeyConstraint(
            ["time_slot_id", *COPIED_AS, "slot_capacity"],
            [f"mentor_time_slots.{column}" for column in ("id", *SLOT_COPIES, "capacity")],
            name=op.f("fk_session_bookings_slot_copies"),
            onupdate="CASCADE",
        ),
        one_of("session_bookings", "status", STATUSES),
        sa.CheckConstraint(
            "seat >= 1 AND seat <= slot_capacity",
            name=op.f("ck_session_bookings_seat_within_capacity"),
        ),
        sa.CheckConstraint(
            "NOT slot_is_withdrawn OR status IN ('COMPLETED', 'CANCELLED')",
            name=op.f("ck_session_bookings_open_slot_is_offered"),
        ),
        sa.CheckConstraint(
            "status <> 'SCHEDULED' OR (NOT is_delayed AND started_at IS NULL)",
            name=op.f("ck_session_bookings_scheduled_is_untouched"),
        ),
        sa.CheckConstraint(
            "(status = 'COMPLETED') = (completed_at IS NOT NULL)",
            name=op.f("ck_session_bookings_completed_has_its_time"),
        ),
        sa.CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL)",
            name=op.f("ck_session_bookings_cancelled_has_its_time"),
        ),
    )
    index(
        "uq_session_bookings_live_seat",
        "session_bookings",
        ["time_slot_id", "seat"],
        where="status <> 'CANCELLED'",
        unique=True,
    )
    index(
        "ix_session_bookings_due_delay",
        "session_bookings",
        ["start_time", "id"],
        where="status = 'SCHEDULED'",
    )
    index(
        "ix_session_bookings_due_auto_complete",
        "session_bookings",
        ["end_time", "id"],
        where="status = 'ONGOING' AND NOT is_delayed",
    )
    index("ix_session_bookings_time_slot", "session_bookings", ["time_slot_id"])
    index("ix_session_bookings_student_start", "session_bookings", ["student_id", "start_time"])
    index("ix_session_bookings_mentor_start", "session_bookings", ["mentor_id", "start_time"])
    op.create_table(
        "status_changes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("old_status", sa.String(16), nullable=False),
        sa.Column("new_status", sa.String(16), nullable=False),
        sa.Column("is_delayed", sa.Boolean, nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.Integer),
        sa.Column("due_at", INSTANT),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_changes")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["session_bookings.id"], name=op.f("fk_status_changes_booking_id")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_status_changes_actor_id")
        ),
        one_of("status_changes", "old_status", STATUSES),
        one_of("status_changes", "new_status", STATUSES),
        one_of("status_changes", "cause", CAUSES),
    )
    index("ix_status_changes_booking", "status_changes", ["booking_id", "id"])
    op.create_table(
        "sweep_failures",
        sa.Column("booking_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_at", INSTANT, nullable=False),
        sa.Column("error", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_sweep_failures")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["session_bookings.id"],
            name=op.f("fk_sweep_failures_booking_id"),
            ondelete="CASCADE",
        ),
    )
    # The copies follow a moved slot by the foreign key; the revision tells open dashboards.
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION touch_bookings_of_slot() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {TOUCH} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER touch_bookings_of_slot {TOUCHES_ON} "
            "EXECUTE FUNCTION touch_bookings_of_slot()"
        )
    else:
        op.execute(f"CREATE TRIGGER touch_bookings_of_slot {TOUCHES_ON} BEGIN {TOUCH} END")
    refuse_overlaps("mentor_time_slots", "mentor_id", EXCLUSIVE_SLOT)
    refuse_overlaps("session_bookings", "student_id", EXCLUSIVE_BOOKING)


def downgrade():
    for table in (
        "sweep_failures",
        "status_changes",
        "session_bookings",
        "mentor_time_slots",
        "availability_rules",
        "users",
    ):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION touch_bookings_of_slot()")
