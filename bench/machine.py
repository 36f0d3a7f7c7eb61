"""Which class of machine the figures are from; nothing in it names the machine itself."""

import os
import platform
import re
import sqlite3
from pathlib import Path

import psycopg


def described(postgresql_url: str) -> str:
    """Cores, processor, and the versions of what matters, in one line."""
    with psycopg.connect(postgresql_url) as connection:
        version = connection.info.server_version
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} core{'' if cores == 1 else 's'} of {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"PostgreSQL {version // 10000}.{version % 10000}"
    )


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text()
    name = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    family = re.search(r"^cpu family\s*: (.+)$", text, re.MULTILINE)
    if not (name and family):
        return platform.machine()
    return f"{name[1]} (family {family[1]})"
