"""Time as the shop keeps it (UTC) and as its people read it (Nairobi)."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

log = logging.getLogger(__name__)
NAIROBI = ZoneInfo("Africa/Nairobi")
MONTH = timedelta(days=30.4375)
LEAP = timedelta(minutes=1)  # what two clocks may drift apart between two looks
Running = Callable[[], float]


def _running() -> float:
    """Seconds since the machine was started, its sleep included where the system counts it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def utcnow() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


class SteadyClock:
    """The time now, without leaps: what a machine's clock was put forward by is left out until it is put back.

    Whoever ends things when their time is up asks this one, so that a wrong clock ends nothing too early. It never runs
    ahead of the machine's. What it lags is forgotten after `patience`, when all that began before the leap is over.
    """

    def __init__(self, patience: timedelta, wall: Callable[[], datetime] = utcnow, running: Running = _running) -> None:
        self._wall, self._running, self._patience = wall, running, patience
        self._seen, self._ran = wall(), running()
        self._lag, self._leapt = timedelta(0), self._ran
        self._off, self._leapt_at = timedelta(0), self._seen

    def __call__(self) -> datetime:
        """The time now, aware, in UTC."""
        wall, ran = self._wall(), self._running()
        leap = (wall - self._seen) - timedelta(seconds=ran - self._ran)
        self._seen, self._ran = wall, ran
        if abs(leap) > LEAP:
            self._lag, self._leapt = max(timedelta(0), self._lag + leap), ran
            self._off, self._leapt_at = self._off + leap, wall
            log.error("the clock leapt by %d minutes; unpaid orders end as if it had not", leap.total_seconds() // 60)
        elif ran - self._leapt > self._patience.total_seconds():
            self._lag = self._off = timedelta(0)
        return wall - self._lag

    @property
    def leapt(self) -> dict[str, object] | None:
        """By how many minutes the clock is off since it leapt, and when it leapt (ISO, UTC); None when it is right."""
        if abs(self._off) <= LEAP:
            return None
        return {"minutes": int(self._off.total_seconds() // 60), "at": self._leapt_at.isoformat()}


def nairobi_until(moment: datetime, now: datetime) -> str:
    """The end of a wait, as people say it: "14:05 today", or the whole moment on another day."""
    there, here = moment.astimezone(NAIROBI), now.astimezone(NAIROBI)
    return f"{there:%H:%M} today" if there.date() == here.date() else nairobi(moment)


def nairobi(moment: datetime) -> str:
    """An aware moment as a buyer or merchant in Kenya reads it: "24 Nov 2026, 14:05"."""
    return f"{moment.astimezone(NAIROBI):%-d %b %Y, %H:%M}"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago an aware moment was: "just now", "5 min ago", "2 h ago", "3 days ago"; its date after a week."""
    minutes = int(((now or utcnow()) - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 24 * 60:
        return f"{minutes // 60} h ago"
    days = minutes // (24 * 60)
    return f"{days} day{'s' if days > 1 else ''} ago" if days < 7 else f"{moment.astimezone(NAIROBI):%-d %b %Y}"
