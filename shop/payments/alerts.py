"""What keeps the shop from hearing of money or asking for it right now, for whoever sits at the desk.

Read from the disk for each page, without a query: it has to be told when the database is away, too. All web processes
of the machine share it.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from shop.core.clock import nairobi, utcnow

LEAST_BYTES = 64 * 1024 * 1024  # room for some days of a small shop's orders, and for somebody to act
LEAST_FILES = 1_000
REFUSED = "chpter-refuses"  # a file beside the spool: since when Chpter refuses the shop's token
AWAY = "chpter-away"  # another: since when Chpter cannot be reached, and a line for each purchase it cost
MOST_NOTED = 1_000  # bytes of it


def note_token_refused(instance: Path) -> None:
    """Chpter has refused the shop's token. The first time counts, until it takes it again."""
    with suppress(OSError):  # it is there already, or the disk refuses: neither may cost an order
        (instance / REFUSED).touch(exist_ok=False)


def note_token_accepted(instance: Path) -> None:
    """Chpter has given a payment page."""
    with suppress(OSError):
        (instance / REFUSED).unlink(missing_ok=True)
        (instance / AWAY).unlink(missing_ok=True)


def note_unreachable(instance: Path, code: str) -> None:
    """Chpter could not be reached, or did not answer in time: `code` says which."""
    with suppress(OSError):
        file = instance / AWAY
        if not file.exists() or file.stat().st_size < MOST_NOTED:
            with file.open("a") as lines:
                lines.write(f"{code}\n" if lines.tell() else f"{utcnow().isoformat()}\n")


def payment_alerts(instance: Path) -> list[tuple[str, str]]:
    """What is wrong, with its cure, each under the name of what it concerns; empty on a calm day."""
    return [*_refused(instance), *_away(instance), *_waiting(instance / "spool"), *_disk(instance)]


def _refused(instance: Path) -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        since = datetime.fromtimestamp((instance / REFUSED).stat().st_mtime, UTC)
        yield (
            "payments",
            f"Payments are off: Chpter has refused the shop’s token since {nairobi(since)}. Nobody can pay. Ask Chpter "
            "for a new token, since tokens can end, and have it set as CHPTER_TOKEN; this goes away with the next "
            "payment page.",
        )


def _away(instance: Path) -> Iterator[tuple[str, str]]:
    """Once is an accident: it is said from the second purchase on that could not be paid."""
    with suppress(OSError, ValueError):
        first, *further = (instance / AWAY).read_text().splitlines()
        if further:
            yield (
                "Chpter",
                f"Chpter cannot be reached since {nairobi(datetime.fromisoformat(first))} ({further[-1]}): nobody "
                "gets a payment page. Orders are kept and can be paid later. Ask Chpter, and look whether this machine "
                "reaches CHPTER_URL; this goes away with the next payment page.",
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
            f"{waiting} of Chpter’s messages wait on disk, because the database refused them. Nothing is lost: the "
            "worker settles them by itself. If this stays for minutes, have the database and the worker looked at.",
        )
    if damaged:
        yield (
            "damaged callbacks",
            f"{damaged} of Chpter’s messages on disk cannot be read. Compare the payments in your Chpter account with "
            f"the orders of that time, then have the files ending in .damaged moved away from {spool}.",
        )


def _disk(instance: Path) -> Iterator[tuple[str, str]]:
    try:
        disk = os.statvfs(instance)
    except OSError:
        return
    free = disk.f_bavail * disk.f_frsize
    if disk.f_flag & os.ST_RDONLY:
        yield "disk", "The disk can only be read. No order and no payment can be kept: have the server looked at now."
    elif free < LEAST_BYTES or (disk.f_files and disk.f_favail < LEAST_FILES):
        yield (
            "disk",
            f"The disk is nearly full: {free // 1024**2} MB and room for {disk.f_favail:,} files are left. When it is "
            "full no order and no payment can be kept: make room now.",
        )
