"""What must be true after each step."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from shop.payments.reconciliation import reconcile
from tests.faults.machine.model import CODES, SHELF, Model
from tests.faults.machine.shop_driver import ShopDriver


class EveryRule:
    """Enables every rule."""

    def is_enabled(self, _name: str) -> bool:
        return True


class Invariants(RuleBasedStateMachine):
    """One run. `shop` is the shop, `model` what must be true of it."""

    def __init__(self, shop: ShopDriver) -> None:
        super().__init__()
        # Hypothesis would leave out half of the rules in each run, and reach no state that needs six of them.
        self._rules_strategy.enabled_rules_strategy = st.just(EveryRule())
        self.shop, self.model = shop, Model()
        self.reconciled: Any = None  # what the last reconciliation was made from
        self.fresh_codes = (f"SK{number:07d}A" for number in range(1000))
        shop.begin()

    @invariant()
    def holds(self) -> None:
        self.shop.steps += 1
        self.shop.rows.update(self.model.rows)
        self.model.rows.clear()
        self._stock_is_conserved()
        self._orders_are_as_modelled()
        self._attempts_are_as_modelled()
        self._each_event_sent_one_email()
        self._the_money_adds_up()
        self.shop.clock.move(timedelta(seconds=4))

    def _stock_is_conserved(self) -> None:
        model, skus = self.model, ", ".join(f"'{sku}'" for sku in SHELF)
        there = {sku: (model.on_hand(sku), model.pieces(sku, "held")) for sku in SHELF}
        variants = self.shop.read(f"SELECT sku, on_hand, held FROM variant WHERE sku IN ({skus})")
        assert {sku: (on_hand, held) for sku, on_hand, held in variants} == there
        lines = self.shop.read("SELECT sku, sum(on_hand), sum(held) FROM stock_entry GROUP BY sku")
        assert {sku: (int(on_hand), int(held)) for sku, on_hand, held in lines} == there
        used = dict(self.shop.read("SELECT code, uses FROM discount_code"))
        assert {code: used[code] for code in CODES} == {code: model.used(code) for code in CODES}

    def _orders_are_as_modelled(self) -> None:
        sums = "total, received, refunded, refund_due_amount, shortfall"
        columns = f"token, payment, paid_late, refund_due, paid_at IS NOT NULL, {sums}"
        self.orders_read = self.shop.read(f"SELECT {columns} FROM orders ORDER BY id")
        rows = {token: rest for token, *rest in self.orders_read}
        assert len(rows) == len(self.model.orders)
        for order in self.model.orders:
            payment, late, refund_due, paid, *sums = rows[order.token]
            assert (payment, late, refund_due) == (order.state, order.late, order.refund_due_amount > 0)
            assert paid == order.ever_paid
            assert sums == [order.total, order.received, order.refunded, order.refund_due_amount, order.shortfall]

    def _attempts_are_as_modelled(self) -> None:
        self.attempts_read = self.shop.read("SELECT reference, state FROM payment_attempt ORDER BY id")
        states = {str(reference): state for reference, state in self.attempts_read}
        assert states == {one.reference: one.state for one in self.model.attempts}

    def _each_event_sent_one_email(self) -> None:
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
        """The reconciliation, made again whenever anything has changed that it is made from."""
        money, query = self.model.money, "SELECT kind, sum(amount), count(*) FROM ledger_entry GROUP BY kind"
        entries = self.shop.read(query)
        assert {kind: int(amount) for kind, amount, _ in entries if amount} == {kind: money[kind] for kind in money}
        if (made_from := (self.orders_read, self.attempts_read, entries)) == self.reconciled:
            return
        self.reconciled = made_from
        with self.shop.app.app_context():
            result = reconcile()
        assert result.holds, result.wrong
        assert result.parts == {kind: money[kind] for kind in result.parts}
        assert result.ledger == result.orders == sum(money.values())
