"""Addresses that were given out are kept: an old slug leads to what bore it, until something else takes the name.

Old slugs point at a row, not at another slug, so there is no chain and no loop. They are written by the flush that
renames, whatever code did it.
"""

from typing import Any, TypeVar

from sqlalchemy import Connection, delete, event, insert, inspect, select
from sqlalchemy.orm import Mapper

from shop.catalog.models import Category, OldSlug, Product
from shop.database import db

Kind = TypeVar("Kind", Product, Category)


def once_at(model: type[Kind], slug: str) -> Kind | None:
    """The product or category that has this slug, archived or not, or else the last one that had it; or None."""
    here = db.session.scalar(select(model).where(model.slug == slug))
    if here is not None:
        return here
    kept = (OldSlug.kind == model.__tablename__, OldSlug.slug == slug)
    return db.session.scalar(select(model).join(OldSlug, OldSlug.item_id == model.id).where(*kept))


def taken_once(model: type[Product] | type[Category], base: str) -> list[str]:
    """The old slugs of this kind that are `base`, or begin with it: a suggested slug keeps clear of them."""
    kept = select(OldSlug.slug).where(OldSlug.kind == model.__tablename__, OldSlug.slug.startswith(base))
    return list(db.session.scalars(kept))


def _keep(mapper: Mapper[Any], connection: Connection, item: Any) -> None:
    changes = inspect(item).attrs.slug.history
    if not changes.added:
        return
    kind, old = mapper.class_.__tablename__, next(iter(changes.deleted or ()), None)
    connection.execute(delete(OldSlug).where(OldSlug.kind == kind, OldSlug.slug.in_([item.slug, old])))
    if old is not None:
        connection.execute(insert(OldSlug).values(kind=kind, slug=old, item_id=item.id))


for _model in (Product, Category):
    event.listen(_model, "after_insert", _keep)
    event.listen(_model, "after_update", _keep)
