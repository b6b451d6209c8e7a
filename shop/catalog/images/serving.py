"""Uploaded images on disk: kept, served, and swept away.

An image's files are all there before its row is; a row is gone before its files are. So no page shows a gap, and what
is left over after a failure is only space.
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
    """Where the files are."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.instance_path / "media"


def store(shape: Shape, sizes: Mapping[str, bytes]) -> str:
    """Write the files of one image; its path. All of them are there, or none (OSError)."""
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
    """Delete the files of an image, as far as they are there."""
    for name in files_of(path):
        with suppress(FileNotFoundError):
            (folder() / name).unlink()


def touch(path: str) -> None:
    """Make the files of an image that was taken off look new: an order that is just being placed may still show it."""
    for name in files_of(path):
        with suppress(FileNotFoundError):
            os.utime(folder() / name)


def is_stored(path: str) -> bool:
    """Whether all files of an uploaded image are there."""
    names = files_of(path)
    return bool(names) and all((folder() / name).is_file() for name in names)


def old_paths(seconds: int = A_DAY) -> set[str]:
    """The paths of the images on disk that are older than that: a younger one may be about to be used."""
    before = time.time() - seconds
    old = set()
    for file in folder().glob("*.*"):
        found = FILE.fullmatch(file.name)
        with suppress(FileNotFoundError):  # another sweep was here
            if file.stat().st_mtime < before:
                if found:
                    old.add(f"media/{found[1]}")
                elif file.suffix == ".part":
                    file.unlink()
    return old


@media.get("/media/<name>")
def image(name: str) -> Response:
    """One size of an uploaded image. Its type follows from the name we gave it, never from its content."""
    found = FILE.fullmatch(name)
    file = folder() / name
    if not found or not file.is_file():
        abort(404)
    response = send_file(file, mimetype=KINDS[found[3]], max_age=A_YEAR)
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response.headers["Content-Security-Policy"] = INERT
    return response


def init_media(app: Flask) -> None:
    """Serve the images, and tell templates how to show them."""
    app.register_blueprint(media)
    app.jinja_env.globals.update(shown=shown, image_at=image_at, NO_IMAGE=NO_IMAGE)


def _write(place: Path, content: bytes) -> None:
    """Whole under its name, or not at all."""
    with NamedTemporaryFile(dir=place.parent, suffix=".part", delete=False) as file:
        file.write(content)
        temporary = Path(file.name)
    temporary.chmod(0o644)
    temporary.replace(place)
