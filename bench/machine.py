"""Which class of machine the figures are from; nothing in it names the machine itself."""

import os
import platform
import re
import sqlite3
from pathlib import Path

import psycopg


def described(database_url: str) -> str:
    """Cores, processor, and the versions of what matters, PostgreSQL's if it is on one."""
    cores = len(os.sched_getaffinity(0))
    text = (
        f"{cores} core{'' if cores == 1 else 's'} of {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    if database_url.startswith("postgresql"):
        with psycopg.connect(database_url) as connection:
            version = connection.info.server_version
        text += f", PostgreSQL {version // 10000}.{version % 10000}"
    return text


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text()
    name = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    family = re.search(r"^cpu family\s*: (.+)$", text, re.MULTILINE)
    if not (name and family):
        return platform.machine()
    return f"{name[1]} (family {family[1]})"
