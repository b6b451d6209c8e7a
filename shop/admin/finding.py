"""Finding orders: by what people say over the phone, one page at a time, in two queries."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from shop.chpter.text import one_line
from shop.database import db
from shop.orders.models import Order, OrderEvent
from shop.orders.states import Payment
from shop.payments.models import PaymentAttempt

PER_PAGE = 25
LONGEST_SEARCH = 100  # characters
MOST_WORDS = 6
LARGEST_REFERENCE = 2**31 - 1  # what its column holds


@dataclass(frozen=True)
class Found:
    """One page of orders, newest first, and how many there are of each payment state."""

    rows: Sequence[Any]  # each with the columns named in find_orders
    number: int
    counts: dict[str, int]
    payment: str  # the state asked for, or "" for all

    @property
    def total(self) -> int:
        """How many there are on all pages."""
        return self.counts.get(self.payment, 0) if self.payment else self.everything

    @property
    def everything(self) -> int:
        """How many there are in all states."""
        return sum(self.counts.values())

    @property
    def pages(self) -> int:
        """At least 1."""
        return max(1, -(-self.total // PER_PAGE))

    @property
    def has_prev(self) -> bool:
        """Whether there are newer ones."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Whether there are older ones."""
        return self.number < self.pages


def find_orders(payment: str, q: str, number: int) -> Found:
    """The orders that fit. An unknown `payment` means all; a page past the last one is the last one."""
    payment = payment if payment in set(Payment) else ""
    fits = _fits(q)
    counting = select(Order.payment, func.count()).where(fits).group_by(Order.payment)
    counts = dict(db.session.execute(counting).all())
    number = min(max(1, number), Found((), 1, counts, payment).pages)
    warned = exists().where(OrderEvent.order_id == Order.id, OrderEvent.warning).label("warned")
    columns = (
        Order.number,
        Order.placed_at,
        Order.full_name,
        Order.phone_number,
        Order.total,
        Order.payment,
        Order.fulfilment,
        Order.late,
        Order.refund_due,
    )
    query = select(*columns, warned).where(fits).order_by(Order.placed_at.desc(), Order.id.desc())
    if payment:
        query = query.where(Order.payment == payment)
    rows = db.session.execute(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return Found(rows, number, counts, payment)


def tidy_search(typed: str) -> str:
    """What was typed into the search box, on one line."""
    return one_line(typed[: 4 * LONGEST_SEARCH], LONGEST_SEARCH)


def _fits(q: str) -> ColumnElement[bool]:
    """Whether an order fits what was typed: digits are a number, anything else a name or an e-mail."""
    if not q:
        return Order.id.is_not(None)
    digits = "".join(character for character in q if character in "0123456789")
    if digits and not re.search(r"[^\W\d_]|@", q):
        return or_(Order.number.contains(digits), _phone_fits(digits), _reference_fits(digits))
    words = q.split()[:MOST_WORDS]
    return or_(and_(*(_has(Order.full_name, word) for word in words)), _has(Order.email, q))


def _phone_fits(digits: str) -> ColumnElement[bool]:
    """Phones are kept as 254 and nine digits; people write 0712, +254 712, +254 (0)712, or only the end."""
    anywhere = Order.phone_number.contains(digits)
    national = digits.removeprefix("00").removeprefix("254").removeprefix("0")
    return or_(anywhere, Order.phone_number.startswith(f"254{national}")) if national else anywhere


def _reference_fits(digits: str) -> ColumnElement[bool]:
    reference = int(digits)
    if reference > LARGEST_REFERENCE:
        return Order.id.is_(None)
    return Order.id.in_(select(PaymentAttempt.order_id).where(PaymentAttempt.reference == reference))


def _has(column: Any, word: str) -> ColumnElement[bool]:
    """Whether a text has `word` in it, in any case."""
    escaped = re.sub(r"([\\%_])", r"\\\1", word)
    pattern = "".join(_in_any_case(character) for character in escaped)
    return func.lower(column).like(f"%{pattern}%", escape="\\")


def _in_any_case(character: str) -> str:
    """Databases know the capitals of ASCII only, or of a language set long ago: of others any character will do."""
    if character.isascii() or character.lower() == character.upper():
        return character.lower()
    return "_"
