"""What one person waits for the directory and a mentor's week, beside a bare Flask route."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bench.data import PASSWORD, VIEWER, Row, store, text
from bench.figures import AtMost, Figure, counted, milliseconds
from bench.polls import free_ports, load, post, serving, sign_in
from bench.stage import Stage
from mentorship.adapters.passwords import hash_password

_TOPICS = 300
_SLOTS_OF_OTHERS = 4


@dataclass(frozen=True)
class Faculty:
    """So many mentors, of whom the first has `slots` free times; the viewer comes after them."""

    base: datetime
    mentors: int
    slots: int

    def fill(self, url: str) -> None:
        """Store them in an empty, migrated database."""
        store(
            url,
            {
                "users": self._users,
                "mentor_time_slots": self._slots,
                "mentor_profiles": self._profiles,
                "mentor_topics": self._topics,
                "mentor_words": self._words,
            },
        )

    def _users(self) -> Iterator[Row]:
        made = text(self.base)
        for number in range(1, self.mentors + 1):
            email = f"mentor{number}@example.org"
            yield (number, email, f"Mentor {number:05}", 0, 1, None, "Europe/Berlin", made)
        password = hash_password(PASSWORD)
        viewer = self.mentors + 1
        yield (viewer, VIEWER, "Vera Viewer", 1, 0, password, "America/New_York", made)

    def _slots(self) -> Iterator[Row]:
        tomorrow = (self.base + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
        number = 0
        for mentor in range(1, self.mentors + 1):
            for index in range(self.slots if mentor == 1 else _SLOTS_OF_OTHERS):
                number += 1
                start = tomorrow + index * timedelta(minutes=30)
                yield (number, mentor, text(start), text(start + timedelta(minutes=30)))

    def _profiles(self) -> Iterator[Row]:
        for number in range(1, self.mentors + 1):
            yield (number, "Reads *flame graphs*", "About **me**.", f"mentor {number:05}")

    def _topics(self) -> Iterator[Row]:
        for number in range(1, self.mentors + 1):
            for index in range(3):
                topic = (number * 7 + index * 101) % _TOPICS
                yield (number, f"Topic {topic}", f"topic {topic}")

    def _words(self) -> Iterator[Row]:
        for number in range(1, self.mentors + 1):
            for word in ("mentor", f"{number:05}", "flame", "topic"):
                yield (word, number)


def run(stage: Stage) -> Iterator[Figure]:
    """The first page of the directory, a search in it, and the week of a mentor."""
    scale = stage.scale
    faculty = Faculty(stage.base, scale.mentors, scale.slots)
    next_week = (stage.base + timedelta(days=7)).date()
    pages = {
        f"directory of {counted(faculty.mentors)} mentors": "/mentors",
        f"search among {counted(faculty.mentors)} mentors": "/mentors?q=mentor+0000",
        f"week of a mentor with {counted(faculty.slots)} slots": f"/mentors/1?week={next_week}",
    }
    times: dict[str, list[float]] = {what: [] for what in pages}
    ratios: dict[str, list[float]] = {what: [] for what in pages}
    bares: list[float] = []
    bare_port, port = free_ports(2)
    with ExitStack() as stack:
        url = stack.enter_context(stage.databases.fresh(stage.engine))
        faculty.fill(url)
        bare = [sys.executable, "-m", "bench.bare", str(bare_port)]
        stack.enter_context(serving(bare, bare_port, url))
        ours = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port)]
        stack.enter_context(serving(ours, port, url))
        cookie = sign_in(port)

        def seconds(target: int, request: bytes) -> float:
            outcome = load(target, request, 1, scale.seconds)  # What one person waits for.
            assert list(outcome["statuses"]) == ["200"], outcome["statuses"]
            return 1 / float(outcome["rate"])

        for _ in range(scale.poll_rounds):
            bares.append(seconds(bare_port, post("/", bare_port, cookie, "0.0.0")))
            for what, path in pages.items():
                times[what].append(seconds(port, _get(path, port, cookie)))
                ratios[what].append(times[what][-1] / bares[-1])
    for what in pages:
        yield Figure(
            what,
            milliseconds(median(times[what])),
            milliseconds(median(bares)),
            median(ratios[what]),
            AtMost(70),
        )


def _get(path: str, port: int, cookie: str) -> bytes:
    """What a browser sends for a page."""
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: text/html",
        "Accept-Encoding: gzip, deflate",
        "Sec-Fetch-Site: same-origin",
        f"Cookie: {cookie}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
