"""Alerts of the admin: what prevents the shop from requesting payments or receiving callbacks now.

They are read from files, without a query, because they must work while the database is not available. All web processes
of the machine share them.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from shop.core.clock import nairobi, utcnow

MIN_FREE_BYTES = 64 * 1024 * 1024  # enough for a small shop's orders of some days
MIN_FREE_FILES = 1_000
REFUSED = "chpter-refuses"  # a file: its time is when Chpter first refused the shop's token
UNREACHABLE = "chpter-away"  # a file: when Chpter became unreachable, then an error code for each failed purchase
MAX_NOTED = 1_000  # bytes of this file


def note_token_refused(instance: Path) -> None:
    """Note that Chpter refused the shop's token. The first time counts, until Chpter accepts it again."""
    with suppress(OSError):  # the file exists or the disk fails: neither may cost an order
        (instance / REFUSED).touch(exist_ok=False)


def note_token_accepted(instance: Path) -> None:
    """Note that Chpter opened a payment page."""
    with suppress(OSError):
        (instance / REFUSED).unlink(missing_ok=True)
        (instance / UNREACHABLE).unlink(missing_ok=True)


def note_unreachable(instance: Path, code: str) -> None:
    """Note that Chpter could not be reached or did not answer in time, with the error's `code`."""
    with suppress(OSError):
        file = instance / UNREACHABLE
        if not file.exists() or file.stat().st_size < MAX_NOTED:
            with file.open("a") as lines:
                lines.write(f"{code}\n" if lines.tell() else f"{utcnow().isoformat()}\n")


def payment_alerts(instance: Path) -> list[tuple[str, str]]:
    """The current alerts as (subject, message); empty when all is well."""
    return [*_refused(instance), *_unreachable(instance), *_waiting(instance / "spool"), *_disk(instance)]


def _refused(instance: Path) -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        since = datetime.fromtimestamp((instance / REFUSED).stat().st_mtime, UTC)
        yield (
            "payments",
            f"Payments are off: Chpter has refused the shop’s token since {nairobi(since)}. Buyers cannot pay. Ask "
            "Chpter for a new token, because tokens can expire, and set it as CHPTER_TOKEN. This alert ends with the "
            "next payment page.",
        )


def _unreachable(instance: Path) -> Iterator[tuple[str, str]]:
    """Alert from the second failed purchase on."""
    with suppress(OSError, ValueError):
        first, *codes = (instance / UNREACHABLE).read_text().splitlines()
        if codes:
            yield (
                "Chpter",
                f"Chpter has been unreachable since {nairobi(datetime.fromisoformat(first))} ({codes[-1]}): buyers "
                "get no payment page. Orders are kept and can be paid later. Ask Chpter, and check whether this server "
                "reaches CHPTER_URL. This alert ends with the next payment page.",
            )


def _waiting(spool: Path) -> Iterator[tuple[str, str]]:
    try:
        names = os.listdir(spool)
    except OSError:
        return
    waiting = sum(name.endswith(".json") for name in names)
    damaged = sum(name.endswith(".damaged") for name in names)
    if waiting:
        yield (
            "callbacks",
            f"{waiting} of Chpter’s callbacks wait on disk, because the database was not available. Nothing is lost: "
            "the worker settles them. If this lasts for minutes, check the database and the worker.",
        )
    if damaged:
        yield (
            "damaged callbacks",
            f"{damaged} of Chpter’s callbacks on disk cannot be read. Compare the payments in your Chpter account with "
            f"the orders of that time, then move the files ending in .damaged away from {spool}.",
        )


def _disk(instance: Path) -> Iterator[tuple[str, str]]:
    try:
        disk = os.statvfs(instance)
    except OSError:
        return
    free = disk.f_bavail * disk.f_frsize
    if disk.f_flag & os.ST_RDONLY:
        yield "disk", "The disk is read-only. No order and no payment can be stored: check the server now."
    elif free < MIN_FREE_BYTES or (disk.f_files and disk.f_favail < MIN_FREE_FILES):
        yield (
            "disk",
            f"The disk is nearly full: space for {free // 1024**2} MB and {disk.f_favail:,} files is left. When it is "
            "full, no order and no payment can be stored: free some space now.",
        )
