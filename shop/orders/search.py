"""The order list and its search: one page in two queries, about equally fast with a thousand or a million orders.

No query reads or counts more than MAX_COUNT candidates. A list without search terms is read in the order of an index.
With terms, if at least one is rare, its orders are looked up and sorted. If all are common, the list is read in the
order of its index and each order is checked for the terms, because the page is soon full.
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
LAST = "\U0010ffff"  # sorts after every other character
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
    Order.receiver_name,
    Order.receiver_phone,
    Order.area_name,
    Order.pickup,
    Order.deliver_by,
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
    """A number of orders. With `more` it is a minimum; 0 with `more` means not counted."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        if self.more and not self.number:
            return ""
        return f"{self.number:,}{'+' if self.more else ''}"


@dataclass(frozen=True)
class OrderPage:
    """One page of orders, in the order of the list."""

    rows: Sequence[Any]  # each with COLUMNS
    counts: dict[str, Count]  # by tab
    areas: list[str]  # to choose from
    newer: Place | None = None  # where the page of newer orders begins
    older: Place | None = None  # where the page of older orders begins


@dataclass(frozen=True)
class _Counted:
    counts: dict[str, Count]
    areas: list[str]
    rarest: int | None  # index of the rarest search term; None when all are common


def find_orders(chosen: OrderFilter) -> OrderPage:
    """Find one page of orders, and count the orders of each tab."""
    counted = _count(chosen)
    page = page_query(chosen, counted.rarest, PER_PAGE + 1).subquery()
    query = select(*COLUMNS, page.c.moment).join(page, page.c.id == Order.id)
    rows = db.session.execute(in_order(query, page.c.moment, page.c.id, chosen.downwards)).all()
    has_next, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
    if not rows:
        return OrderPage(rows, counted.counts, counted.areas)
    newest, oldest = (rows[0], rows[-1]) if chosen.downwards else (rows[-1], rows[0])
    has_previous = chosen.place is not None
    newer, older = (has_previous, has_next) if chosen.downwards else (has_next, has_previous)
    return OrderPage(
        rows if chosen.downwards != chosen.oldest_first else rows[::-1],
        counted.counts,
        counted.areas,
        newer=Place(newest.moment, newest.id, older=False) if newer else None,
        older=Place(oldest.moment, oldest.id, older=True) if older else None,
    )


def in_order(query: Any, moment: Any, order_id: Any, downwards: bool) -> Any:
    """Sort a query from newer to older orders, or from older to newer."""
    return query.order_by(moment.desc(), order_id.desc()) if downwards else query.order_by(moment, order_id)


def page_query(chosen: OrderFilter, rarest: int | None, limit: int) -> Select[Any]:
    """The ids and moments of at most `limit` matching orders from the chosen place on, in the order of the list."""
    moment: Any = Order.paid_at if chosen.by_payment else Order.placed_at
    order_id: Any = Order.id
    filters: list[Any] = [tab_condition(chosen.tab), *_filters(chosen)]
    terms = chosen.terms
    query: Select[Any] = select(Order.id, moment.label("moment"))
    if rarest is not None:
        few: Any = _candidates(terms, rarest).limit(MAX_COUNT).subquery()
        inner = select(Order.id, moment.label("moment")).join(few, few.c.order_id == Order.id).where(*filters)
        limited = inner.limit(MAX_COUNT).subquery()  # without LIMIT the planner would read all orders in index order
        moment, order_id = limited.c.moment, limited.c.id
        query = select(order_id, moment)
    else:
        query = query.where(*filters, *(_has(term, Order.id) for term in terms))
    if place := chosen.place:
        begin = tuple_(literal(place.moment, Order.placed_at.type), literal(place.id))
        position = tuple_(moment, order_id)
        query = query.where(position < begin if place.older else position > begin)
    page: Select[Any] = in_order(query, moment, order_id, chosen.downwards).limit(limit)
    return page


def order_numbers(chosen: OrderFilter, limit: int) -> tuple[list[str], Count]:
    """The numbers of the first `limit` orders of a list, and the count of the whole list."""
    counted = _count(chosen)
    page = page_query(replace(chosen, place=None), counted.rarest, limit).subquery()
    query = select(Order.number).join(page, page.c.id == Order.id)
    ordered = in_order(query, page.c.moment, page.c.id, not chosen.oldest_first)
    return list(db.session.scalars(ordered)), counted.counts[chosen.tab]


def tab_condition(tab: str) -> TextClause | ColumnElement[bool]:
    """The condition of a tab, in the same words as its partial index."""
    return text(TAB_CONDITIONS[tab]) if tab in TAB_CONDITIONS else true()


def rarest_term(chosen: OrderFilter) -> int | None:
    """The index of the rarest search term; None when there are no terms or all are common."""
    return _count(chosen).rarest


def _count(chosen: OrderFilter) -> _Counted:
    """Count the orders of each tab and of each search term, and list the areas, in one query."""
    terms = chosen.terms
    orders_of_terms = [_some(term, number) for number, term in enumerate(terms)]
    if terms or chosen.area or chosen.by_payment or chosen.q:
        counting = _among_candidates(chosen, orders_of_terms)
    else:
        counting = _tab_by_tab(chosen)
    rare = (_counting("term", str(number), some) for number, some in enumerate(orders_of_terms))
    areas = select(literal("area"), DeliveryArea.name, DeliveryArea.position)
    answers: dict[str, dict[str, int]] = {"tab": {}, "term": {}, "area": {}}
    rows: Sequence[Any] = db.session.execute(union_all(*counting, *rare, areas)).all()
    for kind, name, count in rows:
        answers[kind][name] = count
    rarest = min(range(len(terms)), key=lambda number: answers["term"][str(number)], default=None)
    if rarest is not None and answers["term"][str(rarest)] > MAX_COUNT:
        rarest = None
    counts = None if terms and rarest is None else _counts(answers["tab"])
    areas_in_order = sorted(answers["area"], key=lambda name: answers["area"][name])
    return _Counted(counts or dict.fromkeys(TABS, Count(0, more=True)), areas_in_order, rarest)


def _counts(numbers: dict[str, int]) -> dict[str, Count]:
    """The counts by tab, each at most MAX_COUNT."""
    more = numbers.pop("candidates", 0) > MAX_COUNT
    return {tab: Count(min(numbers[tab], MAX_COUNT), more or numbers[tab] > MAX_COUNT) for tab in TABS}


def _tab_by_tab(chosen: OrderFilter) -> Iterator[Any]:
    for tab in TABS:
        orders = select(Order.id).where(tab_condition(tab), *_filters(chosen))
        yield select(literal("tab"), literal(tab), count_up_to(orders))


def _among_candidates(chosen: OrderFilter, orders_of_terms: list[CTE]) -> Iterator[Select[Any]]:
    """Count the orders of each tab among at most MAX_COUNT + 1 matching orders."""
    columns = (Order.payment, Order.fulfilment, Order.pickup)
    query = select(*columns).where(*_filters(chosen)).limit(MAX_COUNT + 1)
    if orders_of_terms:
        few = _smallest(chosen.terms, orders_of_terms).subquery()
        query = query.join(few, few.c.order_id == Order.id)
    candidates = query.cte("candidates").prefix_with("MATERIALIZED")
    yield _counting("tab", "candidates", candidates)
    for tab in TABS:
        yield _counting("tab", tab, select(candidates).where(tab_condition(tab)).subquery())


def count_up_to(orders: Select[Any]) -> ScalarSelect[int]:
    """A subquery that counts orders and stops at MAX_COUNT + 1."""
    return select(func.count()).select_from(orders.limit(MAX_COUNT + 1).subquery()).scalar_subquery()


def _counting(kind: str, name: str, some: Any) -> Select[Any]:
    return select(literal(kind), literal(name), select(func.count()).select_from(some).scalar_subquery())


def _filters(chosen: OrderFilter) -> list[Any]:
    """All conditions except the tab and the search terms."""
    filters: list[Any] = []
    for column, names in ((Order.placed_at, ("from", "to")), (Order.paid_at, ("paid_from", "paid_to"))):
        begin, end = chosen.moments(*names)
        filters += [column >= begin] if begin else []
        filters += [column < end] if end else []
    if chosen.area:
        filters.append(Order.area_name == chosen.area)
    if chosen.by_payment:
        filters.append(text(models.PAID))
    if chosen.token:
        filters.append(Order.token == chosen.token)
    elif chosen.q and not chosen.terms:
        filters.append(literal(1) == 0)  # only punctuation was typed
    return filters


def _begins(term: tuple[str, ...]) -> ColumnElement[bool]:
    """The condition that a word starts with one of these prefixes. Written as ranges, because LIKE uses no index."""
    return or_(*(and_(OrderSearchTerm.word >= prefix, OrderSearchTerm.word < prefix + LAST) for prefix in term))


def _some(term: tuple[str, ...], number: int) -> CTE:
    """At most MAX_COUNT + 1 orders that have the term."""
    query = select(OrderSearchTerm.order_id).where(_begins(term)).limit(MAX_COUNT + 1)
    return query.cte(f"some_{number}").prefix_with("MATERIALIZED")


def _has(term: tuple[str, ...], order_id: ColumnElement[int] | Any) -> ColumnElement[bool]:
    """The condition that an order has the term. OFFSET 0 keeps PostgreSQL from rewriting EXISTS as a join."""
    one = select(OrderSearchTerm.order_id).where(OrderSearchTerm.order_id == order_id, _begins(term))
    return one.correlate_except(OrderSearchTerm).limit(1).offset(0).exists()


def _candidates(terms: list[tuple[str, ...]], rarest: int) -> Select[Any]:
    """The orders of the rarest term that have all other terms too."""
    some = _some(terms[rarest], rarest)
    others = (_has(term, some.c.order_id) for number, term in enumerate(terms) if number != rarest)
    return select(some.c.order_id).where(*others).distinct()


def _smallest(terms: list[tuple[str, ...]], orders_of_terms: list[CTE]) -> Any:
    """As `_candidates`, when the rarest term is not known yet: a term contributes its orders only if it is rarest."""
    counts = [select(func.count()).select_from(some).scalar_subquery() for some in orders_of_terms]
    parts = []
    for number, some in enumerate(orders_of_terms):
        rarer = [
            counts[number] < count if other < number else counts[number] <= count
            for other, count in enumerate(counts)
            if other != number
        ]
        rare = counts[number] <= MAX_COUNT  # when none is rare, nothing is counted
        others = (_has(term, some.c.order_id) for other, term in enumerate(terms) if other != number)
        parts.append(select(some.c.order_id).where(rare, *rarer, *others).distinct())
    return union_all(*parts)
