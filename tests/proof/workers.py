"""The processes of the runs. Each creates its own engine."""

import json
import os
import random
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import MANUAL_ACTIONS, Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.shared.errors import Conflict, Forbidden
from mentorship.models import Cause
from mentorship.services.sessions import actions, late, outcomes, undo
from mentorship.services.sessions import sweep as sweeping
from mentorship.services.sessions.correct import Correction, correct_status
from tests.proof.world import World
from tests.support import naive
from tests.support.builders import at
from tests.support.failing import Calls, at_call
from tests.support.processes import CRON_SECRET, Answer, Caller
from tests.support.replay import Telling

SWEEP = {"product": sweeping.update_session_statuses, "naive": naive.sweep}
APPLY_ACTION = {"product": actions.apply_action, "naive": naive.apply_action}


def mix(world: World, style: str, seed: int, operations: int) -> Counter[str]:
    """Sweep and press on the sessions around a clock that runs through the whole world.

    Every process has nearly the same clock, so that they meet at the same sessions. Returns how
    often each outcome came.
    """
    chance = random.Random(seed)
    tally: Counter[str] = Counter()
    engine = create_engine(world.url)
    span = world.ends - world.first
    for number in range(operations):
        now = world.first + span * (number / operations) + world.apart * chance.uniform(-2, 2)
        with Session(engine, expire_on_commit=False) as session:
            try:
                tally.update(_one(world, style, chance, session, now))
            except SQLAlchemyError as error:
                tally[f"error: {error}"] += 1
    engine.dispose()
    return tally


def _one(
    world: World, style: str, chance: random.Random, session: Session, now: datetime
) -> dict[str, int]:
    if chance.random() < 0.25:
        result = SWEEP[style](session, now=now, cause=Cause.WORKER, returning=sweeping.no_updates)
        return {
            "operations": 1,
            "swept": result.started + result.completed,
            "failed": result.failed,
        }
    # Close by in time; some are about to end, which is one length of a session earlier.
    back = chance.choice([timedelta(0), world.lasts])
    number = min(max(world.number_at(now - back) + chance.randint(-4, 6), 0), world.sessions - 1)
    mentor, student = world.people_of(number)
    viewer = chance.choice([mentor, mentor, student, world.admin])
    pressed = {"booking_id": number + 1, "viewer": viewer, "now": now}
    [deed] = chance.choices(list(_DEEDS), list(_DEEDS.values())) if style == "product" else ["act"]
    if deed == "correct" and chance.random() < 0.8:
        pressed["viewer"] = world.admin
    try:
        if deed == "act":
            result = APPLY_ACTION[style](session, action=chance.choice(MANUAL_ACTIONS), **pressed)
        else:
            result = _PRESS[deed](chance, session, pressed)
    except Forbidden:
        return {"operations": 1, "forbidden": 1}
    except Conflict:
        return {"operations": 1, "refused": 1}
    if not result.changed:
        return {"operations": 1, "held": 1}
    also = {} if deed in ("answer", "late") else {"changed": 1}
    return {"operations": 1, deed: 1, **also}


_DEEDS = {"act": 55, "answer": 22, "undo": 13, "correct": 5, "late": 5}
"""Of a hundred things that people do, how many are what."""

_CORRECTIONS = (
    (Status.SCHEDULED, None), (Status.ONGOING, False), (Status.ONGOING, True),
    (Status.COMPLETED, False), (Status.COMPLETED, True), (Status.COMPLETED, None),
)  # fmt: skip


def _answer(
    chance: random.Random, session: Session, pressed: dict[str, Any]
) -> outcomes.OutcomeResult:
    """Say how a session went, mostly that it took place, so that the sides also agree."""
    return outcomes.say_outcome(
        session,
        word=chance.choice([OutcomeWord.TOOK_PLACE, *OutcomeWord]),
        reason="Asked.",
        silence=timedelta(hours=72),
        also_completes=chance.random() < 0.3,
        **pressed,
    )


def _correct(
    chance: random.Random, session: Session, pressed: dict[str, Any]
) -> actions.ActionResult:
    correction = Correction(*chance.choice(_CORRECTIONS), "The wrong row was pressed.")
    return correct_status(session, correction=correction, **pressed)


_PRESS: dict[str, Callable[[random.Random, Session, dict[str, Any]], Any]] = {
    "answer": _answer,
    "undo": lambda _chance, session, pressed: undo.undo_action(session, **pressed),
    "correct": _correct,
    "late": lambda chance, session, pressed: late.say_late(
        session, minutes=chance.choice([0, 5, 10]), note="", **pressed
    ),
}


UPDATE = "/api/admin/update-session-status"
CRON = "/api/cron/complete-sessions"
_SEEN = re.compile(r'name="seen" value="([^"]+)"')


@dataclass
class Place:
    """The progress of an open dashboard: where it began, what it shows, what it has heard since."""

    began: int
    seen: str
    told: list[Telling]


class Dashboard:
    """An open dashboard without a browser: polls from its position and records what it hears."""

    def __init__(self, port: int, cookie: str, place: Place | None = None) -> None:
        self.call = Caller(port, cookie)
        if place is None:
            seen = _seen_in(self.call("GET", "/dashboard"))
            place = Place(int(seen.split(".")[0]), seen, [])
        self.place = place

    def poll(self) -> Answer:
        """Poll once, as the lists of the page do."""
        answer = self.call("POST", UPDATE, {"seen": self.place.seen}, HX_Request="true")
        if answer.status == 200:
            self.place.seen = _seen_in(answer)
            events = json.loads(answer.headers.get("HX-Trigger", "{}"))
            self.place.told += [
                (each["sessionId"], each["oldStatus"], each["newStatus"], each["timestamp"])
                for each in events.get("session-status-updated", {}).get("updates", [])
            ]
        return answer

    def catch_up(self) -> Place:
        """Poll until there is nothing new, and close."""
        while self.poll().status == 200:
            pass
        self.call.close()
        return self.place


def _seen_in(answer: Answer) -> str:
    found = _SEEN.search(answer.text)
    assert found, f"{answer.status} without a place: {answer.text[:200]}"
    return found[1]


def press_and_poll(
    world: World, port: int, cookies: dict[int, str], share: int, requests: int
) -> tuple[Counter[str], dict[int, Place]]:
    """Let a quarter of the people use the product in real time, each with an open dashboard.

    The admin's dashboard is open in every quarter. Continues until the last session has ended.
    Returns how often each answer came, and the progress of each viewer's dashboard.
    """
    chance = random.Random(share)
    people = (*world.mentors[share::4], *world.students[share::4], world.admin)
    boards = {who.id: Dashboard(port, cookies[who.id]) for who in people}
    cron = Caller(port)
    tally: Counter[str] = Counter()
    while tally["requests"] < requests or utc_now() < world.ends:
        tally.update(_request(world, boards, cron, chance))
    return tally, {who: board.place for who, board in boards.items()}


def _request(
    world: World, boards: dict[int, Dashboard], cron: Caller, chance: random.Random
) -> dict[str, int]:
    who = chance.choice(list(boards))
    dice = chance.random()
    outcome = "none"
    if dice < 0.45:
        answer = boards[who].poll()
    elif dice < 0.5:
        answer = boards[who].call("POST", UPDATE)
    elif dice < 0.53:
        answer = cron("GET", CRON, Authorization=f"Bearer {CRON_SECRET}")
    else:
        back = chance.choice([timedelta(0), world.lasts])
        near = world.number_at(utc_now() - back) + chance.randint(-8, 12)
        number = min(max(near, 0), world.sessions - 1)
        action = chance.choice(MANUAL_ACTIONS)
        answer = boards[who].call("POST", f"/api/sessions/{number + 1}/{action}")
        if answer.status == 200:
            outcome = "changed" if json.loads(answer.text)["changed"] else "held"
    return {"requests": 1, str(answer.status or "unknown"): 1, outcome: 1}


def keep_going(world: World, seed: int, ledger: Path) -> None:
    """Sweep and press in real time until killed; write acknowledged changes to the ledger."""
    chance = random.Random(seed)
    engine = create_engine(world.url)
    with ledger.open("a", buffering=1) as acknowledged:
        while True:
            now = utc_now()
            with Session(engine, expire_on_commit=False) as session:
                try:
                    if chance.random() < 0.5:
                        sweeping.update_session_statuses(
                            session, now=now, cause=Cause.WORKER, returning=sweeping.no_updates
                        )
                        continue
                    number = min(world.number_at(now) + chance.randint(-9, 9), world.sessions - 1)
                    outcome = actions.apply_action(
                        session,
                        booking_id=max(number, 0) + 1,
                        action=chance.choice(MANUAL_ACTIONS),
                        viewer=world.admin,
                        now=now,
                    )
                except (Conflict, SQLAlchemyError):  # The database may be the one that is killed.
                    continue
            if outcome.changed:
                acknowledged.write(f"{outcome.session_id} {outcome.status}\n")


def die_between_the_two_transactions(url: str, booking_id: int, viewer: Viewer) -> None:
    """Let the naive version press start and be killed before it journals."""
    engine = create_engine(url)

    def die(*_arguments: object, **_columns: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    naive._journal = die
    with Session(engine) as session:
        naive.apply_action(
            session, booking_id=booking_id, action=Action.START, viewer=viewer, now=at("09:00")
        )


def die_at_call(url: str, number: int, what: str, booking_id: int, viewer: Viewer) -> None:
    """Sweep, or press on the booking, and be killed at this database call."""
    engine = create_engine(url)

    def die(calls: Calls, _connection: object) -> None:
        if calls.count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    now = utc_now()
    with Session(engine, expire_on_commit=False) as session, at_call(engine, die):
        if what == "sweep":
            sweeping.update_session_statuses(
                session, now=now, cause=Cause.WORKER, returning=sweeping.no_updates
            )
        else:
            actions.apply_action(
                session, booking_id=booking_id, action=Action(what), viewer=viewer, now=now
            )
