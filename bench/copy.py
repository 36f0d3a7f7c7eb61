"""What the dashboard is measured against: the same HTML as a static page, served alike."""

import os
import sys
from pathlib import Path

from flask import Flask

from mentorship.adapters.static_files import serve_static_files
from mentorship.cli.serving import serve_application
from mentorship.config import PROJECT

FILE = "BENCH_COPY"
"""The environment variable that names the file."""

app = Flask(__name__, static_folder=None)
serve_static_files(app, PROJECT / "static", {})


@app.get("/copy")
def copy() -> str:
    """The file as it is."""
    return Path(os.environ[FILE]).read_text()


if __name__ == "__main__":
    serve_application("bench.copy:app", host="127.0.0.1", port=int(sys.argv[1]), workers=2)
