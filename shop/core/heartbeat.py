"""The worker's heartbeat: when each sweep last succeeded, and which error stops it.

It is a file in INSTANCE_PATH and not a database row: it must be readable while the database is down, and each machine
needs its own worker for the callbacks spooled on its disk. A row would also be a synced write every few seconds.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from shop.core.clock import utcnow

FILE = "worker.json"
WRITE_SECONDS = 5  # between two writes, unless a sweep began to fail or recovered


@dataclass(frozen=True)
class SweepState:
    """The state of one sweep. Times are UTC."""

    failing_since: datetime | None
    error: str  # the class of the error that stops it, or ""


@dataclass(frozen=True)
class Heartbeat:
    """A heartbeat as it was read."""

    at: datetime  # when it was written, UTC
    sweeps: Mapping[str, SweepState]
    facts: Mapping[str, Any] = field(default_factory=dict)  # as given to `set_fact`


class HeartbeatWriter:
    """Writes the heartbeat of one worker process. A disk error stops no sweep."""

    def __init__(self, instance: Path) -> None:
        self._file, self._lock = instance / FILE, Lock()
        self._sweeps: dict[str, dict[str, str | None]] = {}
        self._facts: dict[str, Any] = {}
        self._changed: set[str] = set()
        self._written: datetime | None = None

    def record(self, name: str, error: str = "") -> None:
        """Record that a sweep ended, successfully or with an error of this class."""
        with self._lock:
            now = utcnow()
            before = self._sweeps.get(name, {})
            since = (before.get("failing_since") or now.isoformat()) if error else None
            done = before.get("done_at") if error else now.isoformat()
            self._changed.add(name)
            self._sweeps[name] = {"done_at": done, "failing_since": since, "error": error}
            changed = before.get("error", "") != error
            if changed or self._written is None or abs((now - self._written).total_seconds()) >= WRITE_SECONDS:
                self._write(now)

    def set_fact(self, name: str, fact: Any) -> None:
        """Set a further fact, a JSON value, to be written with the next record."""
        with self._lock:
            self._facts[name] = fact

    def _write(self, now: datetime) -> None:
        sweeps = {**self._others(), **{name: self._sweeps[name] for name in self._changed}}
        content = {"at": now.isoformat(), "sweeps": sweeps, "facts": self._facts}
        aside = self._file.with_name(f".{FILE}-{os.getpid()}")
        with suppress(OSError):
            with os.fdopen(os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
                json.dump(content, file)
            aside.replace(self._file)
            self._written = now
            self._changed.clear()

    def _others(self) -> dict[str, Any]:
        """The sweeps in the file, which a second worker may have written. Nothing from before this start is kept."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return dict(json.loads(self._file.read_bytes())["sweeps"]) if self._written else {}
        return {}


def last_heartbeat(instance: Path) -> Heartbeat | None:
    """The last heartbeat of this machine's worker; None if it never ran here or the file cannot be read."""
    try:
        content = json.loads((instance / FILE).read_bytes())
        sweeps = {
            name: SweepState(_moment(kept["failing_since"]), kept["error"]) for name, kept in content["sweeps"].items()
        }
        return Heartbeat(datetime.fromisoformat(content["at"]), sweeps, content["facts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
