"""What may happen, in any order."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.faults.machine import moves
from tests.faults.machine.book import PAYABLE, REFUNDABLE, Heard, Slip, Try
from tests.faults.machine.holding import Holding
from tests.faults.machine.till import Opened, body, killed_at_unlink

NO = {"paid": "False", "message": "Insufficient funds", "payment_status": "Payment Incomplete."}
# what is said: how the body differs from a success, and how it is to be read
SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
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
PAGES = ["/orders/{0.token}", "/orders/{0.token}/status", "/admin/orders/{0.number}", "/admin/checks", "/admin/money"]
ACTS: dict[str, tuple[Any, ...]] = {
    "cancel": (),
    "mark_paid": ("total", "fresh"),
    "accept": ("total",),
    "refuse": ("total",),
    "give_back": ("all", ""),
    "same_money": (),
    "ask_for_rest": ("less",),
    "cancel_paid": (),
    "try_again": (True,),
    "come_back": (),
    "forge": (),
}
MOST_ORDERS = 10
which = st.integers(0, 7)
carts = st.lists(st.sampled_from(list(moves.PRICES)), min_size=1, max_size=3)
areas = st.sampled_from(list(moves.AREAS))
typed = st.sampled_from(["", "", *moves.CODES])
mostly = st.sampled_from([True, True, True, False])
said = st.sampled_from(["success", "failure", *SAID])
shillings = st.sampled_from(["total", "total", "less", "more", "one"])
codes = st.sampled_from(["", "fresh", "fresh", "used"])


def some(what: str, *states: str) -> Callable[[Any], Any]:
    """Only while there is one: "orders" in these states, or "tries" of any."""
    if what == "tries":
        return precondition(lambda self: any(slip.tries for slip in self.book.orders))
    return precondition(lambda self: self.book.order_state(*(states or moves.ORDER)))


class Machine(Holding):
    """What may happen to one shop."""

    # buyers

    @initialize(skus=carts, area=areas, code=typed)
    def open_the_shop(self, skus: list[str], area: str, code: str) -> None:
        self.buy(skus, area, code, up=True)

    @precondition(lambda self: len(self.book.orders) < MOST_ORDERS)
    @rule(skus=carts, area=areas, code=typed, up=mostly)
    def buy(self, skus: list[str], area: str, code: str, up: bool) -> None:
        for sku, count in Counter(skus).items():
            assert self.till.add(sku, count).status_code == 303
            self.book.added(sku, count)
        if self.book.cart:
            self._check_out(area, code, up)

    @some("orders", "awaiting")
    @rule(pick=which, up=mostly)
    def try_again(self, pick: int, up: bool) -> None:
        self._try_again(_one(self.book.order_state("awaiting"), pick), up)

    # Chpter

    @some("tries")
    @rule(pick=which, what=said)
    def post_callback(self, pick: int, what: str) -> None:
        self._post(self._said(_one(self.book.tries, pick), what))

    @some("orders", "awaiting", "expired")
    @rule(pick=which)
    def hear_that_it_was_paid(self, pick: int) -> None:
        tries = [one for one in self.book.tries if one.order.state in ("awaiting", "expired")]
        self._post(self._said(_one(tries, pick), "success"))

    @some("orders", "expired")
    @rule(pick=which)
    def hear_that_what_is_gone_was_paid(self, pick: int) -> None:
        slip = _one(self.book.order_state("expired"), pick)
        for sku in slip.lines:
            self.write_stock(sku, "sold out", 0)
        self._post(self._said(slip.tries[-1], "success"))

    @precondition(lambda self: any(one.state == "superseded" for one in self.book.tries))
    @rule(pick=which)
    def hear_that_an_earlier_try_was_paid(self, pick: int) -> None:
        earlier = [one for one in self.book.tries if one.state == "superseded"]
        self._post(self._said(_one(earlier, pick), "success"))

    @precondition(lambda self: self.book.heard)
    @rule(pick=st.integers(0, 30))
    def hear_again(self, pick: int) -> None:
        self._post(_one(self.book.heard, pick))

    @some("tries")
    @rule(posts=st.lists(st.tuples(which, said), min_size=1, max_size=3), statement=st.integers(1, 25))
    def database_away(self, posts: list[tuple[int, str]], statement: int) -> None:
        """It refuses from the middle of settling on; what comes then waits on disk."""
        self.callbacks = len(posts)
        for pick, what in posts:
            heard = self._said(_one(self.book.tries, pick), what)
            self.till.clock.move(timedelta(seconds=1))
            with self.till.refusing(statement):
                answer = self.till.post(heard.to.address, heard.raw, heard.from_browser)
            if answer == 202:
                self.book.spool.append(heard)
            else:
                assert answer == (200 if heard.claim else 400)
                self.book.settled(heard)

    @precondition(lambda self: self.book.spool)
    @rule(killed=st.booleans())
    def drain(self, killed: bool) -> None:
        self.callbacks = len(self.book.spool)
        if killed:
            with killed_at_unlink(pytest.MonkeyPatch):
                self.till.drain()
        assert self.till.drain() == len(self.book.spool)
        while self.book.spool:
            self.book.settled(self.book.spool.popleft())

    # time

    @some("orders", "awaiting")
    @rule(after=st.sampled_from(WAITS))
    def expire(self, after: timedelta) -> None:
        self.till.clock.move(after)
        assert self.till.expire() == self.book.expired(self.till.clock.moment)

    # the admin

    @some("orders", "awaiting")
    @rule(pick=which)
    def cancel(self, pick: int) -> None:
        self._cancel(_one(self.book.order_state("awaiting"), pick))

    @some("orders", *PAYABLE)
    @rule(pick=which, amount=shillings, code=codes)
    def mark_paid(self, pick: int, amount: str, code: str) -> None:
        self._mark_paid(_one(self.book.order_state(*PAYABLE), pick), amount, code)

    @some("orders", "review")
    @rule(pick=which, taken=st.booleans(), amount=st.sampled_from(["nothing", "total", "less", "more"]))
    def decide(self, pick: int, taken: bool, amount: str) -> None:
        slip = _one(self.book.order_state("review"), pick)
        if taken:
            self._accept(slip, amount)
        else:
            self._refuse(slip, amount)

    @some("orders", "review")
    @rule(pick=which, came=st.sampled_from(["less", "one"]), up=mostly)
    def ask_for_the_rest(self, pick: int, came: str, up: bool) -> None:
        slip = _one(self.book.order_state("review"), pick)
        self._ask_for_rest(slip, came)
        if slip.rest:
            self._try_again(slip, up)

    @precondition(lambda self: any(slip.rest for slip in self.book.orders))
    @rule(pick=which)
    def hear_that_the_rest_was_paid(self, pick: int) -> None:
        slip = _one([slip for slip in self.book.orders if slip.rest], pick)
        self._post(self._said(slip.tries[-1], "success"))

    @some("orders", "paid")
    @rule(pick=which)
    def cancel_one_that_is_paid(self, pick: int) -> None:
        self._cancel_paid(_one(self.book.order_state("paid"), pick))

    @precondition(lambda self: any(one.state == "review" for one in self.book.tries))
    @rule(pick=which, came=st.sampled_from(["nothing", "total", "less"]))
    def decide_apart(self, pick: int, came: str) -> None:
        one = _one([one for one in self.book.tries if one.state == "review"], pick)
        amount = _sum(one.order, came)
        self._press(one.order, f"attempts/{one.reference}", came=str(amount))
        self.book.decided(one, amount)

    @some("orders", *REFUNDABLE)
    @rule(pick=which, part=st.sampled_from(["all", "due", "one", "too much", "total"]), code=codes)
    def give_back(self, pick: int, part: str, code: str) -> None:
        paid = [slip for slip in self.book.order_state(*REFUNDABLE) if slip.here]
        self._give_back(_one(paid or self.book.order_state(*REFUNDABLE), pick), part, code)

    @some("orders")
    @rule(pick=which, act=st.sampled_from(list(ACTS)))
    def act_at_any_time(self, pick: int, act: str) -> None:
        """On an order in whatever state; then the admin, or the page, is to refuse it."""
        getattr(self, f"_{act}")(_one(self.book.orders, pick), *ACTS[act])

    @rule(sku=st.sampled_from(list(moves.SHELF)), kind=st.sampled_from(STOCK), pieces=st.integers(1, 4))
    def write_stock(self, sku: str, kind: str, pieces: int) -> None:
        before = self.book.on_hand(sku)
        if kind == "sold out":
            kind, pieces = "counted", self.book.pieces(sku, "held")
        answer = self.till.write_stock(sku, kind, pieces)
        self.book.restocked(sku, kind, pieces)
        done = self.book.on_hand(sku) != before or (kind, pieces) == ("counted", before)
        assert answer == (303 if done else 422)

    @some("orders")
    @rule(pick=which, page=st.sampled_from(PAGES))
    def look(self, pick: int, page: str) -> None:
        slip = _one(self.book.orders, pick)
        browser = self.till.admin if page.startswith("/admin") else self.till.browser
        assert browser.get(page.format(slip)).status_code == 200

    @some("orders")
    @rule()
    def send_mails(self) -> None:
        self.till.send()
        [(unsent,)] = self.till.read("SELECT count(*) FROM outbox_email WHERE sent_at IS NULL")
        [(written,)] = self.till.read("SELECT count(*) FROM outbox_email")
        assert written - unsent == self.till.mails_sent
        assert unsent == 0 or self.till.mails_sent >= 50

    def teardown(self) -> None:
        for slip in self.book.orders[-1:]:
            assert self.till.browser.get(f"/orders/{slip.token}").status_code == 200
            assert self.till.admin.get(f"/admin/orders/{slip.number}").status_code == 200

    # how each is done

    def _check_out(self, area: str, code: str, up: bool) -> None:
        possible, total = self.book.can_be_ordered(code), self.book.total(area, code)
        self.till.chpter.up = up
        reply = self.till.press_pay(area, code, total)
        assert reply.status_code == 303
        assert reply.headers["Location"].startswith(("/checkout?", "/cart")) != possible
        if not possible:
            self.till.empty_cart()
            self.book.cart = {}
            return
        slip = Slip(*self.till.newest(), self.book.cart, total, code, self.till.clock.moment)
        self.book.placed(slip)
        if total:
            self._begun(slip)
        else:
            assert reply.headers["Location"] == f"/orders/{slip.token}"

    def _come_back(self, slip: Slip) -> None:
        assert self.till.browser.get(f"/orders/{slip.token}?from=payment").status_code == 303
        self.book.came_back(slip, self.till.clock.moment)

    def _forge(self, slip: Slip) -> None:
        for one in slip.tries:
            heard = self._said(one, "success")
            for address in (one.address[:-2], f"/chpter/callbacks/{'A' * 22}.{'B' * 43}"):
                assert self.till.post(address, heard.raw) == 404

    def _same_money(self, slip: Slip) -> None:
        self._press(slip, "same-money")
        self.book.same_money(slip)

    def _begun(self, slip: Slip) -> None:
        opened = Opened.of(self.till.chpter.asked)
        one = Try(slip, opened.reference, opened.address, self.till.clock.moment, slip.rest or slip.total)
        self.book.begun(slip, one, self.till.chpter.up)

    def _try_again(self, slip: Slip, up: bool) -> None:
        self.till.chpter.up = up
        asked, begins = getattr(self.till.chpter, "asked", None), self.book.may_try(slip, self.till.clock.moment)
        assert self.till.browser.post(f"/orders/{slip.token}/pay").status_code == 303
        assert (self.till.chpter.asked is not asked) == begins
        if begins:
            self.book.tried_again(slip, self.till.clock.moment)
            self._begun(slip)

    def _said(self, to: Try, what: str) -> Heard:
        changes, reading = SAID[what]
        total = to.amount
        amount = {"amount": str(total + changes["amount"])} if "amount" in changes else {}
        raw = b"\xff" if what == "unreadable" else body(total, to.reference, {**changes, **amount})
        return Heard(to, raw, **reading)

    def _post(self, heard: Heard) -> None:
        answer = self.till.post(heard.to.address, heard.raw, heard.from_browser)
        assert answer == (200 if heard.claim else 400)
        self.book.heard.append(heard)
        self.book.settled(heard)

    def _press(self, slip: Slip, act: str, **fields: str) -> None:
        assert self.till.press(slip.number, act, **fields).status_code == 303

    def _cancel(self, slip: Slip) -> None:
        self._press(slip, "cancel")
        self.book.cancelled(slip)

    def _accept(self, slip: Slip, amount: str) -> None:
        came = _sum(slip, amount) or 1
        answer = self.till.press(slip.number, "accept", amount=str(came))
        assert answer.status_code == 303
        if "/accept-less" in answer.headers["Location"]:
            lacking = slip.lacks - (came if slip.in_review else 0)
            self._press(slip, "accept-less", amount=str(came), seen=f"{lacking} {slip.rest}", reason="Enough")
        self.book.accepted(slip, came)

    def _ask_for_rest(self, slip: Slip, came: str) -> None:
        amount = _sum(slip, came) if slip.in_review else 0
        rest = slip.lacks - amount
        asked = slip.rest == rest and not slip.in_review
        self._press(slip, "ask-rest", came=str(amount), rest=str(max(1, rest)))
        if not asked:
            self.book.asked_for_rest(slip, amount, rest)

    def _cancel_paid(self, slip: Slip) -> None:
        lines = "SELECT l.id, l.quantity FROM order_line l JOIN orders o ON o.id = l.order_id"
        back = self.till.read(f"{lines} WHERE o.number = '{slip.number}'")  # noqa: S608 - our own number
        fields = {f"back-{line}": str(count) for line, count in back}
        self._press(slip, "cancel-paid", seen=str(slip.here), reason="Sold out", **fields)
        self.book.cancelled_paid(slip)

    def _refuse(self, slip: Slip, came: str) -> None:
        self._press(slip, "refuse", came=str(_sum(slip, came)))
        self.book.refused(slip, _sum(slip, came))

    def _mark_paid(self, slip: Slip, amount: str, code: str) -> None:
        fields = self._money(_sum(slip, amount), code, seen=slip.state)
        taken = fields["code"] in self.book.codes
        if (short := slip.lacks - int(fields["amount"])) > 0:
            fields |= {"shortfall": str(short), "write_off": "y"}
        answer = self.till.press(slip.number, "mark-paid", **fields).status_code
        assert answer == (422 if taken else 303)
        self.book.marked_paid(slip, int(fields["amount"]), fields["code"])

    def _give_back(self, slip: Slip, part: str, code: str) -> None:
        parts = {
            "all": slip.here,
            "due": slip.refund_due_amount,
            "one": 1,
            "too much": slip.here + 1,
            "total": slip.total,
        }
        fields = self._money(parts[part] or 1, code, seen=str(slip.refunded))
        assert self.till.press(slip.number, "give-back", **fields).status_code in (303, 422)
        self.book.gave_back(slip, int(fields["amount"]), fields["code"])

    def _money(self, amount: int, code: str, seen: str) -> dict[str, str]:
        used = self.book.codes[-1:] if code == "used" else []
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


def _sum(slip: Slip, which: str) -> int:
    sums = {"total": slip.total, "less": max(1, slip.total - 100), "more": slip.total + 50, "one": 1, "nothing": 0}
    return max(1, sums[which]) if which != "nothing" else 0
