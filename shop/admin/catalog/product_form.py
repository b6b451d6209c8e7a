"""The form of a product: its fields as they stand, read into an edit, and put together with somebody else's edit."""

import json
from dataclasses import dataclass

from sqlalchemy import select

from shop.admin.catalog.answers import Answers
from shop.catalog.models import Category, Product, ProductEdit, Variant
from shop.catalog.product_history import State, state_of
from shop.catalog.products import (
    MAX_DESCRIPTION_LENGTH,
    MAX_LABEL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_OPTION_LENGTH,
    ProductValues,
    VariantEdit,
)
from shop.catalog.slugs import MAX_SLUG_LENGTH, label_of, slug_owner, tidy_slug
from shop.catalog.stock import MAX_STOCK
from shop.core.database import db


@dataclass(frozen=True)
class Edit:
    """What a filled-in form asks for: each variant with what it shall be, in the order they shall stand in."""

    details: ProductValues
    variants: list[tuple[int, VariantEdit]]  # (id, edit)


@dataclass(frozen=True)
class Merged:
    """A form that somebody else was quicker than: what was typed, their changes where nothing was typed."""

    typed: State
    theirs: list[tuple[str, str]]  # (who, what they changed)
    clashes: dict[str, str]  # field: what the other one made of it


def read_edit(answers: Answers, product: Product) -> Edit:
    """Read the form of a product; what is wrong stands in `answers`."""
    names = tuple(
        answers.line(f"option_{number}", f"The name of option {number}", MAX_OPTION_LENGTH)
        for number in range(1, len(product.options) + 1)
    )
    if len({name.casefold() for name in names}) < len(names):
        answers.refuse(f"option_{len(names)}", "Two options have the same name: call them differently")
    details = ProductValues(
        name=answers.line("name", "Name", MAX_NAME_LENGTH),
        category_id=read_category(answers, product),
        description=answers.block("description", "Description", MAX_DESCRIPTION_LENGTH),
        slug=_read_slug(answers, product),
        options=names,
    )
    rows = []
    for variant in product.variants:
        place = answers.whole(f"place-{variant.id}", f"Place of {variant.sku}", 1, 999)
        rows.append((place, variant.position, variant.id, _read_variant(answers, product, variant)))
    edits = [(variant_id, edit) for _, _, variant_id, edit in sorted(rows, key=lambda row: row[:3])]
    _check_together(answers, product, edits)
    return Edit(details, edits)


def read_category(answers: Answers, product: Product | None = None) -> int:
    """The category chosen: one that is in the shop, or the one it is in already."""
    chosen = answers.typed.get("category", "")
    shelf = (
        db.session.get(Category, int(chosen)) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
    )
    if shelf is None or not (shelf.active or (product is not None and product.category_id == shelf.id)):
        answers.refuse("category", "Choose a category")
        return 0
    return shelf.id


def merge(product: Product, seen: int, typed: State) -> Merged:
    """Put a form together with what others saved since version `seen`.

    Where nothing was typed their words stand; where both changed a field what was typed stays, and the clash is named.
    """
    since = db.session.execute(
        select(ProductEdit.actor, ProductEdit.words, ProductEdit.before)
        .where(ProductEdit.product_id == product.id, ProductEdit.version >= seen)
        .order_by(ProductEdit.version)
    ).all()
    base: State = json.loads(since[0].before) if since else {}
    now = state_of(product)
    merged, clashes = {}, {}
    for field, theirs in now.items():
        mine = typed.get(field, "" if field.startswith("active-") else theirs)
        if field not in base or mine == base[field]:
            merged[field] = theirs
            continue
        merged[field] = mine
        if theirs not in (base[field], mine):
            clashes[field] = theirs
    return Merged(merged, [(row.actor, row.words) for row in since], clashes)


def _read_slug(answers: Answers, product: Product) -> str:
    typed = answers.line("slug", "Address", MAX_SLUG_LENGTH * 2)
    slug = tidy_slug(typed)
    if typed and not slug:
        answers.refuse("slug", "The address needs letters a to z or digits")
    owner = slug_owner(slug)
    if owner is not None and owner.id != product.id:
        answers.refuse("slug", f"“{owner.name}” has the address {slug} already: choose another")
    return slug


def _read_variant(answers: Answers, product: Product, variant: Variant) -> VariantEdit:
    number, sku = variant.id, variant.sku
    values = tuple(
        answers.line(f"value_{place}-{number}", f"{name} of {sku}", MAX_LABEL_LENGTH)
        for place, name in enumerate(product.options, 1)
    )
    label = "" if values else answers.line(f"label-{number}", f"Label of {sku}", MAX_LABEL_LENGTH, needed=False)
    if len(label_of(values)) > MAX_LABEL_LENGTH:
        answers.refuse(
            f"value_1-{number}", f"The values of {sku} have more than {MAX_LABEL_LENGTH} characters together"
        )
    return VariantEdit(
        price=answers.price(f"price-{number}", f"Price of {sku}"),
        low_stock_threshold=answers.whole(f"low_stock_threshold-{number}", f"Low stock of {sku}", 0, MAX_STOCK),
        active=bool(answers.typed.get(f"active-{number}")),
        values=values,
        label=label,
    )


def _check_together(answers: Answers, product: Product, edits: list[tuple[int, VariantEdit]]) -> None:
    """At least one is for sale, and a buyer can tell those that are apart."""
    sold = [(number, label_of(edit.values) or edit.label) for number, edit in edits if edit.active]
    first = "value_1" if product.options else "label"
    if edits and not sold:
        answers.refuse(f"active-{edits[0][0]}", "Leave one variant for sale, or archive the whole product instead")
    seen: set[str] = set()
    for number, label in sold:
        if len(sold) > 1 and not label:
            answers.refuse(f"{first}-{number}", "Give each variant a label: buyers choose by it")
        elif label and label.casefold() in seen:
            answers.refuse(f"{first}-{number}", f"Two variants for sale are called “{label}”: change one or archive it")
        seen.add(label.casefold())
