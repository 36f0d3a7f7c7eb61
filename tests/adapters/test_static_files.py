"""Style and scripts: small, kept by browsers, and there for as long as the process runs."""

import gzip
import shutil
import tempfile

import pytest
from flask import Flask

from mentorship.adapters.static_files import serve_static_files

STYLE = b"p { margin: 0 }\n" * 20
HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "static"
    (folder / "vendor").mkdir(parents=True)
    (folder / "app.css").write_bytes(STYLE)
    (folder / "vendor" / "x.js").write_bytes(b"let x")
    (folder / "LICENSE").write_bytes(b"Do")
    return folder


@pytest.fixture
def app(folder):
    app = Flask(__name__, static_folder=None)
    serve_static_files(app, folder, HEADERS)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def hashed(app):
    """The address that templates write for the style."""
    return app.jinja_env.globals["asset"]("app.css")


def test_a_file_is_kept_for_ever_by_the_name_of_its_content_and_a_minute_by_its_own(client, hashed):
    for address, kept in (
        (hashed, "max-age=315360000, public, immutable"),
        ("/static/app.css", "max-age=60, public"),
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.data) == (200, STYLE)
        assert answer.headers["Cache-Control"] == kept
        assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert client.get("/static/vendor/x.js").mimetype == "text/javascript"
    assert client.get("/static/LICENSE").mimetype == "application/octet-stream"
    assert client.get("/static/none.css").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br", "gzip"), ("br", None), ("gzip;q=0, br", None), ("", None)],
)
def test_a_browser_that_takes_gzip_gets_it(client, hashed, accepted, encoding):
    answer = client.get(hashed, headers={"Accept-Encoding": accepted})

    assert answer.headers.get("Content-Encoding") == encoding
    assert (gzip.decompress(answer.data) if encoding else answer.data) == STYLE
    assert (answer.content_length < len(STYLE)) is (encoding is not None)


@pytest.mark.parametrize("headers", [{}, GZIP])
def test_who_has_a_file_already_does_not_get_it_again(client, hashed, headers):
    tag = client.get(hashed, headers=headers).headers["ETag"]

    answer = client.get(hashed, headers=headers | {"If-None-Match": tag})

    assert (answer.status_code, answer.data) == (304, b"")
    assert client.get(hashed, headers=headers | {"If-None-Match": '"x"'}).status_code == 200


def test_what_is_packed_has_a_tag_of_its_own(client, hashed):
    assert client.get(hashed).headers["ETag"] != client.get(hashed, headers=GZIP).headers["ETag"]


def test_head_has_the_length_alone_and_nothing_is_changed_there(client, hashed):
    answer = client.head(hashed)

    assert (answer.status_code, answer.data, answer.content_length) == (200, b"", len(STYLE))
    answer = client.post(hashed)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


RANGES = [
    # asked           status  what comes
    ("bytes=0-9",     206,    STYLE[:10]),
    ("bytes=-5",      206,    STYLE[-5:]),
    ("bytes=9999-",   416,    None),
    ("bytes=0-1,3-4", 200,    STYLE),
    ("lines=1-2",     200,    STYLE),
    ("nonsense",      200,    STYLE),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status", "content"), RANGES)
def test_a_part_of_a_file_comes_where_one_is_asked_for(client, hashed, asked, status, content):
    answer = client.get(hashed, headers={"Range": asked})

    assert answer.status_code == status
    assert content is None or answer.data == content


def test_files_are_served_although_the_folders_that_they_were_in_are_gone(
    folder, tmp_path, monkeypatch
):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    app = Flask(__name__, static_folder=None)
    serve_static_files(app, folder, HEADERS)
    shutil.rmtree(temporary)
    shutil.rmtree(folder)

    answer = app.test_client().get("/static/app.css", headers=GZIP)

    assert gzip.decompress(answer.data) == STYLE


def test_nothing_is_written_to_serve_them(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))

    serve_static_files(Flask(__name__, static_folder=None), folder, HEADERS)


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (200, {}),
        (200, {"headers": GZIP}),
        (200, {"method": "HEAD"}),
        (206, {"headers": {"Range": "bytes=0-3"}}),
        (405, {"method": "POST"}),
        (416, {"headers": {"Range": "bytes=9999-"}}),
    ],
)
def test_every_answer_carries_the_headers_of_all_pages(client, status, request_):
    answer = client.open("/static/app.css", **request_)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_a_file_that_has_not_changed_carries_them_too(client):
    etag = client.get("/static/app.css").headers["ETag"]

    answer = client.get("/static/app.css", headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
