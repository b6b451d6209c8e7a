"""Finding orders: one page of them in two queries, which cost about the same among a thousand orders and a million.

No query looks at more than MOST candidates or counts further than that. A list without words is read off an index in
its order. With words there are two ways: where at least one of them is rare, its orders are looked up and sorted; where
all are common, the list is read in its order and each order asked whether it has them, since the page is full soon.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    TextClause,
    and_,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.selectable import CTE

from shop.core.database import db
from shop.orders import models
from shop.orders.fulfilment import needs_verification
from shop.orders.models import Order, OrderSearchTerm
from shop.orders.search_query import TABS, OrderFilter, Place
from shop.pricing.models import DeliveryArea

PER_PAGE = 25
MAX_COUNT = 1000
LAST = "\U0010ffff"  # sorts after every word that goes on
TAB_CONDITIONS = {
    "to-pack": models.TO_PACK,
    "to-send": models.TO_SEND,
    "to-collect": models.TO_COLLECT,
    "sent": models.SENT,
    "waiting": models.WAITING,
    "done": models.DONE,
}
COLUMNS = (
    Order.id,
    Order.number,
    Order.placed_at,
    Order.paid_at,
    Order.full_name,
    Order.phone_number,
    Order.area_name,
    Order.pickup,
    Order.total,
    Order.shortfall,
    Order.remaining_requested,
    Order.payment,
    Order.fulfilment,
    Order.paid_late,
    Order.refund_due,
    Order.open_warning,
    needs_verification().label("needs_verification"),
)


@dataclass(frozen=True)
class Count:
    """How many orders there are; with `more` at least so many, and with 0 nobody has counted them."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        if self.more and not self.number:
            return ""
        return f"{self.number:,}{'+' if self.more else ''}"


@dataclass(frozen=True)
class Found:
    """One page of orders, in the order of their list."""

    rows: Sequence[Any]  # each with COLUMNS
    counts: dict[str, Count]  # by tab
    areas: list[str]  # that can be chosen
    newer: Place | None = None  # where newer orders go on
    older: Place | None = None  # where older ones do


@dataclass(frozen=True)
class _Counted:
    counts: dict[str, Count]
    areas: list[str]
    rarest: int | None  # which of the things looked for is rare enough to begin with


def find_orders(chosen: OrderFilter) -> Found:
    """The orders that fit."""
    counted = _count(chosen)
    page = page_of(chosen, counted.rarest, PER_PAGE + 1).subquery()
    query = select(*COLUMNS, page.c.moment).join(page, page.c.id == Order.id)
    rows = db.session.execute(in_order(query, page.c.moment, page.c.id, chosen.downwards)).all()
    further, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
    if not rows:
        return Found(rows, counted.counts, counted.areas)
    newest, oldest = (rows[0], rows[-1]) if chosen.downwards else (rows[-1], rows[0])
    came = chosen.place is not None  # there is what it came from
    newer, older = (came, further) if chosen.downwards else (further, came)
    return Found(
        rows if chosen.downwards != chosen.oldest_first else rows[::-1],
        counted.counts,
        counted.areas,
        newer=Place(newest.moment, newest.id, older=False) if newer else None,
        older=Place(oldest.moment, oldest.id, older=True) if older else None,
    )


def in_order(query: Any, moment: Any, order_id: Any, downwards: bool) -> Any:
    """The same query from newer to older orders, or the other way."""
    return query.order_by(moment.desc(), order_id.desc()) if downwards else query.order_by(moment, order_id)


def page_of(chosen: OrderFilter, rarest: int | None, limit: int) -> Select[Any]:
    """The ids and moments of at most `limit` orders that fit, from the chosen place on, in their order."""
    moment: Any = Order.paid_at if chosen.by_payment else Order.placed_at
    order_id: Any = Order.id
    fits: list[Any] = [in_tab(chosen.tab), *_filters(chosen)]
    things = chosen.beginnings
    query: Select[Any] = select(Order.id, moment.label("moment"))
    if rarest is not None:
        few: Any = _candidates(things, rarest).limit(MAX_COUNT).subquery()
        # the LIMIT inside keeps databases from reading all orders in order, and asking each whether it is among the few
        inner = select(Order.id, moment.label("moment")).join(few, few.c.order_id == Order.id).where(*fits)
        held = inner.limit(MAX_COUNT).subquery()
        moment, order_id = held.c.moment, held.c.id
        query = select(order_id, moment)
    else:
        query = query.where(*fits, *(_has(thing, Order.id) for thing in things))
    if place := chosen.place:
        here = tuple_(literal(place.moment, Order.placed_at.type), literal(place.id))
        there = tuple_(moment, order_id)
        query = query.where(there < here if place.older else there > here)
    limited: Select[Any] = in_order(query, moment, order_id, chosen.downwards).limit(limit)
    return limited


def listed(chosen: OrderFilter, most: int) -> tuple[list[str], Count]:
    """The numbers of the first `most` orders of a whole list, in its order, and how many it holds."""
    counted = _count(chosen)
    page = page_of(replace(chosen, place=None), counted.rarest, most).subquery()
    query = select(Order.number).join(page, page.c.id == Order.id)
    ordered = in_order(query, page.c.moment, page.c.id, not chosen.oldest_first)
    return list(db.session.scalars(ordered)), counted.counts[chosen.tab]


def in_tab(tab: str) -> TextClause | ColumnElement[bool]:
    """Whether an order lies under a tab, in the very words of its index."""
    return text(TAB_CONDITIONS[tab]) if tab in TAB_CONDITIONS else true()


def rarest_of(chosen: OrderFilter) -> int | None:
    """Which of the things looked for is rare, in one query; None where there are none or all are common."""
    return _count(chosen).rarest


def _count(chosen: OrderFilter) -> _Counted:
    """How many orders lie under each tab, which areas there are, and how rare each thing looked for is: one query."""
    things = chosen.beginnings
    words = [_some(thing, number) for number, thing in enumerate(things)]
    if things or chosen.area or chosen.by_payment or chosen.q:
        counting = _among_candidates(chosen, words)
    else:
        counting = _tab_by_tab(chosen)
    rare = (_counting("thing", str(number), word) for number, word in enumerate(words))
    areas = select(literal("area"), DeliveryArea.name, DeliveryArea.position)
    answers: dict[str, dict[str, int]] = {"tab": {}, "thing": {}, "area": {}}
    rows: Sequence[Any] = db.session.execute(union_all(*counting, *rare, areas)).all()
    for kind, name, count in rows:
        answers[kind][name] = count
    rarest = min(range(len(words)), key=lambda number: answers["thing"][str(number)], default=None)
    if rarest is not None and answers["thing"][str(rarest)] > MAX_COUNT:
        rarest = None
    counts = None if words and rarest is None else _counts(answers["tab"])
    return _Counted(counts or dict.fromkeys(TABS, Count(0, more=True)), _in_place(answers["area"]), rarest)


def _counts(numbers: dict[str, int]) -> dict[str, Count]:
    """What was counted, tab by tab or else among the first MOST candidates; each count stops at MOST."""
    more = numbers.pop("candidates", 0) > MAX_COUNT
    return {tab: Count(min(numbers[tab], MAX_COUNT), more or numbers[tab] > MAX_COUNT) for tab in TABS}


def _in_place(areas: dict[str, int]) -> list[str]:
    return sorted(areas, key=lambda name: areas[name])


def _tab_by_tab(chosen: OrderFilter) -> Iterator[Any]:
    for tab in TABS:
        fits = select(Order.id).where(in_tab(tab), *_filters(chosen))
        yield select(literal("tab"), literal(tab), count_up_to(fits))


def _among_candidates(chosen: OrderFilter, words: list[CTE]) -> Iterator[Select[Any]]:
    """Count the orders under each tab among those that fit, of which at most MOST are looked at."""
    columns = (Order.payment, Order.fulfilment, Order.pickup)
    query = select(*columns).where(*_filters(chosen)).limit(MAX_COUNT + 1)
    if words:
        few = _smallest(chosen.beginnings, words).subquery()
        query = query.join(few, few.c.order_id == Order.id)
    candidates = query.cte("candidates").prefix_with("MATERIALIZED")
    yield _counting("tab", "candidates", candidates)
    for tab in TABS:
        yield _counting("tab", tab, select(candidates).where(in_tab(tab)).subquery())


def count_up_to(orders: Select[Any]) -> ScalarSelect[int]:
    """How many there are, as a part of a statement; past MOST it stops counting."""
    return select(func.count()).select_from(orders.limit(MAX_COUNT + 1).subquery()).scalar_subquery()


def _counting(kind: str, name: str, some: Any) -> Select[Any]:
    return select(literal(kind), literal(name), select(func.count()).select_from(some).scalar_subquery())


def _filters(chosen: OrderFilter) -> list[Any]:
    """Everything but tab and words."""
    fits: list[Any] = []
    for column, names in ((Order.placed_at, ("from", "to")), (Order.paid_at, ("paid_from", "paid_to"))):
        begin, end = chosen.moments(*names)
        fits += [column >= begin] if begin else []
        fits += [column < end] if end else []
    if chosen.area:
        fits.append(Order.area_name == chosen.area)
    if chosen.by_payment:
        fits.append(text(models.PAID))
    if chosen.token:
        fits.append(Order.token == chosen.token)
    elif chosen.q and not chosen.beginnings:
        fits.append(literal(1) == 0)  # only punctuation was typed: no order has it
    return fits


def _begins(thing: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether a word begins in one of these ways. As ranges: LIKE would not use the index on either database."""
    return or_(
        *(and_(OrderSearchTerm.word >= beginning, OrderSearchTerm.word < beginning + LAST) for beginning in thing)
    )


def _some(thing: tuple[str, ...], number: int) -> CTE:
    """Orders with a word that begins so, a few more than MOST at the most."""
    query = select(OrderSearchTerm.order_id).where(_begins(thing)).limit(MAX_COUNT + 1)
    return query.cte(f"some_{number}").prefix_with("MATERIALIZED")


def _has(thing: tuple[str, ...], order_id: ColumnElement[int] | Any) -> ColumnElement[bool]:
    """Whether an order has such a word. The OFFSET keeps PostgreSQL from turning the question into one about all."""
    one = select(OrderSearchTerm.order_id).where(OrderSearchTerm.order_id == order_id, _begins(thing))
    return one.correlate_except(OrderSearchTerm).limit(1).offset(0).exists()


def _candidates(things: list[tuple[str, ...]], first: int) -> Select[Any]:
    """The orders of the thing that is rare which have all the others too."""
    some = _some(things[first], first)
    others = (_has(thing, some.c.order_id) for number, thing in enumerate(things) if number != first)
    return select(some.c.order_id).where(*others).distinct()


def _smallest(things: list[tuple[str, ...]], words: list[CTE]) -> Any:
    """As `_candidates`, where it is not known yet which is the rarest: each takes part only if it is."""
    counts = [select(func.count()).select_from(word).scalar_subquery() for word in words]
    parts = []
    for number, word in enumerate(words):
        rarer = [
            counts[number] < count if other < number else counts[number] <= count
            for other, count in enumerate(counts)
            if other != number
        ]
        rare = counts[number] <= MAX_COUNT  # where none is, nothing is counted: there are many
        others = (_has(thing, word.c.order_id) for other, thing in enumerate(things) if other != number)
        parts.append(select(word.c.order_id).where(rare, *rarer, *others).distinct())
    return union_all(*parts)
