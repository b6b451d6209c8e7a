"""A model of the shop: what each event must lead to, by the docs, without a line of the shop's own code.

The settling table is that of tests/payments/test_settlement_rules.py, as data. Stock and discount uses are not
counted along but derived from the states of the orders.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shop.payments.settlement_rules import Facts
from tests.payments.test_settlement_rules import looked_up

PRICES = {"STA-BEA-ONE": 320, "MUG-SPE-CRE": 1200, "KIO-CLA-TER": 2450}
SHELF = {"STA-BEA-ONE": 6, "MUG-SPE-CRE": 3, "KIO-CLA-TER": 4}
AREAS = {"nairobi-cbd": 200, "pickup": 0}
# kind, value, least goods, most uses: few, so that they run out
CODES = {
    "KARIBU10": ("percent", 10, 0, None),
    "KWANZA50": ("percent", 15, 1000, 2),
    "ZAWADI": ("fixed", 100_000, 0, 1),
}

HOLD, RETURNED = timedelta(minutes=30), timedelta(hours=24)
LONGEST_TRYING, LONGEST_HOLD = timedelta(hours=24), timedelta(hours=48)
SECOND_CLICK = timedelta(seconds=10)
PAYABLE, REFUNDABLE = ("awaiting", "expired", "review"), ("paid", "cancelled", "refunded")


@dataclass
class Attempt:
    """One attempt to pay."""

    order: "Order" = field(repr=False)
    reference: str
    address: str
    began: datetime
    amount: int
    state: str = "creating"


@dataclass
class Order:
    """One order."""

    token: str
    number: str
    lines: dict[str, int]
    total: int
    code: str
    placed: datetime
    state: str = "awaiting"
    goods: str = "held"  # then sold or free
    uses_code: bool = False
    late: bool = False
    ever_paid: bool = False
    returned: bool = False
    received: int = 0
    refunded: int = 0
    refund_due_amount: int = 0
    shortfall: int = 0
    remaining: int = 0  # what its buyer is asked for, in review
    by_hand: int = 0  # of what was received
    refunds: int = 0  # how many times something was given back
    attempts: list[Attempt] = field(default_factory=list)
    expires: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.expires = self.placed + HOLD
        self.uses_code = bool(self.code)

    @property
    def balance(self) -> int:
        """Shillings."""
        return self.received - self.refunded

    @property
    def missing(self) -> int:
        """Shillings of its total."""
        return self.total - self.balance + self.refund_due_amount

    @property
    def payable(self) -> bool:
        return self.state == "awaiting" or (self.state == "review" and self.remaining > 0)

    @property
    def in_review(self) -> Attempt | None:
        """The newest attempt that a person must review."""
        return next((one for one in reversed(self.attempts) if one.state == "review"), None)


@dataclass(frozen=True)
class Callback:
    """What was posted at a callback address: how it must be read, and the bytes."""

    to: Attempt
    raw: bytes
    claim: str  # yes, no, unclear; "" when it cannot be read
    reference_matches: bool = True
    amount_matches: bool = True
    from_browser: bool = False


class Model:
    """Everything ordered, sold and paid since the shop opened."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.cart: dict[str, int] = {}
        self.moved: Counter[str] = Counter()  # pieces written in or out in the admin
        self.money: Counter[str] = Counter()  # by kind, as the page Reconciliation shows it
        self.codes: list[str] = []  # M-PESA codes that were counted
        self.spool: deque[Callback] = deque()
        self.rows: Counter[str] = Counter()  # of the settling table
        self.posted: list[Callback] = []  # everything ever posted, to be posted again

    # stock, codes and orders

    def pieces(self, sku: str, goods: str) -> int:
        return sum(order.lines.get(sku, 0) for order in self.orders if order.goods == goods)

    def on_hand(self, sku: str) -> int:
        return SHELF[sku] + self.moved[sku] - self.pieces(sku, "sold")

    def free(self, sku: str) -> int:
        return self.on_hand(sku) - self.pieces(sku, "held")

    def there(self, lines: dict[str, int]) -> bool:
        return all(self.free(sku) >= count for sku, count in lines.items())

    def used(self, code: str) -> int:
        return sum(order.uses_code for order in self.orders if order.code == code)

    def left(self, code: str) -> bool:
        most = CODES[code][3]
        return most is None or self.used(code) < most

    def orders_in(self, *states: str) -> list[Order]:
        return [order for order in self.orders if not states or order.state in states]

    @property
    def attempts(self) -> list[Attempt]:
        return [one for order in self.orders for one in order.attempts]

    # buyers

    def added(self, sku: str, count: int) -> None:
        if self.free(sku) > 0 and self.cart.get(sku, 0) + count <= 20:
            self.cart[sku] = self.cart.get(sku, 0) + count

    def total(self, area: str, code: str) -> int:
        goods = self.subtotal
        off = reduction(code, goods) if code and goods >= CODES[code][2] and self.left(code) else 0
        return goods - off + AREAS[area]

    @property
    def subtotal(self) -> int:
        return sum(PRICES[sku] * count for sku, count in self.cart.items())

    def can_be_ordered(self, code: str) -> bool:
        return self.there(self.cart) and (not code or (self.left(code) and self.subtotal >= CODES[code][2]))

    def placed(self, order: Order) -> None:
        self.orders.append(order)
        self.cart = {}
        if not order.total:
            self._sold(order)

    def begun(self, order: Order, one: Attempt, opened: bool) -> None:
        """A new attempt, whose page was opened or not."""
        for older in order.attempts:
            if older.state == "open":
                older.state = "superseded"
        one.state = "open" if opened else "create_failed"
        order.attempts.append(one)

    def may_retry(self, order: Order, now: datetime) -> bool:
        latest = order.attempts[-1] if order.attempts else None
        busy = latest and latest.state == "open" and not order.returned and now - latest.began < SECOND_CLICK
        return order.payable and not busy

    def retried(self, order: Order, now: datetime) -> None:
        order.expires = max(order.expires, min(now + HOLD, order.placed + LONGEST_TRYING))
        order.returned = False

    def came_back(self, order: Order, now: datetime) -> None:
        if order.payable and order.attempts[-1].state == "open" and not order.returned:
            order.returned = True
            order.expires = max(order.expires, min(now + RETURNED, order.placed + LONGEST_HOLD))

    # Chpter

    def settled(self, callback: Callback) -> None:
        """What one callback changes."""
        one, order = callback.to, callback.to.order
        if not callback.claim:
            return
        facts = Facts(
            callback.claim,  # type: ignore[arg-type] - the words are the same
            callback.reference_matches,
            callback.amount_matches,
            callback.from_browser,
            one.state,  # type: ignore[arg-type]
            order.state,  # type: ignore[arg-type]
            self.there(order.lines) or (order.state == "review" and not order.late),
            order.state == "review" and 0 < order.remaining == one.amount and order.in_review is None,
        )
        row, attempt_state, order_state = looked_up(facts)
        self.rows[row] += 1
        came = attempt_state == "paid" != one.state
        one.state = attempt_state
        if came:
            self._received(order, one.amount, "callback")
        if row in ("R10", "R11"):
            order.refund_due_amount += one.amount
        elif row == "R3" or (row == "R3d" and not order.late):
            self._sold(order)
        elif row in ("R3a", "R3d"):
            self._sold_late(order)
        else:
            order.state = order_state
            order.late = order.late or row == "R3b"

    # time

    def expired(self, now: datetime) -> int:
        due = [order for order in self.orders_in("awaiting") if order.expires <= now]
        for order in due:
            self._released(order, "expired")
        return len(due)

    # the admin

    def accepted(self, order: Order, amount: int) -> None:
        one, needed = order.in_review, order.balance < order.total
        if order.state != "review" or (order.late and not self.there(order.lines)) or not (one or order.balance):
            return
        if needed and one:
            one.state = "paid"
            self._received(order, amount, "callback")
        self._accepted_as_paid(order)

    def refused(self, order: Order, came: int) -> None:
        if order.state != "review":
            return
        one = order.in_review
        if one and came:
            one.state = "paid"
            self._received(order, came, "callback")
        elif one:
            one.state = "failed"
        order.refund_due_amount = order.balance
        self._released(order, "cancelled")

    def asked_for_remaining(self, order: Order, came: int, remaining: int) -> None:
        one = order.in_review
        if order.state != "review" or bool(one) != bool(came) or not 0 < remaining < order.total:
            return
        if one:
            one.state = "paid"
            self._received(order, came, "callback")
        order.remaining = remaining

    def cancelled_paid(self, order: Order) -> None:
        if order.state == "paid":
            order.state, order.goods, order.uses_code = "cancelled", "free", False
            order.refund_due_amount = order.balance

    def cancelled(self, order: Order) -> None:
        if order.state == "awaiting":
            self._released(order, "cancelled")

    def marked_paid(self, order: Order, amount: int, code: str) -> None:
        if order.state not in PAYABLE or code in self.codes:
            return
        if order.goods == "free" and not self.there(order.lines):
            return
        self.codes.extend(filter(None, [code]))
        self._received(order, amount, "by_hand")
        order.by_hand += amount
        self._accepted_as_paid(order)

    def decided(self, one: Attempt, came: int) -> None:
        """An owner decides about an attempt in review whose order is not."""
        order = one.order
        if order.state == "review" or one.state != "review":
            return
        one.state = "paid" if came else "failed"
        if not came:
            return
        self._received(order, came, "callback")
        if order.state != "expired":
            order.refund_due_amount += came
        elif order.missing <= 0 and self.there(order.lines):
            self._accepted_as_paid(order)
        else:
            order.state, order.late = "review", True

    def same_money(self, order: Order) -> None:
        twice = order.by_hand
        if 0 < twice <= order.refund_due_amount and twice < order.received:
            # Chpter's payment was the larger one; what is left of it pays the shortfall of a paid order
            paid = min(order.shortfall, order.refund_due_amount - twice) if order.state == "paid" else 0
            order.received -= twice
            order.refund_due_amount -= twice + paid
            order.shortfall -= paid
            order.by_hand = 0
            self.money["correction"] -= twice

    def refund_recorded(self, order: Order, amount: int, code: str) -> None:
        if order.state not in REFUNDABLE or not 0 < amount <= order.balance or code in self.codes:
            return
        self.codes.extend(filter(None, [code]))
        order.refunded += amount
        order.refund_due_amount = max(0, order.refund_due_amount - amount)
        order.refunds += 1
        self.money["refund"] -= amount
        if order.state == "paid" and not order.balance:
            order.state = "refunded"
            order.uses_code = False

    def restocked(self, sku: str, kind: str, pieces: int) -> None:
        there, held = self.on_hand(sku), self.pieces(sku, "held")
        then = {"received": there + pieces, "damaged": there - pieces}.get(kind, pieces)
        if then >= held:
            self.moved[sku] += then - there

    # shared

    def _received(self, order: Order, amount: int, kind: str) -> None:
        order.received += amount
        order.remaining = 0
        self.money[kind] += amount

    def _accepted_as_paid(self, order: Order) -> None:
        free, order.remaining = order.balance - order.refund_due_amount, 0
        order.shortfall = max(0, order.total - free)
        order.refund_due_amount += max(0, free - order.total)
        if order.goods == "held":
            self._sold(order)
        else:
            self._sold_late(order)

    def _sold(self, order: Order) -> None:
        order.state, order.goods, order.ever_paid = "paid", "sold", True

    def _sold_late(self, order: Order) -> None:
        if order.code and not order.uses_code:
            order.uses_code = self.left(order.code)
        order.late = True
        self._sold(order)

    def _released(self, order: Order, state: str) -> None:
        order.state, order.remaining = state, 0
        if order.goods == "held":
            order.goods, order.uses_code = "free", False


def reduction(code: str, goods: int) -> int:
    """Whole shillings that a code takes off."""
    kind, value, _, _ = CODES[code]
    return min(goods, goods * value // 100 if kind == "percent" else value)
