"""Addresses that were given out are kept: an old slug leads to what bore it, until something else takes the name.

Old slugs point at a row, not at another slug, so there is no chain and no loop. They are written by the flush that
renames, whatever code did it.
"""

from typing import TypeVar

from sqlalchemy import delete, event, insert, select
from sqlalchemy.orm import Session, UOWTransaction, attributes

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


@event.listens_for(Session, "after_flush")
def _keep(session: Session, _context: UOWTransaction) -> None:
    """Write down what this flush renamed, and forget what bore a name that is taken now: two statements a kind."""
    for model in (Product, Category):
        kind, taken, renamed = model.__tablename__, [], []
        changed: list[Product | Category] = [one for one in (*session.new, *session.dirty) if isinstance(one, model)]
        for item in changed:
            slug = attributes.get_history(item, "slug")
            if slug.added:
                taken.append(item.slug)
                renamed += [{"kind": kind, "slug": old, "item_id": item.id} for old in slug.deleted or ()]
        if taken:
            gone = [*taken, *(row["slug"] for row in renamed)]
            session.execute(delete(OldSlug).where(OldSlug.kind == kind, OldSlug.slug.in_(gone)))
        if renamed:
            session.execute(insert(OldSlug), renamed)
