"""The bench says which aims hold and keeps its table. `make check` runs it at tiny sizes."""

import pytest

from bench.__main__ import write
from bench.figures import AtLeast, AtMost, Figure


def test_the_table_is_written_between_the_marks_and_the_rest_stays(tmp_path):
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- bench -->\nan old table\n<!-- /bench -->\nafter\n")

    write(file, "| a new table |")

    assert file.read_text() == ("before\n<!-- bench -->\n| a new table |\n<!-- /bench -->\nafter\n")


def test_a_file_without_marks_is_refused_and_stays(tmp_path):
    file = tmp_path / "README.md"
    file.write_text("before\n")

    with pytest.raises(SystemExit, match=r"README\.md has no marks for the table\."):
        write(file, "| a new table |")

    assert file.read_text() == "before\n"


def test_a_figure_says_whether_its_aim_holds():
    cases = [
        (AtMost(4), 4.0, "at most 4: holds"),
        (AtMost(4), 4.1, "at most 4: missed"),
        (AtLeast(0.6), 0.6, "at least 0.6: holds"),
        (AtLeast(0.6), 0.5, "at least 0.6: missed"),
        (None, 9.0, ""),
    ]

    verdicts = [Figure("it", "2 ms", "1 ms", ratio, aim).verdict for aim, ratio, _ in cases]

    assert verdicts == [verdict for _, _, verdict in cases]
