"""What must hold after each step, whatever it was."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from shop.payments.reconciliation import reconcile
from tests.faults.machine import moves
from tests.faults.machine.book import Book
from tests.faults.machine.till import Till


class EveryRule:
    """Leaves out none."""

    def is_enabled(self, _name: str) -> bool:
        return True


class Holding(RuleBasedStateMachine):
    """One run. `till` is the shop, `book` what must be true of it."""

    def __init__(self, till: Till) -> None:
        super().__init__()
        # Hypothesis would leave out a different half of the rules in each run: what needs six of them is never reached
        self._rules_strategy.enabled_rules_strategy = st.just(EveryRule())
        self.till, self.book = till, Book()
        self.seen: dict[str, tuple[str, bool]] = {}  # word, and whether it was ever paid, of each order and try
        self.callbacks = 1  # how many are settled in this step
        self.proved: Any = None  # all that the last proof was made from
        self.fresh_codes = (f"SK{number:07d}A" for number in range(1000))
        till.begin()

    @invariant()
    def holds(self) -> None:
        self.till.steps += 1
        self.till.rows.update(self.book.rows)
        self.book.rows.clear()
        self._stock_is_conserved()
        self._orders_stand_as_they_must()
        self._tries_stand_as_they_must()
        self._one_mail_for_each_event()
        self._the_money_adds_up()
        self.callbacks = 1
        self.till.clock.move(timedelta(seconds=4))

    def _stock_is_conserved(self) -> None:
        book, skus = self.book, ", ".join(f"'{sku}'" for sku in moves.SHELF)
        there = {sku: (book.on_hand(sku), book.pieces(sku, "held")) for sku in moves.SHELF}
        variants = self.till.read(f"SELECT sku, on_hand, held FROM variant WHERE sku IN ({skus})")
        assert {sku: (on_hand, held) for sku, on_hand, held in variants} == there
        lines = self.till.read("SELECT sku, sum(on_hand), sum(held) FROM stock_entry GROUP BY sku")
        assert {sku: (int(on_hand), int(held)) for sku, on_hand, held in lines} == there
        used = dict(self.till.read("SELECT code, uses FROM discount_code"))
        assert {code: used[code] for code in moves.CODES} == {code: book.used(code) for code in moves.CODES}

    def _orders_stand_as_they_must(self) -> None:
        sums = "total, received, refunded, refund_due_amount, shortfall"
        columns = f"token, payment, paid_late, refund_due, paid_at IS NOT NULL, {sums}"
        self.orders_read = self.till.read(f"SELECT {columns} FROM orders ORDER BY id")
        rows = {token: rest for token, *rest in self.orders_read}
        assert len(rows) == len(self.book.orders)
        for slip in self.book.orders:
            payment, late, refund_due, paid, *sums = rows[slip.token]
            self._moved(slip.token, payment, paid, moves.ORDER, {"awaiting", "paid"})
            assert (payment, late, refund_due) == (slip.state, slip.late, slip.refund_due_amount > 0)
            assert paid == slip.ever_paid
            assert sums == [slip.total, slip.received, slip.refunded, slip.refund_due_amount, slip.short]

    def _tries_stand_as_they_must(self) -> None:
        states = {
            str(reference): state for reference, state in self.till.read("SELECT reference, state FROM payment_attempt")
        }
        for reference, state in states.items():
            self._moved(reference, state, state == "paid", moves.ATTEMPT, moves.BEGINS)
        assert states == {one.reference: one.state for one in self.book.tries}
        self.seen_tries = states

    def _one_mail_for_each_event(self) -> None:
        kinds = "'paid', 'free', 'new_order', 'cancelled', 'refunded'"
        counted = "SELECT o.token, m.kind, count(*) FROM outbox_email m JOIN orders o ON o.id = m.order_id"
        rows = self.till.read(f"{counted} WHERE m.kind IN ({kinds}) GROUP BY o.token, m.kind")
        due: Counter[tuple[str, str]] = Counter()
        for slip in self.book.orders:
            receipt = "paid" if slip.total else "free"
            due[slip.token, receipt] = due[slip.token, "new_order"] = int(slip.ever_paid)
            due[slip.token, "cancelled"] = int(slip.state == "cancelled")
            due[slip.token, "refunded"] = slip.refunds
        assert {(token, kind): count for token, kind, count in rows} == dict(+due)

    def _the_money_adds_up(self) -> None:
        """The page's proof, read again whenever anything has changed that it is made from."""
        money, lines = self.book.money, "SELECT kind, sum(amount), count(*) FROM ledger_entry GROUP BY kind"
        entries = self.till.read(lines)
        assert {kind: int(amount) for kind, amount, _ in entries if amount} == {kind: money[kind] for kind in money}
        if (made_from := (self.orders_read, self.seen_tries, entries)) == self.proved:
            return
        self.proved = made_from
        with self.till.app.app_context():
            proved = reconcile()
        assert proved.holds, proved.wrong
        assert proved.parts == {kind: money[kind] for kind in proved.parts}
        assert proved.ledger == proved.orders == sum(money.values())

    def _moved(self, name: str, word: str, paid: bool, table: dict[str, set[str]], begins: set[str]) -> None:
        """From the word it had after the last step, along the table; what was paid stays so."""
        before, was_paid = self.seen.get(name, (None, False))
        legal = begins if before is None else moves.within(self.callbacks, table, before)
        assert word in legal, f"{before} -> {word}"
        assert paid or not was_paid
        self.seen[name] = (word, paid)
