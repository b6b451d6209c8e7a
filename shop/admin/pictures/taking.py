"""Taking in what a phone sent: shrink it, keep its files, write its row. No transaction is open meanwhile."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import FileStorage

from shop.admin.acts import acted, who_acts
from shop.catalog import arranging, media
from shop.catalog.history import note_pictures, pictures_of
from shop.catalog.models import Product
from shop.catalog.pictures import Shape
from shop.catalog.shrinking import PictureRefused, shrink
from shop.checkout.forms import one_line
from shop.database import db, write
from shop.idempotency import make_once

log = logging.getLogger(__name__)
LONGEST_NAME = 40  # characters of a file's name that are said back
FULL = f"A product has at most {arranging.MOST_PICTURES} pictures. Remove one first"


@dataclass
class Taken:
    """What became of the files that were sent."""

    added: int = 0
    sent: int = 0  # bytes of those that were added, as they came
    kept: int = 0  # bytes in all sizes
    problems: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What was added, and how much was saved."""
        pictures = "1 picture" if self.added == 1 else f"{self.added} pictures"
        return f"Added {pictures}. {in_words(self.sent)} became {in_words(self.kept)}, in all sizes together"


def take_in(product_id: int, files: Sequence[FileStorage], alt: str, page: str) -> Taken:
    """Add each picture that is one to a product; `problems` say what is wrong with the others. Raises PictureGone.

    Once for each posted form, whose answer leads to `page`.
    """
    db.session.rollback()
    taken, paths = Taken(), []
    for file in files:
        try:
            paths.append(_take(file, taken))
        except PictureRefused as refused:
            taken.problems.append(f"{_name(file)} was not added: {refused}")
    if paths:
        _keep_rows(product_id, paths, alt, taken, page)
    return taken


def take_one(file: FileStorage) -> str:
    """Shrink one picture and keep its files; its path. Raises PictureRefused, whose message says why."""
    return _kept(*shrink(file.stream))


def _take(file: FileStorage, taken: Taken) -> str:
    shape, sizes = shrink(file.stream)
    path = _kept(shape, sizes)
    taken.added += 1
    taken.sent += file.stream.seek(0, 2)
    taken.kept += sum(map(len, sizes.values()))
    return path


def _kept(shape: Shape, sizes: Mapping[str, bytes]) -> str:
    try:
        return media.keep(shape, sizes)
    except OSError as error:
        log.error("no picture kept: %s", error.strerror)
        raise PictureRefused("the shop’s disk does not take it. Whoever runs the shop finds why in its log") from error


def _keep_rows(product_id: int, paths: list[str], alt: str, taken: Taken, page: str) -> None:
    """Write the rows. After any other error nobody knows whether they were: then the files wait for the sweep."""
    try:
        if not make_once(lambda: _add(product_id, paths, alt, page)).first:  # sent twice: the others are there
            _forget(paths)
    except arranging.PictureGone:
        _forget(paths)
        raise
    except arranging.TooManyPictures:
        _forget(paths)
        taken.added = 0
        taken.problems.append(FULL)


def _forget(paths: list[str]) -> None:
    for path in paths:
        media.remove(path)


def _add(product_id: int, paths: list[str], alt: str, page: str) -> str:
    product = arranging.locked(product_id)
    before = pictures_of(product)
    arranging.add(product, paths, alt)
    note_pictures(product, before, who_acts())
    acted(f"Added {len(paths)} picture{'s' if len(paths) > 1 else ''} to {product.name}")
    return page


def arranged(product_id: int, act: Callable[[Product], object], words: str) -> None:
    """Do something with the pictures of a product, and write it down. Raises arranging.PictureGone."""

    def work() -> None:
        product = arranging.locked(product_id)
        before = pictures_of(product)
        act(product)
        note_pictures(product, before, who_acts())
        acted(f"{words} of {product.name}")

    write(work)


def in_words(size: int) -> str:
    """Bytes as people say them: "5.2 MB", "310 KB"."""
    if size >= 1_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{max(1, round(size / 1000))} KB"


def _name(file: FileStorage) -> str:
    name = one_line(file.filename)
    return f"“{name[:LONGEST_NAME]}{'…' if len(name) > LONGEST_NAME else ''}”" if name else "A file"
