"""Backups: the whole shop as it stood at one moment, in one file that any database can be filled from.

The file is a zip: one list of rows for each table (JSON, a row a line, in the order of their keys), the uploaded
images, and a manifest with the count and digest of each. What was written is read again before it counts as written,
and what was restored is read back and compared before it is committed.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Date, DateTime, LargeBinary, Table, func, insert, select

from shop.core.clock import utcnow
from shop.core.database import bulk_load, db, snapshot
from shop.core.private_files import write_private

FORMAT = 1
BATCH = 500
MANIFEST = "manifest.json"
MEDIA = "media"


class ArchiveError(Exception):
    """A backup could not be taken or restored. The message says what is wrong and the cure; nothing was changed."""


@dataclass(frozen=True)
class Archive:
    """What a backup holds. `orders` and `total` (whole shillings) are there for a person to compare."""

    taken_at: str  # UTC
    orders: int
    total: int
    rows: int
    files: int


def back_up(path: Path, media: Path) -> Archive:
    """Write a backup of the database and the images in `media`, and read it again to be sure of it.

    The file appears under its name only once it is whole, and only its owner can read it. Raises ArchiveError when the
    file exists, OSError when the disk refuses and sqlalchemy.exc.DBAPIError when the database does.
    """
    if path.exists():
        raise ArchiveError(f"{path} exists already; name a new file.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        with write_private(partial) as file:
            with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=6) as archive:
                _write(archive, media)
            file.flush()
            os.fsync(file.fileno())
        held = examine(partial)
        os.link(partial, path)  # unlike a rename, never over a file that came meanwhile
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return held


def examine(path: Path) -> Archive:
    """Read a whole backup and compare it with its manifest. Raises ArchiveError where they differ."""
    with _opened(path) as archive:
        manifest = _manifest(archive)
        for name, wanted in manifest["entries"].items():
            digest = sha256()
            with archive.open(name) as entry:
                lines = _digested(entry, digest)
            if digest.hexdigest() != wanted["sha256"] or lines != wanted["lines"]:
                raise ArchiveError(f"{name} in {path} is damaged; use another backup.")
        return _summary(manifest)


def restore(path: Path, media: Path) -> Archive:
    """Fill an empty database from a backup, and put its images into `media`.

    The tables must be there, of the backup's revision, and empty. Raises ArchiveError otherwise, or when what was
    written does not read back the same; then the database is as empty as before.
    """
    held = examine(path)
    with _opened(path) as archive:
        manifest = _manifest(archive)
        with bulk_load() as connection:
            _check_ready(connection, manifest)
            for table in db.metadata.sorted_tables:
                _fill(connection, table, archive)
            for table in db.metadata.sorted_tables:
                _compare(connection, table, manifest)
        for name in manifest["entries"]:
            if name.startswith(f"{MEDIA}/"):
                _put(archive, name, media)
    return held


def _write(archive: ZipFile, media: Path) -> None:
    entries: dict[str, dict[str, Any]] = {}
    with snapshot() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        for table in db.metadata.sorted_tables:
            entries[_entry(table)] = _write_lines(archive, _entry(table), _lines(connection, table))
        orders = db.metadata.tables["orders"]
        count, total = connection.execute(select(func.count(), func.coalesce(func.sum(orders.c.total), 0))).one()
    for file in sorted(media.glob("*")) if media.is_dir() else ():
        if file.is_file() and not file.name.startswith("."):
            name = f"{MEDIA}/{file.name}"
            entries[name] = _write_lines(archive, name, _pieces(file))
    manifest = {
        "format": FORMAT,
        "taken_at": utcnow().isoformat(),
        "revision": revision,
        "orders": count,
        "total": int(total),
        "entries": entries,
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))


def _write_lines(archive: ZipFile, name: str, lines: Iterable[bytes]) -> dict[str, Any]:
    digest, count = sha256(), 0
    with archive.open(name, "w", force_zip64=True) as entry:
        for line in lines:
            entry.write(line)
            digest.update(line)
            count += line.count(b"\n")
    return {"sha256": digest.hexdigest(), "lines": count}


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """Each row of a table as a line of JSON, in the order of the keys, without holding them all at once."""
    query = select(table).order_by(*table.primary_key.columns)
    with connection.execution_options(yield_per=BATCH).execute(query) as result:
        for row in result:
            values = [_plain(value) for value in row]
            yield json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    return value


def _fill(connection: Connection, table: Table, archive: ZipFile) -> None:
    columns = list(table.columns)
    rows: list[dict[str, Any]] = []
    with archive.open(_entry(table)) as entry:
        for line in entry:
            values = zip(columns, json.loads(line), strict=True)
            rows.append({column.name: _typed(column.type, value) for column, value in values})
            if len(rows) == BATCH:
                connection.execute(insert(table), rows)
                rows = []
    if rows:
        connection.execute(insert(table), rows)


def _typed(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    kind = getattr(kind, "impl", kind)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return b64decode(value) if isinstance(kind, LargeBinary) else value


def _check_ready(connection: Connection, manifest: dict[str, Any]) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current != manifest["revision"]:
        raise ArchiveError(
            f"The backup's tables are of revision {manifest['revision']}, the database's of {current}; restore it with "
            "the version of the shop that wrote it, then run: flask --app wsgi db upgrade"
        )
    if {_entry(table) for table in db.metadata.sorted_tables} - set(manifest["entries"]):
        raise ArchiveError("The backup lacks tables this version has; restore it with the version that wrote it.")
    for table in db.metadata.sorted_tables:
        if connection.execute(select(table).limit(1)).first() is not None:
            raise ArchiveError(f"The database is not empty: {table.name} has rows. Restore into a new one.")


def _compare(connection: Connection, table: Table, manifest: dict[str, Any]) -> None:
    digest = sha256()
    for line in _lines(connection, table):
        digest.update(line)
    if digest.hexdigest() != manifest["entries"][_entry(table)]["sha256"]:
        raise ArchiveError(f"{table.name} does not read back as it was written; nothing was restored.")


def _put(archive: ZipFile, name: str, media: Path) -> None:
    media.mkdir(parents=True, exist_ok=True)
    (media / Path(name).name).write_bytes(archive.read(name))


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            yield piece


def _digested(entry: IO[bytes], digest: Any) -> int:
    lines = 0
    while piece := entry.read(1 << 20):
        digest.update(piece)
        lines += piece.count(b"\n")
    return lines


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except FileNotFoundError:
        raise ArchiveError(f"There is no {path}.") from None
    except BadZipFile:
        raise ArchiveError(f"{path} is no backup, or is cut short.") from None


def _manifest(archive: ZipFile) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    except (KeyError, ValueError, BadZipFile):
        raise ArchiveError(f"{archive.filename} has no manifest; it is no backup of a shop.") from None
    if manifest.get("format") != FORMAT:
        raise ArchiveError(f"{archive.filename} was written by another version of the shop.")
    return manifest


def _summary(manifest: dict[str, Any]) -> Archive:
    files = [name for name in manifest["entries"] if name.startswith(f"{MEDIA}/")]
    rows = sum(entry["lines"] for name, entry in manifest["entries"].items() if name not in files)
    return Archive(manifest["taken_at"], manifest["orders"], manifest["total"], rows, len(files))


def _entry(table: Table) -> str:
    return f"tables/{table.name}.jsonl"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
