"""What the polls are measured against: one route of bare Flask, served as `flask serve` serves."""

import sys

from flask import Flask

from mentorship.cli.running import server

app = Flask(__name__)


@app.route("/", methods=["POST"])
def route() -> str:
    """The least that a route can do."""
    return "OK"


if __name__ == "__main__":
    server("bench.bare:app", host="127.0.0.1", port=int(sys.argv[1]), workers=2).serve()
