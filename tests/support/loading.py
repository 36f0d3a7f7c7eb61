"""Measures what a browser fetches, paints and moves while it opens a page."""

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

_WATCH = """
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) shifts += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  const look = () => requestAnimationFrame(() => {
    if (!document.querySelector("#list-past .card")) look();
    else setTimeout(() => { window.rendered = performance.now(); });  // After that frame is drawn.
  });
  look();
"""


@dataclass
class Loading:
    """Seconds from the navigation until the last list of a dashboard is drawn, the addresses
    fetched over the network, the bytes received, and the layout shift (0: nothing moved)."""

    seconds: float = 0
    addresses: list[str] = field(default_factory=list)
    bytes: int = 0
    shift: float = 0


class Loader:
    """Opens dashboards in one window and measures it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._network = page.context.new_cdp_session(page)
        self._network.send("Network.enable")
        self._network.on("Network.requestServedFromCache", self._remembered)
        self._network.on("Network.responseReceived", self._answered)
        self._network.on("Network.loadingFinished", self._finished)
        self._now = Loading()
        self._in_memory: set[str] = set()
        page.add_init_script(_WATCH)

    def open(self, address: str) -> Loading:
        """Open a dashboard that has past sessions, and wait until it is drawn."""
        self._now = Loading()
        self._page.goto(address, wait_until="load")
        self._page.wait_for_function("window.rendered")
        self._now.seconds = self._page.evaluate("rendered") / 1000
        self._now.shift = self._page.evaluate("shifts")
        return self._now

    def _remembered(self, event: dict[str, Any]) -> None:
        self._in_memory.add(event["requestId"])

    def _answered(self, event: dict[str, Any]) -> None:
        answer = event["response"]
        if not answer["fromDiskCache"] and event["requestId"] not in self._in_memory:
            self._now.addresses.append(answer["url"])

    def _finished(self, event: dict[str, Any]) -> None:
        self._now.bytes += event["encodedDataLength"]
