"""Uploaded images on disk: storing, serving and deleting them.

The files are written before the row and deleted after it, so no page shows a missing image, and a failure leaves only
unused files.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from flask import Blueprint, Flask, Response, abort, current_app, send_file

from shop.catalog.images.paths import FILE, NO_IMAGE, Shape, files_of, image_at, new_path, shown
from shop.config import Settings
from shop.web.assets import A_YEAR
from shop.web.security_headers import INERT

KINDS = {"webp": "image/webp", "jpg": "image/jpeg"}
A_DAY = 86_400  # seconds

media = Blueprint("media", __name__)


def folder() -> Path:
    """The folder of the files."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.instance_path / "media"


def store(shape: Shape, sizes: Mapping[str, bytes]) -> str:
    """Write all files of one image and return its path. Raises OSError; then none is left."""
    path = new_path(shape)
    name = path.removeprefix("media/")
    folder().mkdir(exist_ok=True)
    try:
        for size, content in sizes.items():
            _write(folder() / f"{name}-{size}", content)
    except OSError:
        remove(path)
        raise
    return path


def remove(path: str) -> None:
    """Delete the files of an image that exist."""
    for name in files_of(path):
        with suppress(FileNotFoundError):
            (folder() / name).unlink()


def touch(path: str) -> None:
    """Set the files' time to now, so that a removed image is kept for another day: a new order may show it."""
    for name in files_of(path):
        with suppress(FileNotFoundError):
            os.utime(folder() / name)


def is_stored(path: str) -> bool:
    """Whether all files of an uploaded image exist."""
    names = files_of(path)
    return bool(names) and all((folder() / name).is_file() for name in names)


def old_paths(seconds: int = A_DAY) -> set[str]:
    """The paths of images on disk older than `seconds`: a newer one may be about to be used."""
    before = time.time() - seconds
    old = set()
    for file in folder().glob("*.*"):
        found = FILE.fullmatch(file.name)
        with suppress(FileNotFoundError):  # deleted by another sweep
            if file.stat().st_mtime < before:
                if found:
                    old.add(f"media/{found[1]}")
                elif file.suffix == ".part":
                    file.unlink()
    return old


@media.get("/media/<name>")
def image(name: str) -> Response:
    """One size of an uploaded image. Its type comes from the file name we chose, never from the content."""
    found = FILE.fullmatch(name)
    file = folder() / name
    if not found or not file.is_file():
        abort(404)
    response = send_file(file, mimetype=KINDS[found[3]], max_age=A_YEAR)
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response.headers["Content-Security-Policy"] = INERT
    return response


def init_media(app: Flask) -> None:
    """Serve the images, and add the template functions that show them."""
    app.register_blueprint(media)
    app.jinja_env.globals.update(shown=shown, image_at=image_at, NO_IMAGE=NO_IMAGE)


def _write(place: Path, content: bytes) -> None:
    """Write a file atomically."""
    with NamedTemporaryFile(dir=place.parent, suffix=".part", delete=False) as file:
        file.write(content)
        temporary = Path(file.name)
    temporary.chmod(0o644)
    temporary.replace(place)
