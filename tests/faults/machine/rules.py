"""What may happen, in any order."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.faults.machine import model
from tests.faults.machine.invariants import Invariants
from tests.faults.machine.model import PAYABLE, REFUNDABLE, Attempt, Callback, Order
from tests.faults.machine.shop_driver import body, killed_at_unlink

NO = {"paid": "False", "message": "Insufficient funds", "payment_status": "Payment Incomplete."}
# how a body differs from a success, and how it must be read
BODIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "success": ({}, {"claim": "yes"}),
    "card": ({"payment_method": "CARD", "paid": "False"}, {"claim": "yes"}),
    "failure": (NO, {"claim": "no"}),
    "unclear": ({"payment_status": "Who knows"}, {"claim": "unclear"}),
    "under": ({"amount": -1}, {"claim": "yes", "amount_matches": False}),
    "over": ({"amount": +1}, {"claim": "yes", "amount_matches": False}),
    "mix-up": ({"order_id": "100000001"}, {"claim": "yes", "reference_matches": False}),
    "browser": ({}, {"claim": "yes", "from_browser": True}),
    "unreadable": ({}, {"claim": ""}),
}
WAITS = [timedelta(minutes=31), timedelta(minutes=31), timedelta(seconds=11), timedelta(hours=25), timedelta(hours=49)]
STOCK = ["received", "damaged", "counted", "sold out", "sold out"]
PAGES = [
    "/orders/{0.token}",
    "/orders/{0.token}/status",
    "/admin/orders/{0.number}",
    "/admin/review",
    "/admin/reconciliation",
]
ACTS: dict[str, tuple[Any, ...]] = {
    "cancel": (),
    "mark_paid": ("total", "fresh"),
    "accept": ("total",),
    "refuse": ("total",),
    "refund": ("all", ""),
    "same_money": (),
    "ask_for_remaining": ("less",),
    "cancel_paid": (),
    "retry": (True,),
    "come_back": (),
    "forge": (),
}
MOST_ORDERS = 10
which = st.integers(0, 7)
carts = st.lists(st.sampled_from(list(model.PRICES)), min_size=1, max_size=3)
areas = st.sampled_from(list(model.AREAS))
typed = st.sampled_from(["", "", *model.CODES])
mostly = st.sampled_from([True, True, True, False])
claims = st.sampled_from(["success", "failure", *BODIES])
shillings = st.sampled_from(["total", "total", "less", "more", "one"])
codes = st.sampled_from(["", "fresh", "fresh", "used"])


def some(what: str, *states: str) -> Callable[[Any], Any]:
    """Only while there are "orders" in these states, or "attempts"."""
    if what == "attempts":
        return precondition(lambda self: any(order.attempts for order in self.model.orders))
    return precondition(lambda self: self.model.orders_in(*states))


class Machine(Invariants):
    """What may happen to one shop."""

    # buyers

    @initialize(skus=carts, area=areas, code=typed)
    def open_the_shop(self, skus: list[str], area: str, code: str) -> None:
        self.buy(skus, area, code, up=True)

    @precondition(lambda self: len(self.model.orders) < MOST_ORDERS)
    @rule(skus=carts, area=areas, code=typed, up=mostly)
    def buy(self, skus: list[str], area: str, code: str, up: bool) -> None:
        for sku, count in Counter(skus).items():
            assert self.shop.add(sku, count).status_code == 303
            self.model.added(sku, count)
        if self.model.cart:
            self._check_out(area, code, up)

    @some("orders", "awaiting")
    @rule(pick=which, up=mostly)
    def retry(self, pick: int, up: bool) -> None:
        self._retry(_one(self.model.orders_in("awaiting"), pick), up)

    # Chpter

    @some("attempts")
    @rule(pick=which, what=claims)
    def post_callback(self, pick: int, what: str) -> None:
        self._post(self._callback(_one(self.model.attempts, pick), what))

    @some("orders", "awaiting", "expired")
    @rule(pick=which)
    def pay(self, pick: int) -> None:
        attempts = [one for one in self.model.attempts if one.order.state in ("awaiting", "expired")]
        self._post(self._callback(_one(attempts, pick), "success"))

    @some("orders", "expired")
    @rule(pick=which)
    def pay_after_its_stock_was_sold(self, pick: int) -> None:
        order = _one(self.model.orders_in("expired"), pick)
        for sku in order.lines:
            self.write_stock(sku, "sold out", 0)
        self._post(self._callback(order.attempts[-1], "success"))

    @precondition(lambda self: any(one.state == "superseded" for one in self.model.attempts))
    @rule(pick=which)
    def pay_a_superseded_attempt(self, pick: int) -> None:
        earlier = [one for one in self.model.attempts if one.state == "superseded"]
        self._post(self._callback(_one(earlier, pick), "success"))

    @precondition(lambda self: self.model.posted)
    @rule(pick=st.integers(0, 30))
    def post_again(self, pick: int) -> None:
        self._post(_one(self.model.posted, pick))

    @some("attempts")
    @rule(posts=st.lists(st.tuples(which, claims), min_size=1, max_size=3), statement=st.integers(1, 25))
    def database_away(self, posts: list[tuple[int, str]], statement: int) -> None:
        """It refuses from this statement of settling on; the callbacks wait on disk."""
        for pick, what in posts:
            callback = self._callback(_one(self.model.attempts, pick), what)
            self.shop.clock.move(timedelta(seconds=1))
            with self.shop.refusing(statement):
                answer = self.shop.post(callback.to.address, callback.raw, callback.from_browser)
            if answer == 202:
                self.model.spool.append(callback)
            else:
                assert answer == (200 if callback.claim else 400)
                self.model.settled(callback)

    @precondition(lambda self: self.model.spool)
    @rule(killed=st.booleans())
    def drain(self, killed: bool) -> None:
        if killed:
            with killed_at_unlink(pytest.MonkeyPatch):
                self.shop.drain()
        assert self.shop.drain() == len(self.model.spool)
        while self.model.spool:
            self.model.settled(self.model.spool.popleft())

    # time

    @some("orders", "awaiting")
    @rule(after=st.sampled_from(WAITS))
    def expire(self, after: timedelta) -> None:
        self.shop.clock.move(after)
        assert self.shop.expire() == self.model.expired(self.shop.clock.moment)

    # the admin

    @some("orders", "awaiting")
    @rule(pick=which)
    def cancel(self, pick: int) -> None:
        self._cancel(_one(self.model.orders_in("awaiting"), pick))

    @some("orders", *PAYABLE)
    @rule(pick=which, amount=shillings, code=codes)
    def mark_paid(self, pick: int, amount: str, code: str) -> None:
        self._mark_paid(_one(self.model.orders_in(*PAYABLE), pick), amount, code)

    @some("orders", "review")
    @rule(pick=which, taken=st.booleans(), amount=st.sampled_from(["nothing", "total", "less", "more"]))
    def decide(self, pick: int, taken: bool, amount: str) -> None:
        order = _one(self.model.orders_in("review"), pick)
        if taken:
            self._accept(order, amount)
        else:
            self._refuse(order, amount)

    @some("orders", "review")
    @rule(pick=which, came=st.sampled_from(["less", "one"]), up=mostly)
    def ask_for_the_remaining_amount(self, pick: int, came: str, up: bool) -> None:
        order = _one(self.model.orders_in("review"), pick)
        self._ask_for_remaining(order, came)
        if order.remaining:
            self._retry(order, up)

    @precondition(lambda self: any(order.remaining for order in self.model.orders))
    @rule(pick=which)
    def pay_the_remaining_amount(self, pick: int) -> None:
        order = _one([order for order in self.model.orders if order.remaining], pick)
        self._post(self._callback(order.attempts[-1], "success"))

    @some("orders", "paid")
    @rule(pick=which)
    def cancel_paid_order(self, pick: int) -> None:
        self._cancel_paid(_one(self.model.orders_in("paid"), pick))

    @precondition(lambda self: any(one.state == "review" for one in self.model.attempts))
    @rule(pick=which, came=st.sampled_from(["nothing", "total", "less"]))
    def decide_about_an_attempt(self, pick: int, came: str) -> None:
        one = _one([one for one in self.model.attempts if one.state == "review"], pick)
        amount = _sum(one.order, came)
        self._press(one.order, f"attempts/{one.reference}", came=str(amount))
        self.model.decided(one, amount)

    @some("orders", *REFUNDABLE)
    @rule(pick=which, part=st.sampled_from(["all", "due", "one", "too much", "total"]), code=codes)
    def refund(self, pick: int, part: str, code: str) -> None:
        paid = [order for order in self.model.orders_in(*REFUNDABLE) if order.balance]
        self._refund(_one(paid or self.model.orders_in(*REFUNDABLE), pick), part, code)

    @some("orders")
    @rule(pick=which, act=st.sampled_from(list(ACTS)))
    def act_at_any_time(self, pick: int, act: str) -> None:
        """On an order in any state; the admin or the page may have to refuse it."""
        getattr(self, f"_{act}")(_one(self.model.orders, pick), *ACTS[act])

    @rule(sku=st.sampled_from(list(model.SHELF)), kind=st.sampled_from(STOCK), pieces=st.integers(1, 4))
    def write_stock(self, sku: str, kind: str, pieces: int) -> None:
        before = self.model.on_hand(sku)
        if kind == "sold out":
            kind, pieces = "counted", self.model.pieces(sku, "held")
        answer = self.shop.write_stock(sku, kind, pieces)
        self.model.restocked(sku, kind, pieces)
        done = self.model.on_hand(sku) != before or (kind, pieces) == ("counted", before)
        assert answer == (303 if done else 422)

    @some("orders")
    @rule(pick=which, page=st.sampled_from(PAGES))
    def open_page(self, pick: int, page: str) -> None:
        order = _one(self.model.orders, pick)
        browser = self.shop.admin if page.startswith("/admin") else self.shop.browser
        assert browser.get(page.format(order)).status_code == 200

    @some("orders")
    @rule()
    def send_emails(self) -> None:
        self.shop.send()
        [(unsent,)] = self.shop.read("SELECT count(*) FROM outbox_email WHERE sent_at IS NULL")
        [(written,)] = self.shop.read("SELECT count(*) FROM outbox_email")
        assert written - unsent == self.shop.mails_sent
        assert unsent == 0 or self.shop.mails_sent >= 50

    def teardown(self) -> None:
        for order in self.model.orders[-1:]:
            assert self.shop.browser.get(f"/orders/{order.token}").status_code == 200
            assert self.shop.admin.get(f"/admin/orders/{order.number}").status_code == 200

    # how each is done, in the shop and in the model

    def _check_out(self, area: str, code: str, up: bool) -> None:
        possible, total = self.model.can_be_ordered(code), self.model.total(area, code)
        self.shop.chpter.up = up
        reply = self.shop.press_pay(area, code, total)
        assert reply.status_code == 303
        assert reply.headers["Location"].startswith(("/checkout?", "/cart")) != possible
        if not possible:
            self.shop.empty_cart()
            self.model.cart = {}
            return
        order = Order(*self.shop.newest(), self.model.cart, total, code, self.shop.clock.moment)
        self.model.placed(order)
        if total:
            self._begun(order)
        else:
            assert reply.headers["Location"] == f"/orders/{order.token}"

    def _come_back(self, order: Order) -> None:
        assert self.shop.browser.get(f"/orders/{order.token}?from=payment").status_code == 303
        self.model.came_back(order, self.shop.clock.moment)

    def _forge(self, order: Order) -> None:
        for one in order.attempts:
            callback = self._callback(one, "success")
            for address in (one.address[:-2], f"/chpter/callbacks/{'A' * 22}.{'B' * 43}"):
                assert self.shop.post(address, callback.raw) == 404

    def _same_money(self, order: Order) -> None:
        self._press(order, "duplicate-payment")
        self.model.same_money(order)

    def _begun(self, order: Order) -> None:
        asked = self.shop.chpter.asked
        reference, path = str(asked.order_id), urlsplit(asked.callback_url).path
        one = Attempt(order, reference, path, self.shop.clock.moment, order.remaining or order.total)
        self.model.begun(order, one, self.shop.chpter.up)

    def _retry(self, order: Order, up: bool) -> None:
        self.shop.chpter.up = up
        asked, begins = getattr(self.shop.chpter, "asked", None), self.model.may_retry(order, self.shop.clock.moment)
        assert self.shop.browser.post(f"/orders/{order.token}/pay").status_code == 303
        assert (self.shop.chpter.asked is not asked) == begins
        if begins:
            self.model.retried(order, self.shop.clock.moment)
            self._begun(order)

    def _callback(self, to: Attempt, what: str) -> Callback:
        changes, reading = BODIES[what]
        total = to.amount
        amount = {"amount": str(total + changes["amount"])} if "amount" in changes else {}
        raw = b"\xff" if what == "unreadable" else body(total, to.reference, {**changes, **amount})
        return Callback(to, raw, **reading)

    def _post(self, callback: Callback) -> None:
        answer = self.shop.post(callback.to.address, callback.raw, callback.from_browser)
        assert answer == (200 if callback.claim else 400)
        self.model.posted.append(callback)
        self.model.settled(callback)

    def _press(self, order: Order, act: str, **fields: str) -> None:
        assert self.shop.press(order.number, act, **fields).status_code == 303

    def _cancel(self, order: Order) -> None:
        self._press(order, "cancel")
        self.model.cancelled(order)

    def _accept(self, order: Order, amount: str) -> None:
        came = _sum(order, amount) or 1
        answer = self.shop.press(order.number, "accept", amount=str(came))
        assert answer.status_code == 303
        if "/accept-less" in answer.headers["Location"]:
            lacking = order.missing - (came if order.in_review else 0)
            self._press(order, "accept-less", amount=str(came), seen=f"{lacking} {order.remaining}", reason="Enough")
        self.model.accepted(order, came)

    def _ask_for_remaining(self, order: Order, came: str) -> None:
        amount = _sum(order, came) if order.in_review else 0
        remaining = order.missing - amount
        asked = order.remaining == remaining and not order.in_review
        self._press(order, "request-rest", came=str(amount), rest=str(max(1, remaining)))
        if not asked:
            self.model.asked_for_remaining(order, amount, remaining)

    def _cancel_paid(self, order: Order) -> None:
        lines = "SELECT l.id, l.quantity FROM order_line l JOIN orders o ON o.id = l.order_id"
        back = self.shop.read(f"{lines} WHERE o.number = '{order.number}'")  # noqa: S608 - our own number
        fields = {f"back-{line}": str(count) for line, count in back}
        self._press(order, "cancel-paid", seen=str(order.balance), reason="Sold out", **fields)
        self.model.cancelled_paid(order)

    def _refuse(self, order: Order, came: str) -> None:
        self._press(order, "refuse", came=str(_sum(order, came)))
        self.model.refused(order, _sum(order, came))

    def _mark_paid(self, order: Order, amount: str, code: str) -> None:
        fields = self._money(_sum(order, amount), code, seen=order.state)
        taken = fields["code"] in self.model.codes
        if (shortfall := order.missing - int(fields["amount"])) > 0:
            fields |= {"shortfall": str(shortfall), "write_off": "y"}
        answer = self.shop.press(order.number, "mark-paid", **fields).status_code
        assert answer == (422 if taken else 303)
        self.model.marked_paid(order, int(fields["amount"]), fields["code"])

    def _refund(self, order: Order, part: str, code: str) -> None:
        parts = {
            "all": order.balance,
            "due": order.refund_due_amount,
            "one": 1,
            "too much": order.balance + 1,
            "total": order.total,
        }
        fields = self._money(parts[part] or 1, code, seen=str(order.refunded))
        assert self.shop.press(order.number, "refund", **fields).status_code in (303, 422)
        self.model.refund_recorded(order, int(fields["amount"]), fields["code"])

    def _money(self, amount: int, code: str, seen: str) -> dict[str, str]:
        used = self.model.codes[-1:] if code == "used" else []
        typed = "" if not code else [*used, next(self.fresh_codes)][0]
        return {
            "amount": str(amount),
            "method": "MPESA" if typed else "CASH",
            "code": typed,
            "reason": "Seen",
            "seen": seen,
        }


def _one(things: list[Any], pick: int) -> Any:
    """The newest for 0."""
    return things[-1 - pick % len(things)]


def _sum(order: Order, which: str) -> int:
    sums = {"total": order.total, "less": max(1, order.total - 100), "more": order.total + 50, "one": 1, "nothing": 0}
    return max(1, sums[which]) if which != "nothing" else 0
