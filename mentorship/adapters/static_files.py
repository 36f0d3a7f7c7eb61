"""Static files under names that change with their content, so that browsers may keep them."""

import hashlib
import re
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

_HASHED = re.compile(r"\.[0-9a-f]{12}\.[a-z0-9]+$")


def serve_static_files(app: Flask, folder: Path) -> None:
    """Serve `folder` at /static/ and give templates `asset("app.css")`, the hashed address."""
    whitenoise = WhiteNoise(
        app.wsgi_app, immutable_file_test=lambda _path, url: bool(_HASHED.search(url))
    )
    addresses: dict[str, str] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        addresses[name] = f"/static/{name.removesuffix(file.suffix)}.{digest}{file.suffix}"
        whitenoise.add_file_to_dictionary(addresses[name], str(file))
        whitenoise.add_file_to_dictionary(f"/static/{name}", str(file))
    app.wsgi_app = whitenoise  # type: ignore[method-assign]  # Flask's documented way to add middleware.
    app.jinja_env.globals["asset"] = addresses.__getitem__
