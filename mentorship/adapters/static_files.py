"""Static files under names that change with their content, so that browsers may keep them."""

import hashlib
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

_HASHED = re.compile(r"\.[0-9a-f]{12}\.[a-z0-9]+$")


def serve_static_files(app: Flask, folder: Path) -> None:
    """Serve `folder` at /static/ and give templates `asset("app.css")`, the hashed address.

    Browsers that take gzip get it. The files are read once, so a change needs a new start.
    """
    packed, names = _packed(folder)
    whitenoise = WhiteNoise(
        app.wsgi_app,
        root=packed.name,
        prefix="static/",
        immutable_file_test=lambda _path, url: bool(_HASHED.search(url)),
    )
    app.wsgi_app = whitenoise  # type: ignore[method-assign]  # Flask's documented way to add middleware.
    app.jinja_env.globals["asset"] = {
        name: f"/static/{hashed}" for name, hashed in names.items()
    }.__getitem__


@cache  # Once for each process; the folder goes when that ends.
def _packed(folder: Path) -> tuple["TemporaryDirectory[str]", dict[str, str]]:
    """A folder with each file under both names, plain and compressed; and the hashed names."""
    packed = TemporaryDirectory(prefix="mentorship-static-")
    compressor = Compressor(use_brotli=False, quiet=True)
    names: dict[str, str] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = file.relative_to(folder).as_posix(), file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:12]
        names[name] = f"{name.removesuffix(file.suffix)}.{digest}{file.suffix}"
        for each in (name, names[name]):
            copy = Path(packed.name, each)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            if compressor.should_compress(each):
                compressor.compress(str(copy))
    return packed, names
