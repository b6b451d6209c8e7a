"""Paths and addresses of images, and the attributes of their <img>.

A path is "img/..." for an image under static/, or "media/<code>-<width>x<height>" for an uploaded image. The path of an
upload holds its size, so that an order line, which stores only the path, knows it too.

The images under static/ are drawings, which have one file, and the demo shop's photos: their smaller copies lie beside
them in a folder for each width, as img/products/320/teapot.jpg and .webp.
"""

import re
import secrets
from dataclasses import dataclass
from functools import lru_cache

from flask import url_for
from PIL import Image

from shop.store.settings import current_store
from shop.web.assets import STATIC, asset

WIDTHS = (160, 320, 640, 960)  # pixels
MAX_WIDTH = WIDTHS[-1]
DRAWING_SIZE = 480  # pixels, width and height of the drawings
NO_IMAGE = "img/no-image.svg"  # for a product or category without one; shown is the shop's own stand-in image, if any
UPLOADED = re.compile(r"media/([0-9a-f]{26})-([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", re.ASCII)
DEMO_PHOTO = re.compile(r"img/products/([a-z0-9-]+)\.jpg", re.ASCII)
FILE = re.compile(r"([0-9a-f]{26}-[1-9][0-9]{0,3}x[1-9][0-9]{0,3})-([1-9][0-9]{0,3})\.(webp|jpg)", re.ASCII)


@dataclass(frozen=True)
class Shape:
    """Width and height of the largest size, in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Shown:
    """The attributes of an <img>. `webp` and `jpeg` are srcsets; empty for a drawing."""

    src: str
    width: int
    height: int
    webp: str = ""
    jpeg: str = ""


def widths_of(width: int) -> list[int]:
    """The widths in which an image is stored, none wider than the image itself."""
    return [step for step in WIDTHS if step < width] + [min(width, MAX_WIDTH)]


def new_path(shape: Shape) -> str:
    """A path that cannot be guessed."""
    return f"media/{secrets.token_hex(13)}-{shape.width}x{shape.height}"


def files_of(path: str) -> list[str]:
    """The names of the files of an uploaded image, smallest first; none for a drawing."""
    found = UPLOADED.fullmatch(path)
    if not found:
        return []
    name = path.removeprefix("media/")
    return [f"{name}-{width}.{ending}" for width in widths_of(int(found[2])) for ending in ("webp", "jpg")]


@lru_cache
def demo_photo_shape(path: str) -> Shape:
    """The width and height of a photo of the demo shop. Raises FileNotFoundError."""
    with Image.open(STATIC / path) as image:  # reads only the head of the file
        return Shape(*image.size)


def shown(path: str) -> Shown:
    """The <img> attributes of an image, for templates: shown(product.images[0].path).src"""
    path = _stand_in(path)
    shape = _shape(path)
    if not shape:
        return Shown(asset(path), DRAWING_SIZE, DRAWING_SIZE)
    webp, jpeg = (
        ", ".join(f"{_address(path, step, ending)} {step}w" for step in widths_of(shape.width))
        for ending in ("webp", "jpg")
    )
    return Shown(image_at(path, 320), shape.width, shape.height, webp, jpeg)


def image_at(path: str, width: int) -> str:
    """The address of an image for a space `width` pixels wide, for templates; as JPEG, which every client shows."""
    path = _stand_in(path)
    shape = _shape(path)
    if not shape:
        return asset(path)
    widths = widths_of(shape.width)
    return _address(path, next((step for step in widths if step >= width), widths[-1]), "jpg")


def _stand_in(path: str) -> str:
    return current_store().stand_in or path if path == NO_IMAGE else path


def _shape(path: str) -> Shape | None:
    """The shape of an image with several widths; None for a drawing."""
    if found := UPLOADED.fullmatch(path):
        return Shape(int(found[2]), int(found[3]))
    return demo_photo_shape(path) if DEMO_PHOTO.fullmatch(path) else None


def _address(path: str, width: int, ending: str) -> str:
    if photo := DEMO_PHOTO.fullmatch(path):
        folder = "" if width == demo_photo_shape(path).width else f"{width}/"
        return asset(f"img/products/{folder}{photo[1]}.{ending}")
    return url_for("media.image", name=f"{path.removeprefix('media/')}-{width}.{ending}")
