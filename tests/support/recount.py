"""The figures of a report, counted in plain Python from a dump of the tables.

Written from sections 7 and 8 of the specification alone, on purpose a second time: a checker that
used the product's own definitions would share its mistakes. It knows no SQL but `SELECT *`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

Record = dict[str, Any]
Dump = dict[str, list[Record]]
Figures = dict[str, Any]

TABLES = (
    "users",
    "mentor_time_slots",
    "session_bookings",
    "status_changes",
    "session_feedback",
)
_MINUTE = timedelta(minutes=1)
_WORDS = {
    "tookPlace": "TOOK_PLACE",
    "mentorAbsent": "MENTOR_ABSENT",
    "studentAbsent": "STUDENT_ABSENT",
    "nobodyCame": "NOBODY_CAME",
    "technicalTrouble": "TECHNICAL_TROUBLE",
}


def dump_tables(engine: Engine) -> Dump:
    """Every row of the tables that reports are about, with aware instants."""
    found: Dump = {}
    with engine.connect() as connection:
        for table in TABLES:
            result = connection.exec_driver_sql(f"SELECT * FROM {table}")
            names = list(result.keys())
            found[table] = [
                {name: _read(name, value) for name, value in zip(names, row, strict=True)}
                for row in result
            ]
    return found


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith(("_at", "_time")):
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return bool(value) if name.startswith("is_") else value


@dataclass(frozen=True)
class Asked:
    """A report: its days, its zone, how it is divided, whose it is, and the present (UTC)."""

    first: date
    last: date
    zone: str
    by: str
    now: datetime
    silence: timedelta = timedelta(hours=72)
    mentor_id: int | None = None

    def has(self, instant: datetime) -> bool:
        """Whether the wall calendar of the zone shows a day of the range at this instant."""
        return self.first <= self._day(instant) <= self.last

    def key(self, session: Record) -> str:
        """The row to which a session belongs."""
        if self.by == "mentor":
            return str(session["mentor_id"])
        if self.by in ("student", "topic"):
            return str(session[{"student": "student_id", "topic": "topic"}[self.by]])
        return self.key_of_day(self._day(session["start_time"]))

    def key_of_day(self, day: date) -> str:
        """The row to which a day belongs."""
        if self.by == "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        return f"{day.year}-{day.month:02}" if self.by == "month" else "total"

    def days(self) -> Iterator[date]:
        """Every day of the range."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.zone)).date()


def recount(dump: Dump, asked: Asked) -> dict[str, Figures]:
    """The figures of each row, by its key."""
    sessions = defaultdict[str, list[Record]](list)
    for session in dump["session_bookings"]:
        is_asked = asked.mentor_id in (None, session["mentor_id"])
        if is_asked and asked.has(session["start_time"]):
            sessions[asked.key(session)].append(session)
    offered = defaultdict[str, int](int)
    for slot in dump["mentor_time_slots"]:
        is_asked = asked.mentor_id in (None, slot["mentor_id"])
        is_offered = slot["is_exclusive"] and not slot["is_withdrawn"]
        if is_asked and is_offered and asked.has(slot["start_time"]):
            if asked.by in ("student", "topic"):
                continue
            offered[asked.key(slot)] += (slot["end_time"] - slot["start_time"]) // _MINUTE
    keys = set(sessions) | set(offered)
    if asked.by in ("week", "month", "total"):
        keys |= {asked.key_of_day(day) for day in asked.days()}
    journal = defaultdict[int, list[Record]](list)
    for change in sorted(dump["status_changes"], key=lambda it: it["id"]):
        journal[change["booking_id"]].append(change)
    ratings = {it["booking_id"]: it["rating"] for it in dump["session_feedback"]}
    has_offers = asked.by not in ("student", "topic")
    return {
        key: _figures(sessions[key], journal, ratings, offered[key] if has_offers else None, asked)
        for key in keys
    }


def _figures(
    sessions: list[Record],
    journal: dict[int, list[Record]],
    ratings: dict[int, int | None],
    offered: int | None,
    asked: Asked,
) -> Figures:
    figures: Figures = {"booked": len(sessions)}
    cancelled = [it for it in sessions if it["status"] == "CANCELLED"]
    for name, cause in (("Student", "student"), ("Mentor", "mentor"), ("Admin", "admin")):
        figures[f"cancelledBy{name}"] = sum(
            _last_cancellation(journal[it["id"]]) == cause for it in cancelled
        )
    for name in ("scheduled", "ongoing", "completed"):
        figures[name] = sum(it["status"] == name.upper() for it in sessions)
    figures["delayed"] = sum(
        it["is_delayed"] or any(change["is_delayed"] for change in journal[it["id"]])
        for it in sessions
    )
    live = [it for it in sessions if it["status"] != "CANCELLED"]
    outcomes = [(it, *_outcome(it, asked)) for it in live]
    for name, word in _WORDS.items():
        figures[name] = sum((state, said) == ("SETTLED", word) for _, state, said in outcomes)
    for name in ("claimed", "disputed", "open"):
        figures[name] = sum(
            state == name.upper() and it["end_time"] <= asked.now for it, state, _ in outcomes
        )
    happened = len(sessions) - len(cancelled) - figures["scheduled"]
    figures["completionRate"] = figures["tookPlace"] / happened if happened else None
    late = [
        max(it["started_at"] - it["start_time"], timedelta(0))
        for it in sessions
        if it["started_at"] is not None
    ]
    figures["onTime"] = sum(delay <= timedelta(minutes=5) for delay in late)
    figures["punctualityRate"] = figures["onTime"] / len(late) if late else None
    figures["medianDelayMinutes"] = _median([delay // timedelta(microseconds=1) for delay in late])
    lengths = [(it["end_time"] - it["start_time"]) // _MINUTE for it in sessions]
    figures["minutesBooked"] = sum(lengths)
    delivered = [
        (it, max(it["completed_at"] - it["started_at"], timedelta(0)) // _MINUTE)
        for it, _, said in outcomes
        if said == "TOOK_PLACE" and it["started_at"] and it["completed_at"]
    ]
    figures["minutesDelivered"] = sum(m for _, m in delivered) if delivered else None
    owed = [
        max((it["end_time"] - it["start_time"]) // _MINUTE - minutes, 0)
        if it["started_at"] > it["start_time"]
        else 0
        for it, minutes in delivered
    ]
    figures["minutesOwed"] = sum(owed) if delivered else None
    figures["minutesOffered"] = offered
    known = figures["minutesDelivered"] is not None and offered
    figures["utilisationRate"] = figures["minutesDelivered"] / offered if known else None
    stars = [ratings[it["id"]] for it in sessions if ratings.get(it["id"]) is not None]
    figures["ratings"] = len(stars)
    figures["averageRating"] = sum(stars) / len(stars) if stars else None  # type: ignore[arg-type]  # They are numbers here.
    return figures


def _last_cancellation(changes: list[Record]) -> str | None:
    causes = [change["cause"] for change in changes if change["action"] == "cancel"]
    return causes[-1] if causes else None


def _outcome(session: Record, asked: Asked) -> tuple[str, str | None]:
    """The state of section 7, and the settled or claimed word."""
    if session["decided_outcome"] is not None:
        return "SETTLED", session["decided_outcome"]
    said = [
        (session[f"{side}_says"], session[f"{side}_said_at"])
        for side in ("mentor", "student")
        if session[f"{side}_says"] is not None
    ]
    if not said:
        return "OPEN", None
    if len({word for word, _ in said}) == 2:
        return "DISPUTED", None
    word = said[0][0]
    if len(said) == 2 or max(said[0][1], session["end_time"]) + asked.silence <= asked.now:
        return "SETTLED", word
    return "CLAIMED", word


def _median(microseconds: list[int]) -> float | None:
    if not microseconds:
        return None
    ordered, middle = sorted(microseconds), len(microseconds) // 2
    if len(ordered) % 2:
        return ordered[middle] / 60_000_000
    return (ordered[middle - 1] + ordered[middle]) / 120_000_000
