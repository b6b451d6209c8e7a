"""Files of pictures that nothing shows any more. Safe to run at any time, twice, or at once."""

from sqlalchemy import select

from shop.catalog import media
from shop.catalog.models import Category, Picture
from shop.database import db
from shop.details import ShopDetails
from shop.orders.models import OrderLine

BATCH = 500


def sweep_pictures() -> int:
    """Delete the files of pictures older than a day that no product, category, order or logo shows; how many."""
    old = sorted(media.left_alone())
    swept = 0
    for start in range(0, len(old), BATCH):
        batch = set(old[start : start + BATCH])
        for column in (Picture.path, Category.picture, OrderLine.picture, ShopDetails.logo):
            batch -= set(db.session.scalars(select(column).where(column.in_(batch))))
        for path in batch:
            media.remove(path)
        swept += len(batch)
    db.session.rollback()
    return swept
