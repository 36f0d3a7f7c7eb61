"""A cache of calendar feeds, because calendar programs keep asking for the same one.

Rendering a feed of 900 sessions takes 0.2 s of processor time; reading its state takes a few
milliseconds. So each process renders a feed once for each change.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

_MOST = 64
"""The most feeds in memory of a process; most have a few kilobytes, none over half a megabyte."""


@dataclass(frozen=True)
class DrawnFeed:
    """A rendered feed, and its entity tag, which depends on the content alone."""

    content: bytes
    etag: str


class DrawnFeeds:
    """The feeds that a process has rendered last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._feeds: OrderedDict[str, DrawnFeed] = OrderedDict()

    def get(self, state: object, draw: Callable[[], bytes]) -> DrawnFeed:
        """The feed in this `state`: everything that it depends on, with an exact `repr`."""
        key = sha256(repr(state).encode()).hexdigest()
        with self._lock:
            if key in self._feeds:
                self._feeds.move_to_end(key)
                return self._feeds[key]
        content = draw()
        feed = DrawnFeed(content, sha256(content).hexdigest())
        with self._lock:
            self._feeds[key] = feed
            if len(self._feeds) > _MOST:
                self._feeds.popitem(last=False)
        return feed
