"""File permissions: only the shop's own user may read files that hold buyers' data or secrets."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import make_url

from shop.config import Settings

OTHERS = 0o077  # the permissions of everyone but the owner
ENV_FILE = Path(__file__).parents[2] / ".env"  # its group, the services' user, may read it


def restrict_file_permissions(settings: Settings) -> None:
    """Create files for this user only, and close files of an earlier version that others can read.

    Files of another user stay as they are; `doctor` names them.
    """
    os.umask(OTHERS)
    for path, _ in _open_to_others(settings):
        if path != ENV_FILE:
            with suppress(OSError):
                path.chmod(path.stat().st_mode & ~OTHERS)


def write_private(path: Path) -> BinaryIO:
    """Open a file for writing with mode 600, also when it already exists. Raises OSError."""

    def private(name: str, flags: int) -> int:
        descriptor = os.open(name, flags, 0o600)
        os.fchmod(descriptor, 0o600)
        return descriptor

    return open(path, "wb", opener=private)


def privacy_problem(settings: Settings) -> str | None:
    """Which files other users can read, with the cure; None when there is none."""
    open_ones = list(_open_to_others(settings))
    if not open_ones:
        return None
    cures = " && ".join(f"chmod {mode} {path}" for path, mode in open_ones)
    return f"other users of this machine can read the shop's private files; as the files' owner run: {cures}"


def _open_to_others(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Each file or folder that others can read, and the chmod mode that closes it."""
    for path in _paths(settings):
        with suppress(OSError):
            if path.stat().st_mode & OTHERS:
                yield path, "go="
    with suppress(OSError):
        if ENV_FILE.stat().st_mode & 0o007:
            yield ENV_FILE, "o="


def _paths(settings: Settings) -> Iterator[Path]:
    instance = settings.instance_path
    address = make_url(settings.database_url)
    if address.get_backend_name() == "sqlite" and address.database:
        database = instance / address.database
        yield from (database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal"))
    yield from (instance / name for name in ("secret_key", "spool", "mail"))  # closing a folder closes what is in it
    yield from sorted(instance.glob("*.zip"))  # backups
