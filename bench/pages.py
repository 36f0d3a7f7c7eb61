"""A dashboard in a real browser: what its first load takes, beside a static copy of its HTML."""

import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import copy
from bench.data import VIEWER_SESSIONS, Plan
from bench.figures import AtMost, Figure, milliseconds
from bench.polls import free_ports, serving, sign_in
from bench.stage import Stage
from tests.support.browser import a_browser, the_program
from tests.support.loading import Loader, Loading

_MOST_BYTES, _MOST_REQUESTS = 60_000, 6


def run(stage: Stage) -> Iterator[Figure]:
    """Time, bytes and requests of a first load; nothing where no browser is installed."""
    if the_program() is None:
        return
    with stage.filled(Plan(stage.base, stage.scale.sizes[0])) as url:
        ours, copied = _measured(url, rounds=stage.scale.few_rounds)
    what = f"dashboard with {VIEWER_SESSIONS} sessions"
    times = [median(each.seconds for each in side) for side in (ours, copied)]
    ratio = median(a.seconds / b.seconds for a, b in zip(ours, copied, strict=True))
    yield Figure(f"{what}, rendered", *map(milliseconds, times), ratio, AtMost(3))
    for kind, value, most in (
        ("bytes of its first load", max(each.bytes for each in ours), _MOST_BYTES),
        ("requests of its first load", max(len(each.addresses) for each in ours), _MOST_REQUESTS),
    ):
        yield Figure(kind, f"{value:,}", f"{most:,}", value / most, AtMost(1))


def _measured(url: str, *, rounds: int) -> tuple[list[Loading], list[Loading]]:
    """Loads of the dashboard and of the copy in turn, each in a new profile of the browser."""
    ours: list[Loading] = []
    copied: list[Loading] = []
    port, copy_port = free_ports(2)
    with ExitStack() as stack:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port)]
        stack.enter_context(serving(command, port, url))
        cookie = sign_in(port)
        address = f"http://127.0.0.1:{port}/dashboard"
        asked = urllib.request.Request(address, headers={"Cookie": cookie})
        file = Path(stack.enter_context(tempfile.TemporaryDirectory()), "copy.html")
        with urllib.request.urlopen(asked) as answer:
            file.write_bytes(answer.read())
        command = [sys.executable, "-m", "bench.copy", str(copy_port)]
        stack.enter_context(serving(command, copy_port, url, **{copy.FILE: str(file)}))
        browser = stack.enter_context(a_browser())
        for number in range(1 + rounds):
            for side, to in ((ours, address), (copied, f"http://127.0.0.1:{copy_port}/copy")):
                context = browser.new_context()
                name, _, value = cookie.partition("=")
                context.add_cookies([{"name": name, "value": value, "url": to}])
                loading = Loader(context.new_page()).open(to)
                context.close()
                if number:  # The first round warms everything up.
                    side.append(loading)
    return ours, copied
