"""Photographs for the demo shop, whose own images are drawings: a photograph is marked up in another way.

`python -m tests.photos` hangs them in the shop that the environment describes.
"""

from io import BytesIO

from sqlalchemy import select

from shop import create_app
from shop.catalog.images import serving
from shop.catalog.images.processing import shrink
from shop.catalog.models import ProductImage
from shop.core.database import db, write
from tests.malicious_files import scene

SHAPES = ((1200, 900), (900, 1200), (1000, 1000), (1600, 900))  # landscape, portrait, square, wide


def take_photos() -> list[str]:
    """Photographs of every shape, taken in the way the shop takes an upload; their paths."""
    return [serving.store(*shrink(BytesIO(scene(*shape)))) for shape in SHAPES]


def hang_photos() -> None:
    """Put a photograph in the place of each image of a product, inside the caller's transaction."""
    paths = take_photos()
    for number, image in enumerate(
        db.session.scalars(select(ProductImage).order_by(ProductImage.product_id, ProductImage.position))
    ):
        image.path = paths[number % len(paths)]


if __name__ == "__main__":
    with create_app().app_context():
        write(hang_photos)
