"""The shop's own images, for its logo and its stand-in image: what both of their forms do."""

from dataclasses import dataclass
from functools import partial

from flask import request

from shop.accounts.audit_log import audit
from shop.catalog.images import serving
from shop.catalog.images.processing import ImageRefused
from shop.catalog.images.uploads import store_image
from shop.core.database import db, write
from shop.store.settings import clear_store_cache, store_settings_row
from shop.web.fingerprints import refuse_if_changed


@dataclass(frozen=True)
class ShopImage:
    """An image of the settings. Its form holds the file under the name of the column."""

    column: str  # of StoreSettings
    name: str  # "logo", within a sentence

    @property
    def file_field(self) -> str:
        """The id of the field for the file, which an error links to."""
        return f"{self.column}-file"


LOGO = ShopImage("logo", "logo")
STAND_IN = ShopImage("stand_in", "stand-in image")


def use_uploaded(image: ShopImage) -> None:
    """Store the file of the form and use it. Raises ImageRefused, with the whole sentence."""
    file = request.files.get(image.column)
    if file is None or not (file.filename or file.stream.seek(0, 2)):
        raise ImageRefused(f"Choose an image for the {image.name}")
    db.session.rollback()  # no transaction stays open while an image is decoded
    try:
        path = store_image(file)
    except ImageRefused as refused:
        raise ImageRefused(f"The {image.name} was not changed: {refused}") from refused
    _use(image, path, f"Changed the shop’s {image.name}")


def remove(image: ShopImage) -> bool:
    """Use no image of the shop's own. Returns whether there was one."""
    return bool(_use(image, "", f"Removed the shop’s {image.name}"))


def _use(image: ShopImage, path: str, words: str) -> str:
    """Save the path. Returns the former path; the worker deletes its files after a day."""
    former = write(partial(_save, image, path, words))
    clear_store_cache()
    serving.touch(former)
    return former


def _save(image: ShopImage, path: str, words: str) -> str:
    row = store_settings_row()
    db.session.refresh(row, with_for_update=True)
    former: str = getattr(row, image.column)
    if former != path:
        labels = {image.column: f"The {image.name}"}
        refuse_if_changed(f"the {image.name}", {image.column: former}, labels=labels)
        setattr(row, image.column, path)
        audit(words)
    return former
