"""Uploaded images: shrink them, store their files, sweep away files that nothing shows.

No transaction may be open while an image is decode_csv.
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
from shop.store.settings import StoreSettings

log = logging.getLogger(__name__)
BATCH = 500  # files looked up with one statement
MAX_NAME_LENGTH = 40  # characters of a file's name that are said back
FULL = f"A product has at most {gallery.MAX_IMAGES} images. Remove one first"


@dataclass
class UploadResult:
    """What became of the files that were sent."""

    added: int = 0
    sent: int = 0  # bytes of those that were added, as they came
    kept: int = 0  # bytes in all sizes
    problems: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What was added, and how much was saved."""
        images = "1 image" if self.added == 1 else f"{self.added} images"
        return f"Added {images}. {in_words(self.sent)} became {in_words(self.kept)}, in all sizes together"


def store_images(files: Sequence[FileStorage]) -> tuple[list[str], UploadResult]:
    """Shrink and store each file that is an image: the paths of their files, and what became of each."""
    paths, taken = [], UploadResult()
    for file in files:
        try:
            paths.append(_take(file, taken))
        except ImageRefused as refused:
            taken.problems.append(f"{_name(file)} was not added: {refused}")
    return paths, taken


def remove_images(paths: Iterable[str]) -> None:
    """Delete the files of these images."""
    for path in paths:
        serving.remove(path)


def store_image(file: FileStorage) -> str:
    """Shrink one image and keep its files; its path. Raises ImageRefused, whose message says why."""
    return _kept(*shrink(file.stream))


def _take(file: FileStorage, taken: UploadResult) -> str:
    shape, sizes = shrink(file.stream)
    path = _kept(shape, sizes)
    taken.added += 1
    taken.sent += file.stream.seek(0, 2)
    taken.kept += sum(map(len, sizes.values()))
    return path


def _kept(shape: Shape, sizes: Mapping[str, bytes]) -> str:
    try:
        return serving.store(shape, sizes)
    except OSError as error:
        log.error("no image kept: %s", error.strerror)
        raise ImageRefused("the shop’s disk does not take it. Whoever runs the shop finds why in its log") from error


def in_words(size: int) -> str:
    """Bytes as people say them: "5.2 MB", "310 KB"."""
    if size >= 1_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{max(1, round(size / 1000))} KB"


def _name(file: FileStorage) -> str:
    name = typed_line(file.filename)
    return f"“{name[:MAX_NAME_LENGTH]}{'…' if len(name) > MAX_NAME_LENGTH else ''}”" if name else "A file"


def sweep_images(*also_shown: InstrumentedAttribute[str]) -> int:
    """Delete image files older than a day that no product, category or logo shows, nor a row of these columns.

    Returns how many. Safe to run twice, or at once.
    """
    old = sorted(serving.old_paths())
    swept = 0
    for start in range(0, len(old), BATCH):
        batch = set(old[start : start + BATCH])
        for column in (ProductImage.path, Category.image, StoreSettings.logo, *also_shown):
            batch -= set(db.session.scalars(select(column).where(column.in_(batch))))
        for path in batch:
            serving.remove(path)
        swept += len(batch)
    db.session.rollback()
    return swept
