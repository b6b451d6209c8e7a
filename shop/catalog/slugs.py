"""Addresses that were given out are kept: an old slug leads to what bore it, until something else takes the name.

Old slugs point at a row, not at another slug, so there is no chain and no loop. They are written by the flush that
renames, whatever code did it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import delete, event, insert, or_, select
from sqlalchemy.orm import Session, UOWTransaction, attributes

from shop.catalog.models import Category, OldSlug, Product, Variant
from shop.core.database import db

Kind = TypeVar("Kind", Product, Category)


def item_at_old_slug(model: type[Kind], slug: str) -> Kind | None:
    """The product or category that has this slug, archived or not, or else the last one that had it; or None."""
    here = db.session.scalar(select(model).where(model.slug == slug))
    if here is not None:
        return here
    kept = (OldSlug.kind == model.__tablename__, OldSlug.slug == slug)
    return db.session.scalar(select(model).join(OldSlug, OldSlug.item_id == model.id).where(*kept))


def keep_old_slug(model: type[Product] | type[Category], base: str) -> list[str]:
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


LONGEST_SLUG = 80  # characters
LONGEST_SKU = 40


def tidy_sku(typed: str) -> str:
    """A SKU as the shop keeps it: capitals, digits and hyphens. It may come out empty."""
    parts = unicodedata.normalize("NFKD", typed)
    plain = "".join(part for part in parts if not unicodedata.combining(part)).upper()
    return re.sub(r"[^A-Z0-9]+", "-", plain).strip("-")


def tidy_slug(typed: str) -> str:
    """A name as the end of an address. It may come out empty."""
    return tidy_sku(typed).lower()[:LONGEST_SLUG].strip("-")


def suggested_sku(*words: str) -> str:
    """A SKU from names, three letters of the first three words of each: "Classic kiondo", "Large" is CLA-KIO-LAR."""
    parts = [part[:3] for name in words for part in tidy_sku(name).split("-")[:3] if part]
    return "-".join(parts)[: LONGEST_SKU - 4].strip("-") or "SKU"


def label_of(values: Sequence[str]) -> str:
    """What pages call a variant with these values: "Large, Indigo"."""
    return ", ".join(filter(None, values))


def search_text(name: str, category: str, skus: Iterable[str], description: str) -> str:
    """What the search looks through: words in lower case."""
    return " ".join((name, category, *skus, description)).lower()


def sku_owners(skus: Iterable[str]) -> dict[str, str]:
    """Which of these SKUs are somebody's already, archived or not, and the name of their product."""
    query = select(Variant.sku, Product.name).join(Product).where(Variant.sku.in_(list(skus)))
    return dict(db.session.execute(query).all())


def slug_owner(slug: str) -> Product | None:
    """The product at this address, or None."""
    return db.session.scalar(select(Product).where(Product.slug == slug))


def free_names(wanted: Sequence[str], taken: Iterable[str]) -> list[str]:
    """The wanted names in order, each that is taken or comes again with the next free number behind it."""
    used, free = set(taken), []
    for name in wanted:
        number, candidate = 2, name
        while candidate in used:
            number, candidate = number + 1, f"{name}-{number}"
        used.add(candidate)
        free.append(candidate)
    return free


def free_slug(name: str) -> str:
    """An address for a new product of that name."""
    base = tidy_slug(name)[: LONGEST_SLUG - 6].strip("-") or "product"
    taken = db.session.scalars(
        select(Product.slug).where(or_(Product.slug == base, Product.slug.startswith(f"{base}-")))
    )
    return free_names([base], [*taken, *keep_old_slug(Product, base)])[0]


def free_skus(wanted: Sequence[str]) -> list[str]:
    """The wanted SKUs, changed by a number where they are taken."""
    if not wanted:
        return []
    near = or_(*(Variant.sku.startswith(name) for name in set(wanted)))
    return free_names(wanted, db.session.scalars(select(Variant.sku).where(near)))
