"""Many open pages in one process: each has a connection, and polls at its own pace.

`python -m bench.windows_load PORT SECONDS` reads the windows as JSON from standard input: what each
sends, and how long it waits. It writes "warm" when it begins to count, and at the end the answers
by status as JSON.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from typing import Any

SPREAD = 0.1
"""Of a wait, either way, as in static/app.js."""

WARM_UP = 3.0
"""Seconds before what counts."""

_CHANCE = random.Random(17)


class Page:
    """One window with its connection, which the server closes when it is not used for a while."""

    def __init__(self, port: int, request: str, wait: float) -> None:
        self._port, self._request, self._wait = port, request.encode(), wait
        self._peer: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def keep_polling(self, note: Any) -> None:
        """Poll until cancelled; `note(status)` is called with each answer."""
        await asyncio.sleep(self._wait * _CHANCE.random())
        while True:
            note(await self._poll())
            await asyncio.sleep(self._wait * (1 + SPREAD * (2 * _CHANCE.random() - 1)))

    async def _poll(self) -> str:
        """The status of one answer, which has no body."""
        for _ in range(2):
            if self._peer is None:
                self._peer = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._peer
            try:
                writer.write(self._request)
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                self._peer = None  # It was closed in the meantime, as a browser finds out as well.
                continue
            return head[9:12].decode()
        return "none"


async def main(port: int, seconds: float, windows: list[dict[str, Any]]) -> Counter[str]:
    """The answers by status that came in so many seconds after the warm-up."""
    statuses: Counter[str] = Counter()
    counts_from = time.perf_counter() + min(WARM_UP, seconds)

    def note(status: str) -> None:
        if time.perf_counter() >= counts_from:
            statuses[status] += 1

    pages = [Page(port, each["request"], each["wait"]) for each in windows]
    tasks = [asyncio.create_task(page.keep_polling(note)) for page in pages]
    await asyncio.sleep(counts_from - time.perf_counter())
    print("warm", flush=True)
    await asyncio.sleep(seconds)
    while not statuses:  # Where a slow machine had no time to answer anything yet.
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    return statuses


if __name__ == "__main__":
    found = asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), json.load(sys.stdin)))
    print(json.dumps({"statuses": found}))
