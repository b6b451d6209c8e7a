"""The history of a product: who changed what. Each edit raises the product's version by one.

All functions run inside the caller's transaction.
"""

from sqlalchemy import select, update

from shop.catalog.models import Category, Product, ProductEdit
from shop.catalog.search_index import index_products
from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.core.money import shillings

State = dict[str, str]  # by the names of the fields in the product's form
Images = list[tuple[str, str]]  # path and description of each image, in order


class StaleEdit(Exception):
    """Another user saved the product since it was read. Nothing was written."""


def begin_edit(product: Product, seen: int) -> State:
    """Raise the version of a product that was read in version `seen`; return its state before the edit.

    Raises StaleEdit when its version is another one. The caller changes the product, then calls `end_edit`.
    """
    same = update(Product).where(Product.id == product.id, Product.version == seen)
    if not updated(same.values(version=seen + 1)):
        raise StaleEdit
    db.session.expire(product)
    return state_of(product)


def begin_locked_edit(product: Product) -> State:
    """Raise the version of a product whose row the caller has locked; return its state before the edit."""
    product.version += 1
    return state_of(product)


def end_edit(product: Product, before: State, actor: str, words: str = "", *, index: bool = True) -> str:
    """Record what an edit changed: `words`, or else the differences. Returns those words, "" if nothing changed.

    The search index follows, unless the caller indexes many products at once afterwards.
    """
    product.demo = False  # what the owner has changed is theirs: "Remove the demo" leaves it
    db.session.flush()
    if index:
        index_products([product.id])
    words = words or "; ".join(differences(product, before, state_of(product)))
    edit = ProductEdit(product_id=product.id, version=product.version - 1, at=utcnow(), actor=actor[:80], words=words)
    db.session.add(edit)
    return words


def state_of(product: Product) -> State:
    """The values that the form of a product shows."""
    state = {
        "name": product.name,
        "slug": product.slug,
        "category": str(product.category_id),
        "description": product.description,
        "search_words": product.search_words,
        "featured": "1" if product.featured else "",
    }
    for number, name in enumerate(product.options, 1):
        state[f"option_{number}"] = name
    for place, variant in enumerate(sorted(product.variants, key=lambda one: one.position), 1):
        state |= {
            f"place-{variant.id}": str(place),
            f"price-{variant.id}": str(variant.price),
            f"was_price-{variant.id}": str(variant.was_price or ""),
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
    """What an edit changed, each in words: "price of KIO-CLA from KSh 2,450 to KSh 2,500"."""
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
        case "featured":
            return "featured on the home page" if now else "no longer featured on the home page"
        case "was_price":
            return f"price of {sku} before the sale from {_amount(was)} to {_amount(now)}"
        case "active":
            return f"{sku} {'on sale again' if now else 'archived'}"
        case "place":
            return f"place of {sku} from {was} to {now}"
        case "low_stock_threshold":
            return f"low stock of {sku} from {was} to {now}"
        case "slug":
            return f"address from {was} to {now}"
    known = {"name": "name", "search_words": "search words", "label": f"label of {sku}"}
    what = known.get(kind, f"option of {sku}" if sku else "option")
    return f"{what} from “{was}” to “{now}”"


def _amount(number: str) -> str:
    return shillings(int(number)) if number else "none"


def images_of(product: Product) -> Images:
    """The images of a product, in order."""
    return [(image.path, image.alt) for image in product.images]


def note_images(product: Product, before: Images, actor: str) -> None:
    """Record what was changed in the images of a product whose row the caller has locked, if anything was."""
    db.session.flush()
    db.session.expire(product, ["images"])
    words = image_differences(before, images_of(product))
    if words:
        end_edit(product, begin_locked_edit(product), actor, "; ".join(words))


def image_differences(before: Images, after: Images) -> list[str]:
    """What was changed in the images, each in words."""
    was, now = dict(before), dict(after)
    words = []
    for verb, some, others in (("added", now, was), ("removed", was, now)):
        count = len(some.keys() - others.keys())
        if count:
            words.append(f"{verb} {'an image' if count == 1 else f'{count} images'}")
    stayed = [[path for path in images if path in was and path in now] for images in (was, now)]
    if stayed[0] != stayed[1]:
        words.append("changed the order of the images")
    described = [path for path in stayed[1] if was[path] != now[path]]
    return words + [f"description of an image from “{was[path]}” to “{now[path]}”" for path in described]
