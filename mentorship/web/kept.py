"""Pages of mentors, drawn once and kept for exactly as long as they are true (decision 10)."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

from flask import Flask, current_app

from mentorship.domain.instants import zone
from mentorship.domain.people import HourCycle, Language, Role, Viewer
from mentorship.extensions import db
from mentorship.queries.standing import DIRECTORY, Standing, standing
from mentorship.web.formats import hour_cycle
from mentorship.web.languages import language

T = TypeVar("T")

EXTENSION = "kept"
_MOST = 1024
"""Drawings in the memory of one process; each takes ten or twenty kilobytes."""


@dataclass(frozen=True)
class Drawn(Generic[T]):
    """What was drawn, of which subjects, and until when (UTC) the clock leaves it true."""

    value: T
    subjects: Collection[int] = (DIRECTORY,)
    until: datetime | None = None


class _Look(NamedTuple):
    """All of a viewer on which a page depends. Who sees what everybody sees has no id."""

    student_id: int | None
    role: Role
    timezone: str
    hours: HourCycle
    language: Language
    zone: str


class _Kept(NamedTuple):
    drawn: Drawn[Any]
    subjects: frozenset[int]
    is_at: Hashable
    since: datetime


class Shelf:
    """What one process keeps: of whom each page speaks, and how it looks to whom."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._subjects: dict[Hashable, frozenset[int]] = {}
        self._kept: dict[Hashable, _Kept] = {}

    def subjects(self, page: Hashable, usual: frozenset[int]) -> frozenset[int]:
        """Of whom the page spoke the last time, or else the `usual` ones."""
        return self._subjects.get(page, usual)

    def find(
        self, key: Hashable, subjects: frozenset[int], is_at: Hashable, now: datetime
    ) -> Drawn[Any] | None:
        """What is kept under this key, if it is still true at `now` (UTC)."""
        kept = self._kept.get(key)
        if kept is None or (kept.subjects, kept.is_at) != (subjects, is_at):
            return None
        until = kept.drawn.until
        is_its_time = kept.since <= now and (until is None or now < until)
        return kept.drawn if is_its_time else None

    def put(
        self, page: Hashable, key: Hashable, drawn: Drawn[Any], subjects: frozenset[int],
        is_at: Hashable, now: datetime,
    ) -> None:  # fmt: skip
        """Keep what was drawn after `is_at` was read, or, if it speaks of others too, their ids."""
        with self._lock:
            if subjects.issuperset(drawn.subjects):
                _push(self._kept, key, _Kept(drawn, subjects, is_at, now))
            else:
                _push(self._subjects, page, frozenset(drawn.subjects))

    def clear(self) -> None:
        """Forget everything."""
        self._subjects.clear()
        self._kept.clear()


def _push(shelf: dict[Hashable, T], key: Hashable, value: T) -> None:
    """What was put first leaves where there are too many."""
    shelf.pop(key, None)
    shelf[key] = value
    if len(shelf) > _MOST:
        del shelf[next(iter(shelf))]


def init_app(app: Flask) -> None:
    """Make the shelf of this process."""
    app.extensions[EXTENSION] = Shelf()


def kept_for(
    viewer: Viewer,
    page: Hashable,
    now: datetime,
    draw: Callable[[int | None], Drawn[T]],
    *,
    about: int = DIRECTORY,
) -> T:
    """The page as `draw` makes it for the viewer at `now` (UTC), drawn anew only if it changed.

    `draw` is given the student whose own sessions and holds make a difference, or None. Of the
    viewer it may otherwise use what is in a _Look alone. Whom a page speaks of besides the
    subject that it is `about` is known once it was drawn: it is kept from the second time on.
    """
    student_id = viewer.id if viewer.role is Role.STUDENT else None

    def look(is_at: Standing) -> _Look:
        here = viewer.timezone
        return _Look(is_at.student_id, viewer.role, here, hour_cycle(), language(), zone(now, here))

    return _kept(page, about, student_id, now, look, draw)


def kept_for_all(page: Hashable, now: datetime, draw: Callable[[], T]) -> T:
    """What `draw` reads of the directory, for whoever looks and whenever."""
    return _kept(page, DIRECTORY, None, now, lambda _is_at: None, lambda _student_id: Drawn(draw()))


def kept_own(key: Hashable, is_at: Hashable, now: datetime, draw: Callable[[], Drawn[T]]) -> T:
    """What one person is shown, as `draw` makes it, drawn anew only where `is_at` is another one.

    The key says whose it is and how they read; what `draw` returns has no subjects.
    """
    shelf: Shelf = current_app.extensions[EXTENSION]
    drawn = shelf.find(key, _NO_SUBJECTS, is_at, now)
    if drawn is None:
        drawn = draw()
        shelf.put(key, key, drawn, _NO_SUBJECTS, is_at, now)
    value: T = drawn.value
    return value


_NO_SUBJECTS: frozenset[int] = frozenset()


def _kept(
    page: Hashable,
    about: int,
    student_id: int | None,
    now: datetime,
    look: Callable[[Standing], Hashable],
    draw: Callable[[int | None], Drawn[T]],
) -> T:
    shelf: Shelf = current_app.extensions[EXTENSION]
    subjects = shelf.subjects(page, frozenset({about}))
    is_at = standing(db.engine, subjects=subjects, student_id=student_id, now=now)
    key = (page, look(is_at))
    drawn = shelf.find(key, subjects, is_at, now)
    if drawn is None:
        drawn = draw(is_at.student_id)
        shelf.put(page, key, drawn, subjects, is_at, now)
    value: T = drawn.value
    return value
