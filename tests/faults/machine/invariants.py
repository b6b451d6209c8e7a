"""What must hold after each step, whatever it was."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from shop.payments.reconciliation import reconcile
from tests.faults.machine import model as tables
from tests.faults.machine.model import Model
from tests.faults.machine.shop_driver import ShopDriver


class EveryRule:
    """Leaves out none."""

    def is_enabled(self, _name: str) -> bool:
        return True


class Invariants(RuleBasedStateMachine):
    """One run. `shop` is the shop, `model` what must be true of it."""

    def __init__(self, shop: ShopDriver) -> None:
        super().__init__()
        # Hypothesis would leave out a different half of the rules in each run: what needs six of them is never reached
        self._rules_strategy.enabled_rules_strategy = st.just(EveryRule())
        self.shop, self.model = shop, Model()
        self.seen: dict[str, tuple[str, bool]] = {}  # word, and whether it was ever paid, of each order and try
        self.callbacks = 1  # how many are settled in this step
        self.proved: Any = None  # all that the last proof was made from
        self.fresh_codes = (f"SK{number:07d}A" for number in range(1000))
        shop.begin()

    @invariant()
    def holds(self) -> None:
        self.shop.steps += 1
        self.shop.rows.update(self.model.rows)
        self.model.rows.clear()
        self._stock_is_conserved()
        self._orders_stand_as_they_must()
        self._tries_stand_as_they_must()
        self._one_mail_for_each_event()
        self._the_money_adds_up()
        self.callbacks = 1
        self.shop.clock.move(timedelta(seconds=4))

    def _stock_is_conserved(self) -> None:
        model, skus = self.model, ", ".join(f"'{sku}'" for sku in tables.SHELF)
        there = {sku: (model.on_hand(sku), model.pieces(sku, "held")) for sku in tables.SHELF}
        variants = self.shop.read(f"SELECT sku, on_hand, held FROM variant WHERE sku IN ({skus})")
        assert {sku: (on_hand, held) for sku, on_hand, held in variants} == there
        lines = self.shop.read("SELECT sku, sum(on_hand), sum(held) FROM stock_entry GROUP BY sku")
        assert {sku: (int(on_hand), int(held)) for sku, on_hand, held in lines} == there
        used = dict(self.shop.read("SELECT code, uses FROM discount_code"))
        assert {code: used[code] for code in tables.CODES} == {code: model.used(code) for code in tables.CODES}

    def _orders_stand_as_they_must(self) -> None:
        sums = "total, received, refunded, refund_due_amount, shortfall"
        columns = f"token, payment, paid_late, refund_due, paid_at IS NOT NULL, {sums}"
        self.orders_read = self.shop.read(f"SELECT {columns} FROM orders ORDER BY id")
        rows = {token: remaining for token, *remaining in self.orders_read}
        assert len(rows) == len(self.model.orders)
        for order in self.model.orders:
            payment, late, refund_due, paid, *sums = rows[order.token]
            self._moved(order.token, payment, paid, tables.ORDER_MOVES, {"awaiting", "paid"})
            assert (payment, late, refund_due) == (order.state, order.late, order.refund_due_amount > 0)
            assert paid == order.ever_paid
            assert sums == [order.total, order.received, order.refunded, order.refund_due_amount, order.shortfall]

    def _tries_stand_as_they_must(self) -> None:
        states = {
            str(reference): state for reference, state in self.shop.read("SELECT reference, state FROM payment_attempt")
        }
        for reference, state in states.items():
            self._moved(reference, state, state == "paid", tables.ATTEMPT_MOVES, tables.NEW_ATTEMPT)
        assert states == {one.reference: one.state for one in self.model.attempts}
        self.seen_tries = states

    def _one_mail_for_each_event(self) -> None:
        kinds = "'paid', 'free', 'new_order', 'cancelled', 'refunded'"
        counted = "SELECT o.token, m.kind, count(*) FROM outbox_email m JOIN orders o ON o.id = m.order_id"
        rows = self.shop.read(f"{counted} WHERE m.kind IN ({kinds}) GROUP BY o.token, m.kind")
        due: Counter[tuple[str, str]] = Counter()
        for order in self.model.orders:
            receipt = "paid" if order.total else "free"
            due[order.token, receipt] = due[order.token, "new_order"] = int(order.ever_paid)
            due[order.token, "cancelled"] = int(order.state == "cancelled")
            due[order.token, "refunded"] = order.refunds
        assert {(token, kind): count for token, kind, count in rows} == dict(+due)

    def _the_money_adds_up(self) -> None:
        """The page's proof, read again whenever anything has changed that it is made from."""
        money, lines = self.model.money, "SELECT kind, sum(amount), count(*) FROM ledger_entry GROUP BY kind"
        entries = self.shop.read(lines)
        assert {kind: int(amount) for kind, amount, _ in entries if amount} == {kind: money[kind] for kind in money}
        if (made_from := (self.orders_read, self.seen_tries, entries)) == self.proved:
            return
        self.proved = made_from
        with self.shop.app.app_context():
            proved = reconcile()
        assert proved.holds, proved.wrong
        assert proved.parts == {kind: money[kind] for kind in proved.parts}
        assert proved.ledger == proved.orders == sum(money.values())

    def _moved(self, name: str, word: str, paid: bool, table: dict[str, set[str]], begins: set[str]) -> None:
        """From the word it had after the last step, along the table; what was paid stays so."""
        before, was_paid = self.seen.get(name, (None, False))
        legal = begins if before is None else tables.within(self.callbacks, table, before)
        assert word in legal, f"{before} -> {word}"
        assert paid or not was_paid
        self.seen[name] = (word, paid)
