"""The columns of the file of sessions, which `import-sessions` reads back."""

IMPORTED_COLUMNS = (
    "mentor_email", "student_email", "start", "end", "topic", "status", "is_delayed",
)  # fmt: skip
"""The columns of an import, which come first."""

REPORTED_COLUMNS = (
    "session_id", "mentor", "student", "started_at", "completed_at", "was_delayed",
    "cancelled_by", "outcome_state", "outcome", "minutes_booked", "minutes_delivered",
    "minutes_owed", "rating",
)  # fmt: skip
"""The columns that only reports have; an import ignores them."""
