"""What came to a callback address, before anybody has read it."""

from dataclasses import dataclass, field
from datetime import datetime

from shop.clock import utcnow


@dataclass(frozen=True)
class Posted:
    """A request to a callback address, as it came in. Its repr shows nothing of it."""

    secret_hash: str = field(repr=False)
    raw: bytes = field(repr=False)  # cut at 16 KiB
    content_type: str = field(repr=False, default="")
    headers: str = field(repr=False, default="")
    from_browser: bool = False
    oversized: bool = False
    broken_off: bool = False  # the caller left before the end
    received_at: datetime = field(default_factory=utcnow)
    spool_name: str | None = None
