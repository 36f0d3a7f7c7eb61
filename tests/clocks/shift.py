"""Moves the wall clock of a process and of everything that it starts."""

import os
import subprocess
import time
from datetime import datetime
from pathlib import Path


def build_library(folder: Path) -> Path:
    """Compile `shift.c` into this folder. Needs a C compiler: `apt-get install gcc libc6-dev`."""
    library = folder / "shift.so"
    source = Path(__file__).with_name("shift.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def shifted_environment(library: Path, instant: datetime) -> dict[str, str]:
    """The environment variables that set the clock to this instant; it goes on from there.

    The clock of this process may itself have been moved.
    """
    true_now = time.time() - int(os.environ.get("SHIFT_SECONDS", "0"))
    seconds = round(instant.timestamp() - true_now)
    return os.environ | {"LD_PRELOAD": str(library), "SHIFT_SECONDS": str(seconds)}
