"""Slugs, SKUs and labels. An old slug keeps leading to its product or category until another one takes it.

Old slugs refer to a row and not to another slug, so there are no chains or loops. The flush that renames writes them.
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
    """The product or category with this slug, archived or not, or else the last that had it; or None."""
    current = slug_owner(model, slug)
    if current is not None:
        return current
    kept = (OldSlug.kind == model.__tablename__, OldSlug.slug == slug)
    return db.session.scalar(select(model).join(OldSlug, OldSlug.item_id == model.id).where(*kept))


@event.listens_for(Session, "after_flush")
def _record_renames(session: Session, _context: UOWTransaction) -> None:
    """Store the slugs that this flush renamed, and delete old slugs that are in use again."""
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


MAX_SLUG_LENGTH = 80  # characters
MAX_SKU_LENGTH = 40


def tidy_sku(typed: str) -> str:
    """Typed text as a SKU: capitals, digits and hyphens. May be empty."""
    parts = unicodedata.normalize("NFKD", typed)
    plain = "".join(part for part in parts if not unicodedata.combining(part)).upper()
    return re.sub(r"[^A-Z0-9]+", "-", plain).strip("-")


def tidy_slug(typed: str) -> str:
    """A name as a slug. May be empty."""
    return tidy_sku(typed).lower()[:MAX_SLUG_LENGTH].strip("-")


def suggested_sku(*words: str) -> str:
    """A SKU from names, with three letters of the first three words of each: "Classic kiondo", "Large": CLA-KIO-LAR."""
    parts = [part[:3] for name in words for part in tidy_sku(name).split("-")[:3] if part]
    return "-".join(parts)[: MAX_SKU_LENGTH - 4].strip("-") or "SKU"


def label_of(values: Sequence[str]) -> str:
    """The label of a variant with these values: "Large, Indigo"."""
    return ", ".join(filter(None, values))


def search_text(name: str, category: str, skus: Iterable[str], description: str) -> str:
    """The text that the search looks in, in lower case."""
    return " ".join((name, category, *skus, description)).lower()


def sku_owners(skus: Iterable[str]) -> dict[str, str]:
    """{SKU: product name} of those SKUs that are in use, archived or not."""
    query = select(Variant.sku, Product.name).join(Product).where(Variant.sku.in_(list(skus)))
    return dict(db.session.execute(query).all())


def slug_owner(model: type[Kind], slug: str) -> Kind | None:
    """The product or category with this slug, archived or not, or None."""
    return db.session.scalar(select(model).where(model.slug == slug))


def free_names(wanted: Sequence[str], taken: Iterable[str]) -> list[str]:
    """The wanted names in order; a number is added to each that is taken or repeated."""
    used, free = set(taken), []
    for name in wanted:
        number, candidate = 2, name
        while candidate in used:
            number, candidate = number + 1, f"{name}-{number}"
        used.add(candidate)
        free.append(candidate)
    return free


def free_slug(model: type[Kind], name: str, most: int = MAX_SLUG_LENGTH) -> str:
    """A slug of at most `most` characters for a new product or category: no other has it, nor had it before."""
    base = tidy_slug(name)[: most - 6].strip("-") or model.__tablename__
    taken = select(model.slug).where(model.slug.startswith(base))
    old = select(OldSlug.slug).where(OldSlug.kind == model.__tablename__, OldSlug.slug.startswith(base))
    return free_names([base], db.session.scalars(taken.union(old)))[0]


def free_skus(wanted: Sequence[str]) -> list[str]:
    """The wanted SKUs; a number is added to each that is taken."""
    if not wanted:
        return []
    near = or_(*(Variant.sku.startswith(name) for name in set(wanted)))
    return free_names(wanted, db.session.scalars(select(Variant.sku).where(near)))
