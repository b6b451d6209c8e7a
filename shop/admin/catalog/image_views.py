"""The images of a product: add, describe, put in order, remove."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.upload_limits import allow_upload
from shop.catalog.images import gallery, serving
from shop.catalog.images.processing import MAX_FILE_BYTES
from shop.catalog.images.uploads import FULL, UploadResult, remove_images, store_images
from shop.catalog.models import Product
from shop.catalog.product_history import images_of, note_images
from shop.core.database import db, write
from shop.core.text import typed_line
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import HiddenValues, Label, refuse_if_changed
from shop.web.form_fields import row_id
from shop.web.idempotency import make_once

MAX_FILES = 8  # in one upload
STEPS = {"earlier": -1, "later": 1, "first": -gallery.MAX_IMAGES}
GONE = "That image is no longer there. These are the images now"
ORDER: dict[str, Label] = {"order": ("The order of the images", HiddenValues())}
VARIANTS: dict[str, Label] = {"variants": ("What the image shows", HiddenValues())}
WORDS: dict[str, Label] = {"alt": "What the image shows"}
allow_upload("admin.add_images", MAX_FILES * MAX_FILE_BYTES)


@admin.get("/products/<number>/images")
@may("owner")
def product_images(number: str) -> str:
    """The images of a product, and the form to add more."""
    return _page(_product(number))


@admin.post("/products/<number>/images")
@may("owner")
def add_images(number: str) -> tuple[str, int] | AnyResponse:
    """Add images."""
    product = _product(number)
    alt = typed_line(request.form.get("alt"))
    files = [file for file in request.files.getlist("images") if file.filename or file.stream.seek(0, 2)]
    problems = []
    if not files:
        problems.append(("image-upload", "Choose at least one image"))
    if len(files) > MAX_FILES:
        problems.append(("image-upload", f"Send {MAX_FILES} images at a time, not {len(files)}"))
    if len(product.images) >= gallery.MAX_IMAGES:
        problems.append(("image-upload", FULL))
    if len(alt) > gallery.MAX_ALT_LENGTH:
        problems.append(("image-alt", f"What they show must be {gallery.MAX_ALT_LENGTH} characters or fewer"))
    if not problems:
        try:
            taken = _add_images(product.id, files, alt, url_for("admin.product_images", number=number))
        except gallery.ImageNotFound:
            abort(404)
        if taken.added:
            flash(taken.words, "good")
            for words in taken.problems:
                flash(words, "problem")
            return _back(number)
        problems = [("image-upload", words) for words in taken.problems]
        product = _product(number)
    return _page(product, problems=problems, typed=alt), 422


@admin.post("/products/<number>/images/move")
@may("owner")
def move_image(number: str) -> AnyResponse:
    """Move an image one place earlier or later, or to the front."""
    if request.form.get("to") not in STEPS:
        abort(400)
    return _arrange(number, _move, "Moved an image", "Moved")


@admin.post("/products/<number>/images/words")
@may("owner")
def describe_image(number: str) -> tuple[str, int] | AnyResponse:
    """Save the description of an image."""
    alt = typed_line(request.form.get("alt"))
    if len(alt) > gallery.MAX_ALT_LENGTH:
        words = f"What it shows must be {gallery.MAX_ALT_LENGTH} characters or fewer; these are {len(alt)}"
        return _page(_product(number), problems=[(f"image-{_image()}", words)], wrong={_image(): alt}), 422
    return _arrange(number, _describe, "Described an image", "Description saved")


@admin.post("/products/<number>/images/shows")
@may("owner")
def choose_what_image_shows(number: str) -> AnyResponse:
    """Choose the variants that an image shows."""
    if request.form.get("shows", "same") == "same":
        return _back(number)
    return _arrange(number, _choose, "Chose the variants of an image", "Saved")


@admin.post("/products/<number>/images/remove")
@may("owner")
def remove_image(number: str) -> AnyResponse:
    """Remove an image from the product."""
    asked = ask_for_confirmation(
        "Remove this image?",
        "It is removed from the product and its file is deleted. Orders that were placed with it still show it.",
        button="Remove",
        back=url_for("admin.product", product_id=_product(number).id),
    )
    if asked:
        return asked
    return _arrange(number, _remove, "Removed an image", "Removed. Orders that were placed with it still show it")


def _add_images(product_id: int, files: Sequence[FileStorage], alt: str, page: str) -> UploadResult:
    """Add each file that is an image, once for each posted form; `problems` names the others. Raises ImageNotFound.

    After any other error the rows may or may not be written: the sweep deletes the files that no row names.
    """
    db.session.rollback()
    paths, taken = store_images(files)
    if not paths:
        return taken
    try:
        if not make_once(lambda: _add(product_id, paths, alt, page)).first:  # sent twice: the first files are used
            remove_images(paths)
    except gallery.ImageNotFound:
        remove_images(paths)
        raise
    except gallery.TooManyImages:
        remove_images(paths)
        taken.added = 0
        taken.problems.append(FULL)
    return taken


def _add(product_id: int, paths: Sequence[str], alt: str, page: str) -> str:
    product = gallery.lock_product(product_id)
    before = images_of(product)
    gallery.add(product, paths, alt)
    note_images(product, before, current_user_name())
    audit(f"Added {len(paths)} image{'s' if len(paths) > 1 else ''} to {product.name}")
    return page


def _arrange(number: str, act: Callable[[Product], None], log_words: str, words: str) -> AnyResponse:
    """Lock a product, change its images by `act`, and record the change."""
    product_id = _product(number).id
    try:
        write(lambda: _act(product_id, act, log_words))
        flash(words, "good")
    except gallery.ImageNotFound:
        flash(GONE, "problem")
    return _back(number)


def _act(product_id: int, act: Callable[[Product], None], log_words: str) -> None:
    product = gallery.lock_product(product_id)
    before = images_of(product)
    act(product)
    note_images(product, before, current_user_name())
    audit(f"{log_words} of {product.name}")


def _move(product: Product) -> None:
    image = gallery.image_of(product, _image())
    refuse_if_changed(f"images of {product.id}", gallery.order_shown(product), labels=ORDER)
    gallery.move(product, image.id, STEPS[request.form["to"]])


def _describe(product: Product) -> None:
    image = gallery.image_of(product, _image())
    refuse_if_changed(f"image {image.id}", {"alt": image.alt}, labels=WORDS)
    gallery.describe(product, image.id, typed_line(request.form.get("alt")))


def _choose(product: Product) -> None:
    image = gallery.image_of(product, _image())
    refuse_if_changed(f"variants of image {image.id}", gallery.variants_shown(image), labels=VARIANTS)
    gallery.show_variants(product, image.id, request.form["shows"])


def _remove(product: Product) -> None:
    serving.touch(gallery.remove(product, _image()))


def _product(number: str) -> Product:
    query = select(Product).where(Product.id == row_id(number)).options(selectinload(Product.images))
    return db.session.scalar(query) or abort(404)


def _image() -> int:
    return row_id(request.form.get("image", ""))


def _page(product: Product, **more: Any) -> str:
    return render_template("admin/catalog/product_images.html", product=product, **more)


@admin.context_processor
def what_images_show() -> dict[str, Any]:
    """The functions that templates with images of products call."""
    return {"image_choices": gallery.image_choices, "shown_choice": gallery.shown_choice}


def _back(number: str) -> AnyResponse:
    return redirect(url_for("admin.product_images", number=number), 303)
