"""The polls of an open dashboard beside a bare Flask route, both over HTTP on the same server."""

import http.client
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench.data import PASSWORD, VIEWER, VIEWER_SESSIONS, Plan
from bench.figures import AtLeast, Figure, per_second
from bench.stage import Stage
from mentorship.config import PROJECT

UPDATE_ROUTE = "/api/admin/update-session-status"
_SEEN = re.compile(r'name="seen" value="(\d+)\.(\d+)\.(\d+)"')
_PATIENCE = 30.0
"""Seconds within which a server that was started must answer."""


@dataclass
class Series:
    """The rounds of one request: its rates a second, and each beside the bare route's just then."""

    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)


def run(stage: Stage) -> Iterator[Figure]:
    """The quiet and the changed poll, each beside the bare route."""
    scale = stage.scale
    plan = Plan(stage.base, scale.sizes[1])
    with stage.filled(plan) as url:
        series = measure(
            url, connections=scale.connections, seconds=scale.seconds, rounds=scale.poll_rounds
        )
    bare = per_second(median(series["bare"].rates))
    for name, what, aim in (
        ("quiet", "poll with nothing to tell", AtLeast(0.5)),
        ("changed", f"poll that brings {VIEWER_SESSIONS} rows", AtLeast(0.2)),
    ):
        each = series[name]
        yield Figure(what, per_second(median(each.rates)), bare, median(each.ratios), aim)


def measure(url: str, *, connections: int, seconds: float, rounds: int) -> dict[str, Series]:
    """The bare route, the quiet poll and the changed poll in turn, `rounds` times.

    Raises AssertionError where an answer is not the one that is to be measured.
    """
    series = {name: Series() for name in ("bare", "quiet", "changed")}
    bare_port, port = free_ports(2)
    with ExitStack() as servers:
        bare_command = [sys.executable, "-m", "bench.bare", str(bare_port)]
        servers.enter_context(serving(bare_command, bare_port, url))
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port)]
        servers.enter_context(serving(command, port, url))
        cookie = sign_in(port)
        head, count, revisions = _place(port, cookie)
        quiet = post(UPDATE_ROUTE, port, cookie, f"{head}.{count}.{revisions}")
        changed = post(UPDATE_ROUTE, port, cookie, f"{head - 1}.{count}.{revisions - 1}")
        work = {
            "bare": (bare_port, post("/", bare_port, cookie, "0.0.0"), "200"),
            "quiet": (port, quiet, "204"),
            "changed": (port, changed, "200"),
        }
        for _ in range(rounds):
            for name, (target, request, status) in work.items():
                outcome = load(target, request, connections, seconds)
                assert list(outcome["statuses"]) == [status], (name, outcome["statuses"])
                series[name].rates.append(outcome["rate"])
                series[name].ratios.append(outcome["rate"] / series["bare"].rates[-1])
    return series


@contextmanager
def serving(command: list[str], port: int, url: str, **variables: str) -> Iterator[int]:
    """A server that answers on this port meanwhile, on this database, with these settings more.

    The value is the id of its process.
    """
    environment = os.environ | {
        "MENTORSHIP_ENV": "production",
        "SECRET_KEY": secrets.token_hex(16),
        "DATABASE_URL": url,
        "BASE_URL": f"http://127.0.0.1:{port}",
        **variables,
    }
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(port):
            assert process.poll() is None, f"{command} has ended"
            assert time.monotonic() < deadline, f"{command} does not answer"
            time.sleep(0.05)  # Nothing tells when a port opens.
        yield process.pid
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens."""
    with ExitStack() as probes:  # All at once, so that they differ.
        servers = [
            probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [server.getsockname()[1] for server in servers]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def sign_in(port: int) -> str:
    """The viewer's cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    fields = urlencode({"email": VIEWER, "password": PASSWORD})
    connection.request("POST", "/login", fields, form)
    answer = connection.getresponse()
    cookies = [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie", [])]
    cookie = next(each for each in cookies if "mentorship_session=" in each)
    connection.close()
    return cookie


def _place(port: int, cookie: str) -> tuple[int, int, int]:
    """The place that the viewer's dashboard carries."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/dashboard", headers={"Cookie": cookie})
    page = connection.getresponse().read().decode()
    place = _SEEN.search(page)
    assert place is not None, page[:1000]
    assert page.count('<li class="card"') == VIEWER_SESSIONS, "all of them are on screen"
    connection.close()
    return int(place[1]), int(place[2]), int(place[3])


def post(path: str, port: int, cookie: str, seen: str) -> bytes:
    """What a browser sends for the lists of an open dashboard."""
    body = f"seen={seen}"
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        "Accept: text/html",
        "Accept-Encoding: gzip, deflate",
        "HX-Request: true",
        "HX-Source: div#sessions",
        "HX-Target: div#sessions",
        f"HX-Current-URL: http://127.0.0.1:{port}/dashboard",
        "Content-Type: application/x-www-form-urlencoded;charset=UTF-8",
        f"Content-Length: {len(body)}",
        f"Origin: http://127.0.0.1:{port}",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: cors",
        f"Cookie: {cookie}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def load(port: int, request: bytes, connections: int, seconds: float) -> dict[str, Any]:
    """What `bench.load` prints for this request."""
    command = [sys.executable, "-m", "bench.load", str(port), str(connections), str(seconds)]
    done = subprocess.run(
        command,
        input=request,
        cwd=PROJECT,
        check=True,
        capture_output=True,
        timeout=2 * seconds + _PATIENCE,
    )
    return json.loads(done.stdout)
