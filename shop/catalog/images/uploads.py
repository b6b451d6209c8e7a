"""Uploaded images: shrinking, storing, and deleting files that nothing shows.

No transaction may be open while an image is decoded.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.datastructures import FileStorage

from shop.catalog.images import gallery, serving
from shop.catalog.images.paths import Shape
from shop.catalog.images.processing import ImageRefused, shrink
from shop.catalog.models import Category, ProductImage
from shop.core.database import db
from shop.core.text import typed_line
from shop.store.models import HomeSection
from shop.store.settings import StoreSettings

log = logging.getLogger(__name__)
BATCH = 500  # files looked up with one statement
MAX_NAME_LENGTH = 40  # characters of a file name in a message
FULL = f"A product has at most {gallery.MAX_IMAGES} images. Remove one first"


@dataclass
class UploadResult:
    """The result of an upload of several files."""

    added: int = 0
    sent: int = 0  # bytes of the added files as uploaded
    kept: int = 0  # bytes of all stored sizes
    problems: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """How many images were added, and how much smaller they became."""
        images = "1 image" if self.added == 1 else f"{self.added} images"
        return f"Added {images}. {readable_size(self.sent)} became {readable_size(self.kept)}, in all sizes together"


def store_images(files: Sequence[FileStorage]) -> tuple[list[str], UploadResult]:
    """Shrink and store each file that is an image. Returns the paths, and the result."""
    paths, result = [], UploadResult()
    for file in files:
        try:
            shape, sizes = shrink(file.stream)
            paths.append(_store(shape, sizes))
        except ImageRefused as refused:
            result.problems.append(f"{_name(file)} was not added: {refused}")
            continue
        result.added += 1
        result.sent += file.stream.seek(0, 2)
        result.kept += sum(map(len, sizes.values()))
    return paths, result


def remove_images(paths: Iterable[str]) -> None:
    """Delete the files of these images."""
    for path in paths:
        serving.remove(path)


def store_image(file: FileStorage) -> str:
    """Shrink and store one image and return its path. Raises ImageRefused."""
    return _store(*shrink(file.stream))


def _store(shape: Shape, sizes: Mapping[str, bytes]) -> str:
    try:
        return serving.store(shape, sizes)
    except OSError as error:
        log.error("image not stored: %s", error.strerror)
        raise ImageRefused("the shop’s disk cannot store it. The shop’s log says why") from error


def readable_size(size: int) -> str:
    """A size in bytes as "5.2 MB" or "310 KB"."""
    if size >= 1_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{max(1, round(size / 1000))} KB"


def _name(file: FileStorage) -> str:
    name = typed_line(file.filename)
    return f"“{name[:MAX_NAME_LENGTH]}{'…' if len(name) > MAX_NAME_LENGTH else ''}”" if name else "A file"


def sweep_images(*also_shown: InstrumentedAttribute[str]) -> int:
    """Delete image files older than a day that no product, category, home section, setting or `also_shown` row shows.

    Returns how many images. Safe to run twice, or at the same time.
    """
    old = sorted(serving.old_paths())
    deleted = 0
    for start in range(0, len(old), BATCH):
        batch = set(old[start : start + BATCH])
        for column in (
            ProductImage.path,
            Category.image,
            StoreSettings.logo,
            StoreSettings.stand_in,
            HomeSection.image,
            *also_shown,
        ):
            batch -= set(db.session.scalars(select(column).where(column.in_(batch))))
        for path in batch:
            serving.remove(path)
        deleted += len(batch)
    db.session.rollback()
    return deleted
