"""Time: stored in UTC, shown in Nairobi time. Detection of clock changes."""

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

log = logging.getLogger(__name__)
NAIROBI = ZoneInfo("Africa/Nairobi")
MONTH = timedelta(days=30.4375)
MAX_DRIFT = timedelta(minutes=1)  # how far two clocks may drift apart between two checks
REPORTED = timedelta(hours=48)  # how long a leap is reported, since the leap may have been a correction


def _running() -> float:
    """Seconds since the machine started, including sleep where the system counts it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def utcnow() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


class LeapDetector:
    """Detects when the machine's clock is set forward or back by more than a minute. It corrects nothing."""

    def __init__(self, wall: Callable[[], datetime] = utcnow, running: Callable[[], float] = _running) -> None:
        self._wall, self._running = wall, running
        self._seen, self._ran = wall(), running()
        self._off, self._leapt_at = timedelta(0), self._seen

    def check(self) -> dict[str, object] | None:
        """By how many minutes the clock is wrong since it leapt, and when it last leapt (ISO, UTC).

        None if there was no leap, once the clock is right again, and 48 hours after the last leap.
        """
        wall, ran = self._wall(), self._running()
        leap = (wall - self._seen) - timedelta(seconds=ran - self._ran)
        self._seen, self._ran = wall, ran
        if abs(leap) > MAX_DRIFT:
            self._off, self._leapt_at = self._off + leap, wall
            log.error("the clock leapt by %d minutes", _minutes(leap))
        elif wall - self._leapt_at > REPORTED:
            self._off = timedelta(0)
        if abs(self._off) <= MAX_DRIFT:
            return None
        return {"minutes": _minutes(self._off), "at": self._leapt_at.isoformat()}


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)


def nairobi_until(moment: datetime, now: datetime) -> str:
    """The end of a wait: "14:05 today", or date and time on another day."""
    there, here = moment.astimezone(NAIROBI), now.astimezone(NAIROBI)
    return f"{there:%H:%M} today" if there.date() == here.date() else nairobi(moment)


def nairobi(moment: datetime) -> str:
    """An aware time in Nairobi: "24 Nov 2026, 14:05"."""
    return f"{moment.astimezone(NAIROBI):%-d %b %Y, %H:%M}"


def read_day(text: str) -> date | None:
    """Parse a date typed as YYYY-MM-DD, of the years 2000 to 2099; None for anything else."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def readable_day(day: date) -> str:
    """A day as pages write it: "Tue 1 Dec"."""
    return f"{day:%a %-d %b}"


def midnight(day: date) -> datetime:
    """The start of a Nairobi day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=NAIROBI).astimezone(UTC)


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago an aware time was: "just now", "5 min ago", "2 h ago", "3 days ago"; its date after a week."""
    minutes = int(((now or utcnow()) - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 24 * 60:
        return f"{minutes // 60} h ago"
    days = minutes // (24 * 60)
    return f"{days} day{'s' if days > 1 else ''} ago" if days < 7 else f"{moment.astimezone(NAIROBI):%-d %b %Y}"
