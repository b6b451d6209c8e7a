"""Reconciliation: the ledger and the orders agree; if not, the page names the order and the difference."""

import random

import pytest
from sqlalchemy import text

from shop.catalog.models import Variant
from shop.core.database import db, write
from shop.orders.reservations import OutOfStock
from shop.orders.transitions import StaleState
from shop.payments import manual_payments, refunds
from shop.payments.manual_payments import ManualPayment
from shop.payments.models import AttemptState
from shop.payments.reconciliation import reconcile
from tests import both_databases
from tests.shopper import SKU, Shopper


class Walk:
    """Buyers, Chpter and the merchant, taking random actions."""

    def __init__(self, app, provider, ledger, seed):
        self.app, self.provider, self.ledger = app, provider, ledger
        self.random = random.Random(seed)
        self.bought, self.codes = [], 0

    def step(self):
        steps = [self.buy, self.again, self.expire, *[self.post_callback, self.act] * 3]
        self.random.choice(steps if self.bought else [self.buy])()

    def buy(self):
        on_hand, held = self.ledger.stock(SKU)
        if on_hand == held:
            self.set_free(5)
        self.bought.append(Shopper(self.app, self.provider).buy())

    def post_callback(self):
        bought = self.random.choice(self.bought)
        total = bought.total
        said = self.random.choice(
            [
                bought.callback(),
                bought.callback(amount=str(self.random.choice([1, total - 100, total + 700]))),
                bought.callback(payment_status="Who knows"),
                bought.failure(),
                b"unreadable",
            ]
        )
        assert bought.post_callback(said).status_code in (200, 400)

    def again(self):
        """Another try: paid twice becomes possible."""
        bought = self.random.choice(self.bought)
        bought.post_callback(bought.failure())
        shopper = Shopper(self.app, self.provider)
        reply = shopper.post(f"{bought.order_path}/pay", {})
        if reply.headers["Location"].startswith("http") and "/orders/" not in reply.headers["Location"]:
            self.bought.append(type(bought)(shopper, reply.headers["Location"]))

    def expire(self):
        self.ledger.expire()
        self.set_free(self.random.choice([0, 5]))

    def set_free(self, pieces):
        """Set the stock that can be sold, and leave what orders hold."""
        self.ledger.put(Variant, {"sku": SKU}, on_hand=self.ledger.stock(SKU)[1] + pieces)

    def act(self):
        bought = self.random.choice(self.bought)
        actions = [self.accept, self.refuse, self.cancel, self.mark, self.refund, self.settle, self.same]
        action = self.random.choice(actions)

        def do():
            action(self.ledger._order(bought))

        with self.app.app_context():
            try:
                write(do)
            except (StaleState, OutOfStock):
                db.session.rollback()

    def accept(self, order):
        received = self.random.choice([order.total, 1, order.total + 50])
        in_attempt = received if manual_payments.attempt_in_review(order) else 0
        manual_payments.accept(order, received, "W", max(0, manual_payments.balance_due(order, in_attempt)))

    def refuse(self, order):
        manual_payments.refuse(order, self.random.choice([0, 1, order.total]), "W")

    def cancel(self, order):
        manual_payments.cancel(order)

    def mark(self, order):
        money = self.money(self.random.choice([order.total, 900]))
        manual_payments.mark_paid(
            order, order.payment, money, "W", max(0, manual_payments.balance_due(order, money.amount))
        )

    def refund(self, order):
        if order.money_here > 0:
            amount = self.random.choice([order.money_here, 1, order.refund_due_amount or 1])
            refunds.record_refund(order, order.refunded, self.money(amount), "W")

    def settle(self, order):
        attempts = [one for one in order.attempts if one.state == AttemptState.REVIEW]
        if attempts:
            manual_payments.resolve_attempt(attempts[0], self.random.choice([0, 7, order.total]), "W")

    def same(self, order):
        manual_payments.mark_duplicate(order, "W")

    def money(self, amount):
        self.codes += 1
        return ManualPayment(amount, "MPESA", f"A{self.codes:09d}", "A walk")


@both_databases
@pytest.mark.parametrize("seed", range(3))
def test_after_every_random_action_the_ledger_and_the_orders_agree(app, provider, ledger, seed):
    walk = Walk(app, provider, ledger, seed)

    for step in range(60):
        walk.step()
        with app.app_context():
            found = reconcile()
            assert found.holds, (step, found)
            assert ledger.stock(SKU)[1] >= 0


def test_an_order_that_costs_nothing_adds_up(app, provider, ledger):
    bought = Shopper(app, provider).buy()
    ledger.put_order(bought, payment="paid", subtotal=0, discount=0, delivery_fee=0, total=0)

    with app.app_context():
        assert reconcile().holds


@both_databases
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("UPDATE ledger_entry SET amount = amount + 1", "the ledger’s is KSh 2,651."),
        ("UPDATE orders SET received = received - 650", "The order’s balance is KSh 2,000"),
        ("UPDATE orders SET received = received - 650", "ledger KSh 2,650: a difference of KSh 650."),
        ("DELETE FROM ledger_entry", "the ledger’s is KSh 0."),
        ("UPDATE payment_attempt SET state = 'failed'", "0 of its payments are marked paid, the ledger has 1."),
        ("UPDATE orders SET payment = 'cancelled'", "KSh 0 is due as a refund."),
        ("UPDATE orders SET total = total + 5, subtotal = subtotal + 5", "only KSh 2,650 of KSh 2,655."),
        ("UPDATE orders SET refund_due_amount = 3", "KSh 3 is due as a refund."),
    ],
)
def test_a_row_edited_by_hand_is_found_and_the_page_names_it(app, provider, owner, ledger, edit, said):
    bought = Shopper(app, provider).buy()
    bought.post_callback(bought.callback())
    assert "The ledger and the orders agree." in owner.get("/admin/money").text

    with app.app_context():
        write(lambda: db.session.execute(text(edit)))
    page = owner.get("/admin/money").text

    assert "The ledger and the orders do not agree." in page
    assert "1 order does not match" in page
    assert said in page
    assert f">{ledger.column('number', bought)}</a>" in page
