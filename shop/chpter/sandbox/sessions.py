"""The payment sessions of one sandbox, in memory: gone when it stops, and never more than a thousand."""

import secrets
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field

MAX_SESSIONS = 1000
MAX_CALLS = 20


@dataclass(frozen=True)
class Call:
    """One callback as it went: what the sandbox said, and what the shop answered."""

    said: str
    answered: str


@dataclass(frozen=True)
class Session:
    """What one payment page is for. Amounts are whole currency units."""

    domain: str
    order_id: str
    full_name: str
    phone_number: str
    delivery_fee: int
    discount_fee: int
    total: int
    currency: str
    success_url: str
    failed_url: str
    callback_url: str
    warnings: tuple[str, ...] = ()  # what was taken although it is not as documented
    id: str = field(default_factory=lambda: secrets.token_urlsafe(14))
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))

    @property
    def payee(self) -> str:
        """Who is paid: the registered domain without its scheme, as people say it."""
        return self.domain.partition("://")[2].rstrip("/") or self.domain

    @property
    def amount_shown(self) -> str:
        """The total as a buyer reads it: "KSh 2,450"."""
        return self.money(self.total)

    def money(self, amount: int) -> str:
        """An amount in the session's currency."""
        return f"{'KSh' if self.currency == 'kes' else self.currency.upper()} {amount:,}"

    @property
    def phone_shown(self) -> str:
        """The phone number as Kenyans write it: "0712 345 678"."""
        return f"0{self.phone_number[3:6]} {self.phone_number[6:9]} {self.phone_number[9:]}"


class Sessions:
    """Opened sessions by id; the oldest are forgotten first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Session] = OrderedDict()

    def add(self, session: Session) -> None:
        """Keep a session."""
        with self._lock:
            self._by_id[session.id] = session
            while len(self._by_id) > MAX_SESSIONS:
                self._by_id.popitem(last=False)

    def get(self, session_id: str) -> Session | None:
        """The session with this id, if it is still known."""
        with self._lock:
            return self._by_id.get(session_id)
