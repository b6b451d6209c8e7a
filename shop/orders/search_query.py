"""What the orders list is asked for: all of it stands in the address, so that a list can be kept and passed on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from shop.core.clock import NAIROBI
from shop.core.text import one_line
from shop.orders.search_index import order_token_in, query_terms

LONGEST_SEARCH = 100  # characters
YEARS = range(2000, 2200)
TABS = {  # in the order they stand in; a merchant's day begins with the first
    "to-pack": "To pack",
    "to-send": "To send",
    "to-collect": "To collect",
    "sent": "Sent",
    "waiting": "Waiting for payment",
    "done": "Done",
    "all": "All",
}
OLDEST_FIRST = ("to-pack", "to-send", "to-collect")  # where work waits, who waits longest comes first
DAYS = {
    "from": "First day placed",
    "to": "Last day placed",
    "paid_from": "First day paid",
    "paid_to": "Last day paid",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A place in the list, between two orders: just after the one of this moment and id, or just before it."""

    moment: datetime
    id: int
    older: bool  # whether what follows it is wanted, or what comes before it

    def __str__(self) -> str:
        return f"{(self.moment - EPOCH) // timedelta(microseconds=1)}-{self.id}"


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are wanted. Days are Nairobi days, both ends included."""

    tab: str
    q: str = ""
    days: Mapping[str, date] = field(default_factory=dict)  # by the names in DAYS
    area: str = ""
    place: Place | None = None
    ignored: tuple[str, ...] = ()  # what could not be read, in words

    @property
    def by_payment(self) -> bool:
        """Whether the moment that counts is that of payment."""
        return "paid_from" in self.days or "paid_to" in self.days

    @property
    def oldest_first(self) -> bool:
        """Whether the list begins with the order that waits longest."""
        return self.tab in OLDEST_FIRST

    @property
    def downwards(self) -> bool:
        """Whether a page is read from newer orders to older ones, from its place on."""
        return self.place.older if self.place else not self.oldest_first

    @property
    def filtered(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return bool(self.q or self.days or self.area)

    @property
    def beginnings(self) -> list[tuple[str, ...]]:
        """What is looked for; nothing when only punctuation was typed, or the link to an order."""
        return [] if self.token else query_terms(self.q)

    @property
    def token(self) -> str | None:
        """The token of the order whose link was pasted."""
        return order_token_in(self.q)

    def moments(self, first: str, last: str) -> tuple[datetime | None, datetime | None]:
        """From when, and until when (not included), two named days say."""
        begin, end = self.days.get(first), self.days.get(last)
        return _midnight(begin) if begin else None, _midnight(end + timedelta(days=1)) if end else None

    def day_words(self, name: str) -> str:
        """A named day as people read it: "24 Nov 2026"; "" for one that was not chosen."""
        return f"{self.days[name]:%-d %b %Y}" if name in self.days else ""

    def address(self, **changes: str) -> dict[str, str]:
        """The words for the address of this list, from its top; `changes` replace some, an empty one leaves it out."""
        days = {name: day.isoformat() for name, day in self.days.items()}
        said = {"tab": self.tab, "q": self.q, **days, "area": self.area, **changes}
        return {name: value for name, value in said.items() if value}


def order_filter(said: Mapping[str, str]) -> OrderFilter:
    """Read an address. What makes no sense in it is left out, and said so.

    Without a tab: all orders where something is looked for, else those to pack.
    """
    ignored: list[str] = []
    q = one_line(said.get("q", "")[: 4 * LONGEST_SEARCH], LONGEST_SEARCH)
    area = one_line(said.get("area", "")[:400], 80)
    days = {name: day for name in DAYS if (day := _day(said.get(name, ""), DAYS[name], ignored))}
    for first, last in (("from", "to"), ("paid_from", "paid_to")):
        if first in days and last in days and days[first] > days[last]:
            days[first], days[last] = days[last], days[first]
    wanted = OrderFilter("all", q, days, area)
    tab = said.get("tab", "")
    if tab and tab not in TABS:
        ignored.append(f"There is no list “{one_line(tab[:80], 20)}”: these are the orders of all lists.")
    elif tab or not wanted.filtered:
        wanted = replace(wanted, tab=tab or "to-pack")
    return replace(wanted, place=_place(said, ignored), ignored=tuple(ignored))


def _day(typed: str, name: str, ignored: list[str]) -> date | None:
    typed = typed.strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", typed) else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        ignored.append(
            f"{name}: “{one_line(typed[:80], 20)}” is no day, so it was left out. Write a day as 2026-11-24."
        )
        return None
    return day


def _place(said: Mapping[str, str], ignored: list[str]) -> Place | None:
    for name in ("before", "after"):
        typed = said.get(name, "")
        if not typed:
            continue
        if read := re.fullmatch(r"([0-9]{1,16})-([0-9]{1,9})", typed):
            return Place(EPOCH + timedelta(microseconds=int(read[1])), int(read[2]), older=name == "before")
        ignored.append("That page is not known: this is the first one.")
    return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, NAIROBI).astimezone(UTC)
