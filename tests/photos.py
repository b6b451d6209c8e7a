"""Photos for the demo shop, whose own images are drawings, which pages show in another way.

`python -m tests.photos` adds them to the shop of the environment.
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
    """Store photos of every shape as uploads, and return their paths."""
    return [serving.store(*shrink(BytesIO(scene(*shape)))) for shape in SHAPES]


def use_photos() -> None:
    """Replace each product image by a photo, inside the caller's transaction."""
    paths = take_photos()
    for number, image in enumerate(
        db.session.scalars(select(ProductImage).order_by(ProductImage.product_id, ProductImage.position))
    ):
        image.path = paths[number % len(paths)]


if __name__ == "__main__":
    with create_app().app_context():
        write(use_photos)
