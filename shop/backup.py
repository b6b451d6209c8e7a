"""Backups: the whole shop at one moment, in one file that can be restored into SQLite or PostgreSQL.

The file is a zip: the rows of each table (a line of JSON per row, in the order of their keys), the uploaded images, and
a manifest with the line count and SHA-256 of each. A backup is read again and verified after writing, and a restore is
read back and compared before it is committed.
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
BATCH = 500  # rows
MANIFEST = "manifest.json"
MEDIA = "media"


class ArchiveError(Exception):
    """A backup could not be taken or restored. The message says why, and the cure. Nothing was changed."""


@dataclass(frozen=True)
class Archive:
    """What a backup holds. `orders` and their `total` (whole shillings) let a person compare."""

    taken_at: str  # UTC
    orders: int
    total: int
    rows: int
    files: int


def back_up(path: Path, media: Path) -> Archive:
    """Write a backup of the database and the images in `media`, and verify it.

    The file gets its name only when it is complete, and only its owner can read it. Raises ArchiveError if the file
    exists, OSError for the disk and sqlalchemy.exc.DBAPIError for the database.
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
        summary = verify(partial)
        os.link(partial, path)  # unlike a rename, never replaces a file
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return summary


def verify(path: Path) -> Archive:
    """Read a backup and compare it with its manifest. Raises ArchiveError if they differ."""
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
    """Fill an empty database from a backup, and write its images into `media`.

    The tables must exist, at the backup's revision, and be empty. Raises ArchiveError otherwise, or if the rows do not
    read back the same; the database then stays empty.
    """
    summary = verify(path)
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
                _write_image(archive, name, media)
    return summary


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
            entries[name] = _write_lines(archive, name, _chunks(file))
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
    """Each row of a table as a line of JSON, in the order of the keys, streamed."""
    query = select(table).order_by(*table.primary_key.columns)
    with connection.execution_options(yield_per=BATCH).execute(query) as result:
        for row in result:
            values = [_to_json(value) for value in row]
            yield json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _to_json(value: Any) -> Any:
    if isinstance(value, date):  # or a datetime, its subclass
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)  # of a column type of ours, which is stored as its text


def _fill(connection: Connection, table: Table, archive: ZipFile) -> None:
    columns = list(table.columns)
    rows: list[dict[str, Any]] = []
    with archive.open(_entry(table)) as entry:
        for line in entry:
            values = zip(columns, json.loads(line), strict=True)
            rows.append({column.name: _from_json(column.type, value) for column, value in values})
            if len(rows) == BATCH:
                connection.execute(insert(table), rows)
                rows = []
    if rows:
        connection.execute(insert(table), rows)


def _from_json(kind: Any, value: Any) -> Any:
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


def _write_image(archive: ZipFile, name: str, media: Path) -> None:
    media.mkdir(parents=True, exist_ok=True)
    (media / Path(name).name).write_bytes(archive.read(name))


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(1 << 20):
            yield chunk


def _digested(entry: IO[bytes], digest: Any) -> int:
    lines = 0
    while chunk := entry.read(1 << 20):
        digest.update(chunk)
        lines += chunk.count(b"\n")
    return lines


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except FileNotFoundError:
        raise ArchiveError(f"There is no {path}.") from None
    except BadZipFile:
        raise ArchiveError(f"{path} is not a backup, or is incomplete.") from None


def _manifest(archive: ZipFile) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    except (KeyError, ValueError, BadZipFile):
        raise ArchiveError(f"{archive.filename} has no manifest; it is not a backup of a shop.") from None
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
