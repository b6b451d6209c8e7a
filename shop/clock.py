"""Time as the shop keeps it (UTC) and as its people read it (Nairobi)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NAIROBI = ZoneInfo("Africa/Nairobi")


def utcnow() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def nairobi(moment: datetime) -> str:
    """An aware moment as a buyer or merchant in Kenya reads it: "24 Nov 2026, 14:05"."""
    return f"{moment.astimezone(NAIROBI):%-d %b %Y, %H:%M}"
