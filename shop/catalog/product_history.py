"""Who changed what of a product. Each edit counts its version up, so that nobody saves over what they have not seen.

Runs inside the caller's transaction.
"""

import json

from sqlalchemy import select, update

from shop.catalog.models import Category, Product, ProductEdit
from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.core.money import shillings

State = dict[str, str]
Hung = list[tuple[str, str]]  # path and words of each image, in order


class StaleEdit(Exception):
    """Somebody else saved the product since it was opened. Nothing was written."""


def begin_edit(product: Product, seen: int) -> State:
    """Make sure that the product is in the version that was seen, and count it up; its state as it was.

    Raises EditedMeanwhile. The caller changes the product, then calls `end_edit`.
    """
    here = update(Product).where(Product.id == product.id, Product.version == seen)
    if not updated(here.values(version=seen + 1)):
        raise StaleEdit
    db.session.expire(product)
    return state_of(product)


def begin_locked_edit(product: Product) -> State:
    """The same for a product whose row the caller has locked: nobody can be in between."""
    product.version += 1
    return state_of(product)


def end_edit(product: Product, before: State, actor: str, words: str = "") -> str:
    """Write down what an edit changed, in `words` or else as it shows; the same words, "" if it was nothing."""
    db.session.flush()
    words = words or "; ".join(differences(product, before, state_of(product)))
    db.session.add(
        ProductEdit(
            product_id=product.id,
            version=product.version - 1,
            at=utcnow(),
            actor=actor[:80],
            words=words,
            before=json.dumps(before),
        )
    )
    return words


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
            f"low_stock_threshold-{variant.id}": str(variant.low_stock_threshold),
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
        case "low_stock_threshold":
            return f"low stock of {sku} from {was} to {now}"
        case "slug":
            return f"address from {was} to {now}"
    what = {"name": "name", "label": f"label of {sku}"}.get(kind, f"option of {sku}" if sku else "option")
    return f"{what} from “{was}” to “{now}”"


def same_since(product: Product, version: int) -> bool:
    """Whether its form would look as it did in that version: what was changed since is something else."""
    mine = select(ProductEdit.before).where(ProductEdit.product_id == product.id, ProductEdit.version >= version)
    before = db.session.scalar(mine.order_by(ProductEdit.version).limit(1))
    return before is not None and json.loads(before) == state_of(product)


def images_of(product: Product) -> Hung:
    """The images of a product as they hang."""
    return [(image.path, image.alt) for image in product.images]


def note_images(product: Product, before: Hung, actor: str) -> None:
    """Write down what was done with the images of a product whose row the caller has locked, if anything was."""
    db.session.flush()
    db.session.expire(product, ["images"])
    words = image_differences(before, images_of(product))
    if words:
        end_edit(product, begin_locked_edit(product), actor, "; ".join(words))


def image_differences(before: Hung, after: Hung) -> list[str]:
    """What was done with the images, each thing in words."""
    was, now = dict(before), dict(after)
    words = []
    for verb, some, others in (("added", now, was), ("removed", was, now)):
        count = len(some.keys() - others.keys())
        if count:
            words.append(f"{verb} {'a image' if count == 1 else f'{count} images'}")
    stayed = [[path for path in hung if path in was and path in now] for hung in (was, now)]
    if stayed[0] != stayed[1]:
        words.append("put the images in another order")
    said = [path for path in stayed[1] if was[path] != now[path]]
    return words + [f"words of a image from “{was[path]}” to “{now[path]}”" for path in said]
