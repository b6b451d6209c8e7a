"""The spool: callbacks that wait on disk while the database is not available.

A callback is acknowledged only once it is safe. Each one is a file of its own: written under a temporary name, synced,
renamed, and the folder synced, so that after a power cut the file is either complete or missing.
"""

import base64
import json
import logging
import os
import secrets
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from shop.config import Settings
from shop.core.private_files import write_private
from shop.payments.callback_intake import IncomingCallback
from shop.payments.settlement import settle_callback
from shop.web.errors import traceback_lines

log = logging.getLogger(__name__)


def spool_folder() -> Path:
    """Where callbacks wait."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.instance_path / "spool"


def spool(folder: Path, incoming: IncomingCallback) -> None:
    """Write a callback to disk. Raises OSError when the disk fails; then the callback must not be acknowledged."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{incoming.received_at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(8)}"
    temporary, final = folder / f".{name}", folder / f"{name}.json"
    try:
        with write_private(temporary) as file:
            file.write(_packed(incoming))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, final)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    log.warning("callback spooled: it could not be settled")


def drain_spool() -> int:
    """Settle the spooled callbacks, oldest first, and return how many.

    Stops when the database is not available. A callback that fails for another reason stays in the spool and does not
    delay the others.
    """
    drained = 0
    for file in sorted(spool_folder().glob("*.json")):
        try:
            incoming = _unpacked(file)
        except FileNotFoundError:
            continue  # another worker was faster
        except OSError as error:
            log.error("a spooled callback cannot be read: %s", type(error).__name__)
            continue
        except ValueError:
            file.rename(file.with_suffix(".damaged"))
            log.error("a spooled callback is damaged; it is kept as %s", file.with_suffix(".damaged").name)
            continue
        try:
            settle_callback(incoming)
        except (OperationalError, InterfaceError, TimeoutError):
            break
        except Exception as error:  # a bug or a conflict: the next sweep tries it again
            log.error("a spooled callback could not be settled: %s\n%s", type(error).__name__, traceback_lines(error))
            continue
        file.unlink(missing_ok=True)
        drained += 1
    return drained


def _packed(incoming: IncomingCallback) -> bytes:
    return json.dumps(
        {
            **asdict(incoming),
            "raw": base64.b64encode(incoming.raw).decode(),
            "received_at": incoming.received_at.isoformat(),
        }
    ).encode()


def _unpacked(file: Path) -> IncomingCallback:
    try:
        kept = json.loads(file.read_bytes())
        incoming = IncomingCallback(
            **{**kept, "raw": base64.b64decode(kept["raw"]), "received_at": datetime.fromisoformat(kept["received_at"])}
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a spooled callback") from error
    return replace(incoming, spool_name=file.stem)
