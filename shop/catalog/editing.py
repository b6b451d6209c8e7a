"""Changing what is sold: products and their variants. Runs inside the caller's transaction.

A variant keeps its SKU for good: orders, carts and the stock ledger know it by nothing else. What is sold no more is
archived, never deleted. Each edit counts the product's edition up, so that nobody saves over what they have not seen.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import selectinload

from shop.catalog.models import LOW_STOCK, Category, Product, ProductEdit, Variant
from shop.catalog.stocking import OPENING, note_move
from shop.clock import utcnow
from shop.database import changed, db
from shop.money import shillings

LONGEST_NAME = 120  # characters, as are the others
LONGEST_SLUG = 80
LONGEST_DESCRIPTION = 3000
LONGEST_OPTION = 40
LONGEST_LABEL = 60  # all values of a variant together
LONGEST_SKU = 40
HIGHEST_PRICE = 1_000_000  # shillings; the dearest cart must still fit the column of an order's total
MOST_VARIANTS = 100  # of one product
State = dict[str, str]


class EditedMeanwhile(Exception):
    """Somebody else saved the product since it was opened. Nothing was written."""


class CategoryArchived(Exception):
    """The category chosen was taken out of the shop a moment ago. Nothing was written."""


@dataclass(frozen=True)
class Details:
    """What a product says of itself. `slug` may be empty for a new product: it is made from the name."""

    name: str
    category_id: int
    description: str = ""
    slug: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewVariant:
    """A variant to add. `price` in whole shillings; `values` one for each option, or a `label` where there are none."""

    sku: str
    price: int
    stock: int = 0
    low_at: int = LOW_STOCK
    values: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class VariantEdit:
    """What a variant shall be from now on."""

    price: int
    low_at: int
    active: bool
    values: tuple[str, ...] = ()
    label: str = ""


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


def product_with_variants(product_id: int) -> Product | None:
    """A product, archived or not, with all its variants."""
    if product_id >= 2**31:
        return None  # more than its column holds
    whole = (selectinload(Product.variants), selectinload(Product.category), selectinload(Product.pictures))
    return db.session.scalar(select(Product).where(Product.id == product_id).options(*whole))


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
    return free_names([base], taken)[0]


def free_skus(wanted: Sequence[str]) -> list[str]:
    """The wanted SKUs, changed by a number where they are taken."""
    if not wanted:
        return []
    near = or_(*(Variant.sku.startswith(name) for name in set(wanted)))
    return free_names(wanted, db.session.scalars(select(Variant.sku).where(near)))


def add_product(details: Details, variant: NewVariant, by: str) -> Product:
    """A new product, first on its shelf.

    Raises CategoryArchived. A SKU or slug that is taken breaks a UNIQUE constraint (IntegrityError).
    """
    _keep_on_sale(details.category_id)
    first = db.session.scalar(select(func.min(Product.position)))
    product = Product(
        slug=details.slug or free_slug(details.name),
        name=details.name,
        description=details.description,
        search_text="",
        category_id=details.category_id,
        position=(first or 0) - 1,
    )
    db.session.add(product)
    db.session.flush()
    add_variants(product, [variant], by)
    return product


def add_variants(product: Product, fresh: Sequence[NewVariant], by: str) -> None:
    """More variants, behind those there are. A SKU that is taken breaks a UNIQUE constraint (IntegrityError)."""
    place = max((variant.position for variant in product.variants), default=-1) + 1
    for position, one in enumerate(fresh, place):
        made = Variant(
            sku=one.sku,
            label=label_of(one.values) or one.label,
            price=one.price,
            on_hand=one.stock,
            position=position,
            low_at=one.low_at,
        )
        _set_values(made, one.values)
        product.variants.append(made)
        note_move(one.sku, on_hand=one.stock, reason=OPENING, by=by)
    db.session.flush()
    _refresh_search(product)


def begin_edit(product: Product, seen: int) -> State:
    """Make sure that the product is in the edition that was seen, and count it up; its state as it was.

    Raises EditedMeanwhile. The caller changes the product, then calls `end_edit`.
    """
    here = update(Product).where(Product.id == product.id, Product.edition == seen)
    if not changed(here.values(edition=seen + 1)):
        raise EditedMeanwhile
    db.session.expire(product)
    return state_of(product)


def begin_locked_edit(product: Product) -> State:
    """The same for a product whose row the caller has locked: nobody can be in between."""
    product.edition += 1
    return state_of(product)


def end_edit(product: Product, before: State, by: str, words: str = "") -> str:
    """Write down what an edit changed, in `words` or else as it shows; the same words, "" if it was nothing."""
    db.session.flush()
    words = words or "; ".join(differences(product, before, state_of(product)))
    db.session.add(
        ProductEdit(
            product_id=product.id,
            edition=product.edition - 1,
            at=utcnow(),
            by=by[:80],
            words=words,
            before=json.dumps(before),
        )
    )
    return words


def change_details(product: Product, details: Details) -> None:
    """Give a product its name, address, category, description and the names of its options. Raises CategoryArchived."""
    if details.category_id != product.category_id:
        _keep_on_sale(details.category_id)
    product.name, product.slug = details.name, details.slug
    product.category_id, product.description = details.category_id, details.description
    name_options(product, details.options)
    db.session.flush()
    db.session.expire(product, ["category"])
    _refresh_search(product)


def name_options(product: Product, names: Sequence[str]) -> None:
    """Name what its variants differ in, at most three things."""
    product.option_1, product.option_2, product.option_3 = (*names, "", "", "")[:3]


def change_variant(variant: Variant, edit: VariantEdit) -> None:
    """Set what may change in a variant. Its stock changes by the ledger only, its SKU never."""
    variant.price, variant.low_at, variant.active = edit.price, edit.low_at, edit.active
    revalue(variant, edit.values, edit.label)


def revalue(variant: Variant, values: Sequence[str], label: str = "") -> None:
    """Give a variant its value of each option, and the label that follows from them."""
    _set_values(variant, values)
    variant.label = label_of(values) or label


def archive(product: Product) -> bool:
    """Take a product out of the shop. Orders keep it, carts drop it. False if somebody had done so before."""
    return _set_active(product, to=False)


def restore(product: Product) -> bool:
    """Put an archived product on sale again. False if it is there already."""
    return _set_active(product, to=True)


def state_of(product: Product) -> State:
    """A product as the fields of its form hold it, by their names."""
    state = {
        "name": product.name,
        "slug": product.slug,
        "category": str(product.category_id),
        "description": product.description,
    }
    for number, name in enumerate(product.options, 1):
        state[f"option_{number}"] = name
    for place, variant in enumerate(sorted(product.variants, key=lambda one: one.position), 1):
        state |= {
            f"place-{variant.id}": str(place),
            f"price-{variant.id}": str(variant.price),
            f"low_at-{variant.id}": str(variant.low_at),
            f"active-{variant.id}": "1" if variant.active else "",
        }
        if product.options:
            for number in range(1, len(product.options) + 1):
                state[f"value_{number}-{variant.id}"] = getattr(variant, f"value_{number}")
        else:
            state[f"label-{variant.id}"] = variant.label
    return state


def differences(product: Product, before: State, after: State) -> list[str]:
    """What an edit changed, each thing in words; "price of KIO-CLA from KSh 2,450 to KSh 2,500"."""
    skus = {str(variant.id): variant.sku for variant in product.variants}
    new = [sku for number, sku in skus.items() if f"price-{number}" in after and f"price-{number}" not in before]
    words = [f"added {', '.join(new)}"] if new else []
    for field, now in after.items():
        kind, _, number = field.partition("-")
        if field not in before:
            words += [f"named an option “{now}”"] if kind.startswith("option") else []
        elif now != before[field]:
            words.append(_difference(kind, skus.get(number, ""), before[field], now))
    return words


def _difference(kind: str, sku: str, was: str, now: str) -> str:
    match kind:
        case "description":
            return "description"
        case "category":
            names = dict(db.session.execute(select(Category.id, Category.name)).all())
            return f"category from “{names.get(int(was))}” to “{names.get(int(now))}”"
        case "price":
            return f"price of {sku} from {shillings(int(was))} to {shillings(int(now))}"
        case "active":
            return f"{sku} {'on sale again' if now else 'archived'}"
        case "place":
            return f"place of {sku} from {was} to {now}"
        case "low_at":
            return f"low stock of {sku} from {was} to {now}"
        case "slug":
            return f"address from {was} to {now}"
    what = {"name": "name", "label": f"label of {sku}"}.get(kind, f"option of {sku}" if sku else "option")
    return f"{what} from “{was}” to “{now}”"


def _keep_on_sale(category_id: int) -> None:
    """Nobody archives the category until the caller's transaction ends; see `archive_category`."""
    if not db.session.scalar(select(Category.active).where(Category.id == category_id).with_for_update(read=True)):
        raise CategoryArchived


def _set_active(product: Product, *, to: bool) -> bool:
    moved = bool(changed(update(Product).where(Product.id == product.id, Product.active != to).values(active=to)))
    db.session.expire(product, ["active"])
    return moved


def _set_values(variant: Variant, values: Sequence[str]) -> None:
    variant.value_1, variant.value_2, variant.value_3 = (*values, "", "", "")[:3]


def _refresh_search(product: Product) -> None:
    skus = [variant.sku for variant in product.variants]
    product.search_text = search_text(product.name, product.category.name, skus, product.description)
