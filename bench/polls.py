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
from urllib.parse import urlencode

import psutil

from bench.data import PASSWORD, VIEWER
from mentorship.config import PROJECT

UPDATE_ROUTE = "/api/admin/update-session-status"
_SEEN = re.compile(r'name="seen" value="(\d+)\.(\d+)\.(\d+)"')
_PATIENCE = 30.0
"""Seconds within which a server that was started must answer."""


@dataclass
class Series:
    """The rounds of one request: rates a second, times in milliseconds, CPU in microseconds."""

    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(
    url: str, *, ports: tuple[int, int], connections: int, seconds: float, rounds: int
) -> dict[str, Series]:
    """The bare route, the quiet poll and the changed poll in turn, `rounds` times.

    Raises AssertionError where an answer is not the one that is to be measured.
    """
    series = {name: Series() for name in ("bare", "quiet", "changed")}
    with ExitStack() as servers:
        bare = servers.enter_context(_serving([sys.executable, "-m", "bench.bare"], ports[0], url))
        flask = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port"]
        product = servers.enter_context(_serving(flask, ports[1], url))
        cookie, seen = _sign_in(ports[1])
        head, count, revisions = seen
        quiet = _request(UPDATE_ROUTE, ports[1], cookie, f"{head}.{count}.{revisions}")
        changed = _request(UPDATE_ROUTE, ports[1], cookie, f"{head - 1}.{count}.{revisions - 1}")
        work = {
            "bare": (bare, ports[0], _request("/", ports[0], cookie, "0.0.0"), "200"),
            "quiet": (product, ports[1], quiet, "204"),
            "changed": (product, ports[1], changed, "200"),
        }
        for _ in range(rounds):
            for name, (process, port, request, status) in work.items():
                before = _cpu_time(process)
                outcome = _load(port, request, connections, seconds)
                used = _cpu_time(process) - before
                assert list(outcome["statuses"]) == [status], (name, outcome["statuses"])
                each = series[name]
                each.rates.append(outcome["rate"])
                each.ratios.append(outcome["rate"] / series["bare"].rates[-1])
                each.p50.append(outcome["p50"])
                each.p99.append(outcome["p99"])
                each.cpu.append(1e6 * used / outcome["answered"])
    return series


def summary(series: Series) -> dict[str, float]:
    """The medians of the rounds."""
    return {name: median(values) for name, values in vars(series).items()}


@contextmanager
def _serving(command: list[str], port: int, url: str) -> Iterator[psutil.Process]:
    environment = os.environ | {
        "MENTORSHIP_ENV": "production",
        "SECRET_KEY": secrets.token_hex(16),
        "DATABASE_URL": url,
        "BASE_URL": f"http://127.0.0.1:{port}",
    }
    process = subprocess.Popen(
        [*command, str(port)], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(port):
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)  # Nothing tells when a port opens.
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _sign_in(port: int) -> tuple[str, tuple[int, int, int]]:
    """The viewer's cookie, and the place that their dashboard carries."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    fields = urlencode({"email": VIEWER, "password": PASSWORD})
    connection.request("POST", "/login", fields, form)
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    answer.read()
    connection.request("GET", "/dashboard", headers={"Cookie": cookie})
    page = connection.getresponse().read().decode()
    place = _SEEN.search(page)
    assert place is not None, page[:1000]
    assert page.count('<li class="card"') == 20, "the viewer has 20 sessions on screen"
    connection.close()
    return cookie, (int(place[1]), int(place[2]), int(place[3]))


def _request(path: str, port: int, cookie: str, seen: str) -> bytes:
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
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        f"Origin: http://127.0.0.1:{port}",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: cors",
        f"Cookie: {cookie}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def _load(port: int, request: bytes, connections: int, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.load", str(port), str(connections), str(seconds)]
    done = subprocess.run(command, input=request, cwd=PROJECT, check=True, capture_output=True)
    return json.loads(done.stdout)


def _cpu_time(process: psutil.Process) -> float:
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        total += times.user + times.system
    return total
