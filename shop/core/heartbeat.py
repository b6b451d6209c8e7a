"""What the worker says of itself: when each of its sweeps last went well, and what stops them.

It is a file in INSTANCE_PATH, not a row in the database. It has to be read while the database is away, and each machine
needs a worker of its own for the callbacks on its own disk, so that another machine's heartbeat proves nothing here.
A row would also be a synced write every few seconds, day and night.
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
WRITE_SECONDS = 5  # between two writes, unless something failed or went well again


@dataclass(frozen=True)
class Sweep:
    """One kind of the worker's work. Moments are UTC."""

    failing_since: datetime | None
    error: str  # the class of what stops it, or ""


@dataclass(frozen=True)
class Beat:
    """All that the worker said."""

    at: datetime  # when it last said anything
    sweeps: Mapping[str, Sweep]
    facts: Mapping[str, Any] = field(default_factory=dict)  # further things it saw, as `say` was given them


class Heart:
    """Writes the heartbeat of one worker process. A disk that refuses costs no work."""

    def __init__(self, instance: Path) -> None:
        self._file, self._lock = instance / FILE, Lock()
        self._sweeps: dict[str, dict[str, str | None]] = {}
        self._facts: dict[str, Any] = {}
        self._news: set[str] = set()
        self._written: datetime | None = None

    def beat(self, name: str, error: str = "") -> None:
        """A sweep ended: well, or stopped by an error of this class."""
        with self._lock:
            now = utcnow()
            before = self._sweeps.get(name, {})
            since = (before.get("failing_since") or now.isoformat()) if error else None
            done = before.get("done_at") if error else now.isoformat()
            self._news.add(name)
            self._sweeps[name] = {"done_at": done, "failing_since": since, "error": error}
            news = before.get("error", "") != error
            if news or self._written is None or abs((now - self._written).total_seconds()) >= WRITE_SECONDS:
                self._write(now)

    def say(self, name: str, fact: Any) -> None:
        """Note something else, which JSON can hold; it is written with the next beat."""
        with self._lock:
            self._facts[name] = fact

    def _write(self, now: datetime) -> None:
        sweeps = {**self._others(), **{name: self._sweeps[name] for name in self._news}}
        said = {"at": now.isoformat(), "sweeps": sweeps, "facts": self._facts}
        aside = self._file.with_name(f".{FILE}-{os.getpid()}")
        with suppress(OSError):
            with os.fdopen(os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
                json.dump(said, file)
            aside.replace(self._file)
            self._written = now
            self._news.clear()

    def _others(self) -> dict[str, Any]:
        """What stands there already, of this worker and of one beside it. Of before its start nothing is kept."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return dict(json.loads(self._file.read_bytes())["sweeps"]) if self._written else {}
        return {}


def last_beat(instance: Path) -> Beat | None:
    """What the worker of this machine last said; None when it never ran here, or the file cannot be read."""
    try:
        said = json.loads((instance / FILE).read_bytes())
        sweeps = {name: Sweep(_moment(kept["failing_since"]), kept["error"]) for name, kept in said["sweeps"].items()}
        return Beat(datetime.fromisoformat(said["at"]), sweeps, said["facts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
