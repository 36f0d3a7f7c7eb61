"""What the polls are measured against: one route of bare Flask, served as `flask serve` serves."""

import sys

from flask import Flask

from mentorship.cli.serving import serve_application

app = Flask(__name__)


@app.route("/", methods=["POST"])
def route() -> str:
    """The least that a route can do."""
    return "OK"


if __name__ == "__main__":
    serve_application("bench.bare:app", host="127.0.0.1", port=int(sys.argv[1]), workers=2)
