"""`python -m bench`: measure everything, on both engines, and say which aims hold."""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from bench import machine, mails, mentors, pages, polls, reports, sweeps, windows
from bench.figures import head, row
from bench.stage import FULL, TINY, Stage
from mentorship.clock import utc_now
from mentorship.config import PROJECT
from tests.support.databases import ENGINES, Databases

BENCHES = (sweeps, reports, polls, windows, pages, mentors, mails)
ONLY = {bench.__name__.removeprefix("bench."): bench for bench in BENCHES}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main() -> None:
    """Timings never make it fail; an answer that is wrong does."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, help="measure on this one alone")
    parser.add_argument("--tiny", action="store_true", help="only show that it runs, in seconds")
    parser.add_argument("--only", choices=ONLY, help="measure this part alone")
    parser.add_argument(
        "--write",
        metavar="FILE",
        type=Path,
        nargs="?",
        const=PROJECT / "docs/performance.md",
        help="put the table between the marks in this file, or in docs/performance.md",
    )
    options = parser.parse_args()
    if options.only and options.write:
        parser.error("--write puts the whole table in a file")
    engines = (options.engine,) if options.engine else ENGINES
    lines: list[str] = []
    missed: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    with tempfile.TemporaryDirectory(prefix="mentorship-bench-") as folder:
        databases = Databases(Path(folder), durable=True)
        try:
            with databases.fresh(engines[-1]) as url:
                say(f"Measured on {machine.described(url)}. Medians of rounds.\n")
            say(head())
            for bench in (ONLY[options.only],) if options.only else BENCHES:
                for engine in engines:
                    stage = Stage(engine, databases, TINY if options.tiny else FULL, utc_now())
                    for figure in bench.run(stage):
                        say(row(NAMES[engine], figure))
                        if figure.is_missed:
                            missed.append(f"{figure.what} on {NAMES[engine]}")
        finally:
            databases.close()
    say("\n" + (f"Missed: {'; '.join(missed)}." if missed else "All aims hold."))
    if options.write:
        write(options.write, "\n".join(lines))


def write(file: Path, table: str) -> None:
    """Put the table between the marks in `file`. Exits with a sentence where it has none."""
    marks = re.compile(r"(<!-- bench -->\n).*(<!-- /bench -->)", re.DOTALL)
    text = file.read_text()
    if not marks.search(text):
        sys.exit(f"{file.name} has no marks for the table.")
    file.write_text(marks.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text))


if __name__ == "__main__":
    main()
