"""Paths and addresses of images, and the attributes of their <img>.

A path is "img/..." for a drawing under static/, or "media/<code>-<width>x<height>" for an uploaded image. The path
holds the size, so that an order line, which stores only the path, knows it too.
"""

import re
import secrets
from dataclasses import dataclass

from flask import url_for

from shop.web.assets import asset

WIDTHS = (160, 320, 640, 960)  # pixels
MAX_WIDTH = WIDTHS[-1]
DRAWING_SIZE = 480  # pixels, width and height of the drawings
NO_IMAGE = "img/no-image.svg"  # for a product or category without one; a logo would look like a product
UPLOADED = re.compile(r"media/([0-9a-f]{26})-([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", re.ASCII)
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


def shown(path: str) -> Shown:
    """The <img> attributes of an image, for templates: shown(product.images[0].path).src"""
    found = UPLOADED.fullmatch(path)
    if not found:
        return Shown(asset(path), DRAWING_SIZE, DRAWING_SIZE)
    width, height = int(found[2]), int(found[3])
    webp, jpeg = (
        ", ".join(f"{_address(path, step, ending)} {step}w" for step in widths_of(width)) for ending in ("webp", "jpg")
    )
    return Shown(image_at(path, 320), width, height, webp, jpeg)


def image_at(path: str, width: int) -> str:
    """The address of an image for a space `width` pixels wide, for templates; as JPEG, which every client shows."""
    found = UPLOADED.fullmatch(path)
    if not found:
        return asset(path)
    widths = widths_of(int(found[2]))
    return _address(path, next((step for step in widths if step >= width), widths[-1]), "jpg")


def _address(path: str, width: int, ending: str) -> str:
    return url_for("media.image", name=f"{path.removeprefix('media/')}-{width}.{ending}")
