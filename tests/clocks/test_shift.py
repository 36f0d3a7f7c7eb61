"""The shift moves every wall clock, and no clock that only measures durations."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from tests.clocks.__main__ import instant
from tests.clocks.shift import build_library, shifted_environment
from tests.support.programs import required_program

LEAP_DAY = datetime(2028, 2, 29, 23, 58, tzinfo=UTC)
UNTIL_THEN = 60
"""Seconds that a process may take to look at its clocks."""

LOOK = """
import json, multiprocessing, subprocess, threading, time
began = time.monotonic()
time.sleep(0.05)
threading.Event().wait(0.05)
multiprocessing.Event().wait(0.05)
waited = time.monotonic() - began
clocks = [time.time(), time.clock_gettime(time.CLOCK_REALTIME), time.time_ns() / 1e9,
          float(subprocess.check_output(["date", "+%s.%N"]))]
print(json.dumps([waited, began, clocks]))
"""


def test_every_wall_clock_is_moved_and_waits_last_as_long_as_before(tmp_path):
    required_program("cc")
    environment = shifted_environment(build_library(tmp_path), LEAP_DAY)

    before = time.monotonic()
    looked = subprocess.check_output([sys.executable, "-c", LOOK], env=environment)
    waited, began, clocks = json.loads(looked)

    assert 0.15 <= waited < UNTIL_THEN
    assert before <= began <= time.monotonic()
    for clock in clocks:
        assert 0 <= clock - LEAP_DAY.timestamp() + 1 < UNTIL_THEN


def test_an_instant_without_an_offset_is_refused():
    assert instant("2027-03-28T00:58Z") == datetime(2027, 3, 28, 0, 58, tzinfo=UTC)
    with pytest.raises(ValueError, match="2027-03-28T00:58"):
        instant("2027-03-28T00:58")
