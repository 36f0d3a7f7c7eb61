"""The bench runs end to end, here on SQLite; what it measures at these sizes means nothing."""

import re
import subprocess
import sys

from bench.figures import AtLeast, AtMost, Figure
from mentorship.config import PROJECT
from tests.support.browser import the_program

MARKS = "before\n<!-- bench -->\nan old table\n<!-- /bench -->\nafter\n"


def test_the_bench_measures_everything_and_writes_its_table(tmp_path):
    file = tmp_path / "README.md"
    file.write_text(MARKS)

    result = subprocess.run(
        [sys.executable, "-m", "bench", "--tiny", "--engine", "sqlite", "--write", file],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    text = file.read_text()
    before, table, after = re.split(r"<!-- /?bench -->\n", text)
    assert (before, after, table) == ("before\n", "after\n", result.stdout)
    rows = [line for line in table.splitlines() if "| SQLite " in line]
    of_pages = 3 if the_program() else 0
    assert len(rows) == 12 + of_pages
    assert sum("holds" in row or "missed" in row for row in rows) == 8 + of_pages


def test_a_figure_says_whether_its_aim_holds():
    cases = [(AtMost(4), 4.0, "at most 4: holds"), (AtMost(4), 4.1, "at most 4: missed"),
             (AtLeast(0.6), 0.6, "at least 0.6: holds"),
             (AtLeast(0.6), 0.5, "at least 0.6: missed"), (None, 9.0, "")]  # fmt: skip

    verdicts = [Figure("it", "2 ms", "1 ms", ratio, aim).verdict for aim, ratio, _ in cases]

    assert verdicts == [verdict for _, _, verdict in cases]
