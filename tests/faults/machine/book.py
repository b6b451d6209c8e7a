"""The shop in pencil and paper: what each event must lead to, by the docs, without a line of the shop's own code.

The settling table is that of tests/payments/test_settlement_rules.py, as data. Stock and discount uses are not
counted along but derived from where the orders stand: what is gone was sold, what is held is held by somebody.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shop.payments.settlement_rules import Facts
from tests.faults.machine.moves import AREAS, CODES, PRICES, SHELF, reduction
from tests.payments.test_settlement_rules import looked_up

HOLD, RETURNED = timedelta(minutes=30), timedelta(hours=24)
LONGEST_TRYING, LONGEST_HOLD = timedelta(hours=24), timedelta(hours=48)
SECOND_CLICK = timedelta(seconds=10)
PAYABLE, REFUNDABLE = ("awaiting", "expired", "review"), ("paid", "cancelled", "refunded")


@dataclass
class Try:
    """One attempt to pay."""

    order: "Slip" = field(repr=False)
    reference: str
    address: str
    began: datetime
    amount: int
    state: str = "creating"


@dataclass
class Slip:
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
    short: int = 0
    rest: int = 0  # what its buyer is asked for, in review
    by_hand: int = 0  # of what was received
    refunds: int = 0  # how many times something was given back
    tries: list[Try] = field(default_factory=list)
    expires: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.expires = self.placed + HOLD
        self.uses_code = bool(self.code)

    @property
    def here(self) -> int:
        """Shillings."""
        return self.received - self.refunded

    @property
    def lacks(self) -> int:
        """Shillings of its total."""
        return self.total - self.here + self.refund_due_amount

    @property
    def payable(self) -> bool:
        return self.state == "awaiting" or (self.state == "review" and self.rest > 0)

    @property
    def in_review(self) -> Try | None:
        """The newest try a person has to look at."""
        return next((one for one in reversed(self.tries) if one.state == "review"), None)


@dataclass(frozen=True)
class Heard:
    """What Chpter, or somebody who says so, posted: how it is to be read, and the bytes."""

    to: Try
    raw: bytes
    claim: str  # yes, no, unclear; "" when it cannot be read
    reference_matches: bool = True
    amount_matches: bool = True
    from_browser: bool = False


class Book:
    """All that was promised, sold and paid since the shop opened."""

    def __init__(self) -> None:
        self.orders: list[Slip] = []
        self.cart: dict[str, int] = {}
        self.moved: Counter[str] = Counter()  # pieces written in or out in the admin
        self.money: Counter[str] = Counter()  # by kind, as the proof's page shows it
        self.codes: list[str] = []  # M-PESA's that were counted
        self.spool: deque[Heard] = deque()
        self.rows: Counter[str] = Counter()  # of the settling table
        self.heard: list[Heard] = []  # everything ever posted, to be posted again

    # what there is

    def pieces(self, sku: str, goods: str) -> int:
        return sum(slip.lines.get(sku, 0) for slip in self.orders if slip.goods == goods)

    def on_hand(self, sku: str) -> int:
        return SHELF[sku] + self.moved[sku] - self.pieces(sku, "sold")

    def free(self, sku: str) -> int:
        return self.on_hand(sku) - self.pieces(sku, "held")

    def there(self, lines: dict[str, int]) -> bool:
        return all(self.free(sku) >= count for sku, count in lines.items())

    def used(self, code: str) -> int:
        return sum(slip.uses_code for slip in self.orders if slip.code == code)

    def left(self, code: str) -> bool:
        most = CODES[code][3]
        return most is None or self.used(code) < most

    def standing(self, *states: str) -> list[Slip]:
        return [slip for slip in self.orders if slip.state in states]

    @property
    def tries(self) -> list[Try]:
        return [one for slip in self.orders for one in slip.tries]

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

    def placed(self, slip: Slip) -> None:
        self.orders.append(slip)
        self.cart = {}
        if not slip.total:
            self._sold(slip)

    def begun(self, slip: Slip, one: Try, opened: bool) -> None:
        """A try was written, and its page was opened, or not."""
        for older in slip.tries:
            if older.state == "open":
                older.state = "superseded"
        one.state = "open" if opened else "create_failed"
        slip.tries.append(one)

    def may_try(self, slip: Slip, now: datetime) -> bool:
        latest = slip.tries[-1] if slip.tries else None
        busy = latest and latest.state == "open" and not slip.returned and now - latest.began < SECOND_CLICK
        return slip.payable and not busy

    def tried_again(self, slip: Slip, now: datetime) -> None:
        slip.expires = max(slip.expires, min(now + HOLD, slip.placed + LONGEST_TRYING))
        slip.returned = False

    def came_back(self, slip: Slip, now: datetime) -> None:
        if slip.payable and slip.tries[-1].state == "open" and not slip.returned:
            slip.returned = True
            slip.expires = max(slip.expires, min(now + RETURNED, slip.placed + LONGEST_HOLD))

    # Chpter

    def settled(self, heard: Heard) -> None:
        """What one callback changes."""
        one, slip = heard.to, heard.to.order
        if not heard.claim:
            return
        facts = Facts(
            heard.claim,  # type: ignore[arg-type] - the words are the same
            heard.reference_matches,
            heard.amount_matches,
            heard.from_browser,
            one.state,  # type: ignore[arg-type]
            slip.state,  # type: ignore[arg-type]
            self.there(slip.lines) or (slip.state == "review" and not slip.late),
            slip.state == "review" and 0 < slip.rest == one.amount and slip.in_review is None,
        )
        row, attempt, order = looked_up(facts)
        self.rows[row] += 1
        came = attempt == "paid" != one.state
        one.state = attempt
        if came:
            self._came(slip, one.amount, "callback")
        if row in ("R10", "R11"):
            slip.refund_due_amount += one.amount
        elif row == "R3" or (row == "R3d" and not slip.late):
            self._sold(slip)
        elif row in ("R3a", "R3d"):
            self._sold_late(slip)
        else:
            slip.state = order
            slip.late = slip.late or row == "R3b"

    # time

    def expired(self, now: datetime) -> int:
        due = [slip for slip in self.order_state("awaiting") if slip.expires <= now]
        for slip in due:
            self._dropped(slip, "expired")
        return len(due)

    # the admin

    def accepted(self, slip: Slip, amount: int) -> None:
        one, needed = slip.in_review, slip.here < slip.total
        if slip.state != "review" or (slip.late and not self.there(slip.lines)) or not (one or slip.here):
            return
        if needed and one:
            one.state = "paid"
            self._came(slip, amount, "callback")
        self._taken_for_payment(slip)

    def refused(self, slip: Slip, came: int) -> None:
        if slip.state != "review":
            return
        one = slip.in_review
        if one and came:
            one.state = "paid"
            self._came(slip, came, "callback")
        elif one:
            one.state = "failed"
        slip.refund_due_amount = slip.here
        self._dropped(slip, "cancelled")

    def asked_for_rest(self, slip: Slip, came: int, rest: int) -> None:
        one = slip.in_review
        if slip.state != "review" or bool(one) != bool(came) or not 0 < rest < slip.total:
            return
        if one:
            one.state = "paid"
            self._came(slip, came, "callback")
        slip.rest = rest

    def cancelled_paid(self, slip: Slip) -> None:
        if slip.state == "paid":
            slip.state, slip.goods, slip.uses_code = "cancelled", "free", False
            slip.refund_due_amount = slip.here

    def cancelled(self, slip: Slip) -> None:
        if slip.state == "awaiting":
            self._dropped(slip, "cancelled")

    def marked_paid(self, slip: Slip, amount: int, code: str) -> None:
        if slip.state not in PAYABLE or code in self.codes:
            return
        if slip.goods == "free" and not self.there(slip.lines):
            return
        self.codes.extend(filter(None, [code]))
        self._came(slip, amount, "by_hand")
        slip.by_hand += amount
        self._taken_for_payment(slip)

    def decided(self, one: Try, came: int) -> None:
        """Money in review apart from its order came, or did not."""
        slip = one.order
        if slip.state == "review" or one.state != "review":
            return
        one.state = "paid" if came else "failed"
        if not came:
            return
        self._came(slip, came, "callback")
        if slip.state != "expired":
            slip.refund_due_amount += came
        elif slip.lacks <= 0 and self.there(slip.lines):
            self._taken_for_payment(slip)
        else:
            slip.state, slip.late = "review", True

    def same_money(self, slip: Slip) -> None:
        twice = slip.by_hand
        if 0 < twice <= slip.refund_due_amount and twice < slip.received:
            rest = slip.refund_due_amount - twice  # Chpter's was the larger: of a paid order it pays what was let off
            missing = min(slip.short, rest) if slip.state == "paid" else 0
            slip.received -= twice
            slip.refund_due_amount -= twice + missing
            slip.short -= missing
            slip.by_hand = 0
            self.money["correction"] -= twice

    def gave_back(self, slip: Slip, amount: int, code: str) -> None:
        if slip.state not in REFUNDABLE or not 0 < amount <= slip.here or code in self.codes:
            return
        self.codes.extend(filter(None, [code]))
        slip.refunded += amount
        slip.refund_due_amount = max(0, slip.refund_due_amount - amount)
        slip.refunds += 1
        self.money["refund"] -= amount
        if slip.state == "paid" and not slip.here:
            slip.state = "refunded"
            slip.uses_code = False

    def restocked(self, sku: str, kind: str, pieces: int) -> None:
        there, held = self.on_hand(sku), self.pieces(sku, "held")
        then = {"received": there + pieces, "damaged": there - pieces}.get(kind, pieces)
        if then >= held:
            self.moved[sku] += then - there

    # what several of them do

    def _came(self, slip: Slip, amount: int, kind: str) -> None:
        slip.received += amount
        slip.rest = 0
        self.money[kind] += amount

    def _taken_for_payment(self, slip: Slip) -> None:
        free, slip.rest = slip.here - slip.refund_due_amount, 0
        slip.short = max(0, slip.total - free)
        slip.refund_due_amount += max(0, free - slip.total)
        if slip.goods == "held":
            self._sold(slip)
        else:
            self._sold_late(slip)

    def _sold(self, slip: Slip) -> None:
        slip.state, slip.goods, slip.ever_paid = "paid", "sold", True

    def _sold_late(self, slip: Slip) -> None:
        if slip.code and not slip.uses_code:
            slip.uses_code = self.left(slip.code)
        slip.late = True
        self._sold(slip)

    def _dropped(self, slip: Slip, state: str) -> None:
        slip.state, slip.rest = state, 0
        if slip.goods == "held":
            slip.goods, slip.uses_code = "free", False
