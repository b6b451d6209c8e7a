"""Reading and changing the images of a product in tests."""

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.test import TestResponse

from shop.catalog.models import Product, ProductImage
from shop.core.database import db
from tests.admin_client import AdminClient
from tests.shopper import hidden_fields

SLUG = "mwiko"


def paths(app: Flask) -> list[str]:
    """The paths of the teapot's images, in order."""
    return _of_teapot(app, ProductImage.path)


def ids(app: Flask) -> list[int]:
    """The ids of the teapot's images, in order."""
    return _of_teapot(app, ProductImage.id)


def _of_teapot(app: Flask, column: InstrumentedAttribute[Any]) -> list[Any]:
    with app.app_context():
        listed = select(column).join(Product).where(Product.slug == SLUG).order_by(ProductImage.position)
        return list(db.session.scalars(listed))


def on_disk(tmp_path: Path) -> list[str]:
    """The file names of all uploaded images."""
    return sorted(file.name for file in (tmp_path / "instance" / "media").glob("*"))


def act(owner: AdminClient, page: str, what: str, **fields: object) -> TestResponse:
    """Press a button of the images page."""
    html = owner.get(page).text
    own = [part.partition("</form>")[0] for part in html.split("<form")[1:] if f'action="{page}/{what}"' in part]
    mine = [part for part in own if f'name="image" value="{fields.get("image")}"' in part]
    return owner.post(f"{page}/{what}", {**hidden_fields(mine[0] if mine else html), **fields})
