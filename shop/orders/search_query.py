"""The filter of the order list, read from the query parameters, so that a list can be bookmarked and shared."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from shop.core.clock import midnight, read_day
from shop.core.text import one_line
from shop.orders.search_index import order_token_in, query_terms

MAX_SEARCH_LENGTH = 100  # characters
TABS = {  # in the order of the page; the first one is the default
    "to-pack": "To pack",
    "to-send": "To send",
    "to-collect": "To collect",
    "sent": "Sent",
    "waiting": "Waiting for payment",
    "done": "Done",
    "all": "All",
}
OLDEST_FIRST = ("to-pack", "to-send", "to-collect")  # lists of work to do
DAYS = {
    "from": "First day placed",
    "to": "Last day placed",
    "paid_from": "First day paid",
    "paid_to": "Last day paid",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A position in the list: just before or just after the order with this moment and id."""

    moment: datetime
    id: int
    older: bool  # True: older orders are wanted, False: newer ones

    def __str__(self) -> str:
        return f"{(self.moment - EPOCH) // timedelta(microseconds=1)}-{self.id}"


@dataclass(frozen=True)
class OrderFilter:
    """The filter of the order list. Days are Nairobi days, both ends included."""

    tab: str
    q: str = ""
    days: Mapping[str, date] = field(default_factory=dict)  # by the names in DAYS
    area: str = ""
    place: Place | None = None
    ignored: tuple[str, ...] = ()  # messages about parameters that were ignored

    @property
    def by_payment(self) -> bool:
        """True when the list is sorted and filtered by the payment date."""
        return "paid_from" in self.days or "paid_to" in self.days

    @property
    def oldest_first(self) -> bool:
        """True when the list begins with the oldest order."""
        return self.tab in OLDEST_FIRST

    @property
    def downwards(self) -> bool:
        """True when the page is read from newer to older orders."""
        return self.place.older if self.place else not self.oldest_first

    @property
    def filtered(self) -> bool:
        """True when anything but the tab limits the list."""
        return bool(self.q or self.days or self.area)

    @property
    def terms(self) -> list[tuple[str, ...]]:
        """The search terms, each a tuple of alternative prefixes; none for punctuation only or a pasted link."""
        return [] if self.token else query_terms(self.q)

    @property
    def token(self) -> str | None:
        """The order token when the link of an order page was pasted."""
        return order_token_in(self.q)

    def moments(self, first: str, last: str) -> tuple[datetime | None, datetime | None]:
        """The range of two named days as UTC moments; the end is exclusive."""
        begin, end = self.days.get(first), self.days.get(last)
        return midnight(begin) if begin else None, midnight(end + timedelta(days=1)) if end else None

    def day_words(self, name: str) -> str:
        """A named day for people: "24 Nov 2026"; "" when it was not chosen."""
        return f"{self.days[name]:%-d %b %Y}" if name in self.days else ""

    def address(self, **changes: str) -> dict[str, str]:
        """The query parameters of the first page of this list, with `changes`; empty values are left out."""
        days = {name: day.isoformat() for name, day in self.days.items()}
        parameters = {"tab": self.tab, "q": self.q, **days, "area": self.area, **changes}
        return {name: value for name, value in parameters.items() if value}


def order_filter(parameters: Mapping[str, str]) -> OrderFilter:
    """Parse query parameters. Values that cannot be read are left out and listed in `ignored`.

    Without a tab, a search or filter covers all orders; otherwise the tab is "to-pack".
    """
    ignored: list[str] = []
    q = one_line(parameters.get("q", "")[: 4 * MAX_SEARCH_LENGTH], MAX_SEARCH_LENGTH)
    area = one_line(parameters.get("area", "")[:400], 80)
    days = {name: day for name in DAYS if (day := _day(parameters.get(name, ""), DAYS[name], ignored))}
    for first, last in (("from", "to"), ("paid_from", "paid_to")):
        if first in days and last in days and days[first] > days[last]:
            days[first], days[last] = days[last], days[first]
    wanted = OrderFilter("all", q, days, area)
    tab = parameters.get("tab", "")
    if tab and tab not in TABS:
        ignored.append(f"There is no list “{one_line(tab[:80], 20)}”. Here are the orders of all lists.")
    elif tab or not wanted.filtered:
        wanted = replace(wanted, tab=tab or "to-pack")
    return replace(wanted, place=_place(parameters, ignored), ignored=tuple(ignored))


def _day(typed: str, name: str, ignored: list[str]) -> date | None:
    typed = typed.strip()
    if not typed:
        return None
    day = read_day(typed)
    if day is None:
        ignored.append(
            f"{name}: “{one_line(typed[:80], 20)}” is not a date, so it was left out. Write it like 2026-11-24."
        )
        return None
    return day


def _place(parameters: Mapping[str, str], ignored: list[str]) -> Place | None:
    for name in ("before", "after"):
        typed = parameters.get(name, "")
        if not typed:
            continue
        if read := re.fullmatch(r"([0-9]{1,16})-([0-9]{1,9})", typed):
            return Place(EPOCH + timedelta(microseconds=int(read[1])), int(read[2]), older=name == "before")
        ignored.append("That page is not known. This is the first page.")
    return None
