"""Where a callback waits on disk while the database refuses.

A callback is acknowledged only once it is safe. Each one is a file of its own: written aside, synced, renamed, and the
folder synced, so that after a power cut it is either whole or not there.
"""

import base64
import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from shop.core.private_files import write_private
from shop.payments.callback_intake import IncomingCallback
from shop.web.errors import traceback_lines

log = logging.getLogger(__name__)


def spool(folder: Path, posted: IncomingCallback) -> None:
    """Keep a callback on disk. Raises OSError when even that fails; then it must not be acknowledged."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{posted.received_at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(8)}"
    aside, final = folder / f".{name}", folder / f"{name}.json"
    try:
        with write_private(aside) as file:
            file.write(_packed(posted))
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, final)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    log.warning("callback spooled: the database refused it")


def drain(folder: Path, settle: Callable[[IncomingCallback], object]) -> int:
    """Settle what waits, oldest first, and say how many; repeats are harmless.

    Stops when the database is away. What fails for another reason stays where it is, and holds up nothing else.
    """
    drained = 0
    for file in sorted(folder.glob("*.json")):
        try:
            posted = _unpacked(file)
        except FileNotFoundError:
            continue  # another worker was quicker
        except OSError as error:
            log.error("a spooled callback cannot be read: %s", type(error).__name__)
            continue
        except ValueError:
            file.rename(file.with_suffix(".damaged"))
            log.error("a spooled callback is damaged; it is kept as %s", file.with_suffix(".damaged").name)
            continue
        try:
            settle(posted)
        except (OperationalError, InterfaceError, TimeoutError):
            break
        except Exception as error:  # a bug of ours, or two at once: the next sweep tries it again
            log.error("a spooled callback could not be settled: %s\n%s", type(error).__name__, traceback_lines(error))
            continue
        file.unlink(missing_ok=True)
        drained += 1
    return drained


def _packed(posted: IncomingCallback) -> bytes:
    return json.dumps(
        {
            **asdict(posted),
            "raw": base64.b64encode(posted.raw).decode(),
            "received_at": posted.received_at.isoformat(),
        }
    ).encode()


def _unpacked(file: Path) -> IncomingCallback:
    try:
        kept = json.loads(file.read_bytes())
        posted = IncomingCallback(
            **{**kept, "raw": base64.b64decode(kept["raw"]), "received_at": datetime.fromisoformat(kept["received_at"])}
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a spooled callback") from error
    return replace(posted, spool_name=file.stem)
