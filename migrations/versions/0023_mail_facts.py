"""mail is composed when it is sent, from facts

Mail that waits with a text of its own keeps it, as facts of the kind `as-written`. On the way back
each mail that waits becomes a short English text, so that its link is not lost.

Revision ID: 0023
Revises: 0022
"""

import json
from html import escape

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLE = "outbox_messages"
CHECK = "ck_outbox_messages_has_one_reader"
OLD_CONDITION = (
    "(booking_id IS NULL) = (reader_id IS NULL) AND (booking_id IS NULL) = (recipient IS NOT NULL)"
)
NEW_CONDITION = (
    "(reader_id IS NULL) = (recipient IS NOT NULL) "
    "AND (booking_id IS NULL OR reader_id IS NOT NULL)"
)
PAGES = {"waiting-list": "waiting-list", "zone-rules": "dashboard"}

OLD_COLUMNS = (("subject", sa.String(300)), ("body_text", sa.Text), ("body_html", sa.Text))

MAILS = sa.table(
    TABLE,
    *(sa.column(name, sa.Integer) for name in ("id", "booking_id", "reader_id")),
    *(
        sa.column(name, sa.String)
        for name in (
            "kind", "recipient", "subject", "body_text", "body_html", "facts", "outcome",
        )
    ),
)  # fmt: skip
USERS = sa.table("users", sa.column("id", sa.Integer), sa.column("email", sa.String))


def upgrade():
    op.add_column(TABLE, sa.Column("facts", sa.Text))
    written = sa.select(MAILS).where(MAILS.c.body_text.is_not(None))
    for mail in op.get_bind().execute(written).all():
        replace(mail.id, facts=json.dumps(facts_of(mail)))
    op.execute(MAILS.update().where(MAILS.c.recipient.is_not(None)).values(kind="as-written"))
    for name, _type in OLD_COLUMNS:
        op.drop_column(TABLE, name)
    replace_condition(OLD_CONDITION, NEW_CONDITION)


def replace_condition(old, new):
    """Let the constraint say something else. SQLite's table is rebuilt for it, ids going on."""
    database = op.get_bind()
    if database.dialect.name != "sqlite":
        op.drop_constraint(op.f(CHECK), TABLE, type_="check")
        op.create_check_constraint(op.f(CHECK), TABLE, new)
        return
    schema = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL"
    sequence = "FROM sqlite_sequence WHERE name = ?"
    [sql] = database.exec_driver_sql(schema, (TABLE, "table")).scalars()
    indexes = database.exec_driver_sql(schema, (TABLE, "index")).scalars().all()
    last_id = database.exec_driver_sql(f"SELECT seq {sequence}", (TABLE,)).scalar()
    if sql.count(old) != 1:
        raise RuntimeError(f"{TABLE} is not as this migration expects")
    database.exec_driver_sql(sql.replace(TABLE, f"new_{TABLE}", 1).replace(old, new))
    database.exec_driver_sql(f"INSERT INTO new_{TABLE} SELECT * FROM {TABLE}")  # noqa: S608
    database.exec_driver_sql(f"DROP TABLE {TABLE}")
    database.exec_driver_sql(f"ALTER TABLE new_{TABLE} RENAME TO {TABLE}")
    for index in indexes:
        database.exec_driver_sql(index)
    if last_id is not None:
        database.exec_driver_sql(f"DELETE {sequence}", (TABLE,))
        database.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (TABLE, last_id))


def facts_of(mail):
    paragraphs = mail.body_text.strip().split("\n\n")
    links = [each for each in paragraphs if each.startswith(("http://", "https://"))]
    return {
        "subject": mail.subject or "",
        "text": "\n\n".join(each for each in paragraphs if each not in links),
        "link": links[0] if links else None,
        "path": PAGES.get(mail.kind),
    }


def downgrade():
    for name, type_ in OLD_COLUMNS:
        op.add_column(TABLE, sa.Column(name, type_))
    query = (
        sa.select(MAILS, USERS.c.email)
        .outerjoin(USERS, USERS.c.id == MAILS.c.reader_id)
        .where(MAILS.c.booking_id.is_(None))
    )
    for mail in op.get_bind().execute(query).all():
        kind, subject, text = text_of(mail.kind, json.loads(mail.facts or "{}"))
        values = {"kind": kind, "recipient": mail.recipient or mail.email, "reader_id": None}
        if mail.facts:
            words = {"body_text": text, "body_html": f"<pre>{escape(text)}</pre>"}
            values |= {"subject": subject, **words}
        replace(mail.id, **values)
    op.drop_column(TABLE, "facts")
    replace_condition(NEW_CONDITION, OLD_CONDITION)


def text_of(kind, facts):
    """The kind by its old name, a subject, and a text."""
    if kind in ("slot-held", "hold-ended"):
        is_held = kind == "slot-held"
        subject = "A time is held for you" if is_held else "A time is no longer held for you"
        return "waiting-list", subject, f"{subject}. Your waiting lists show which one."
    if kind == "zone-rules":
        subject = "New rules for the clocks of your time zone"
        return "zone-rules", subject, f"{subject}. Please check your times."
    subject = facts.get("subject") or kind.replace("-", " ").capitalize()
    texts = [facts.get("text") or subject, facts.get("link")]
    if kind == "as-written" and facts.get("path"):
        old_kind = next(old for old, page in PAGES.items() if page == facts["path"])
    else:
        old_kind = "account"
    text = "\n\n".join(each for each in texts if each)
    return old_kind, subject, text


def replace(mail_id, **values):
    op.execute(MAILS.update().where(MAILS.c.id == mail_id).values(values))
