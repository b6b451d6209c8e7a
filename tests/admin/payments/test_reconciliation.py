"""Reconciliation: if the ledger and the orders do not agree, the page names the order and the difference.

That they agree after any action is proven by tests/faults/test_machine.py.
"""

import pytest
from sqlalchemy import text

from shop.core.database import db, write
from shop.payments.reconciliation import reconcile
from tests import both_databases
from tests.shopper import Shopper


def test_an_order_that_costs_nothing_adds_up(app, provider, ledger):
    bought = Shopper(app, provider).buy()
    ledger.put_order(bought, payment="paid", subtotal=0, discount=0, delivery_fee=0, total=0)

    with app.app_context():
        assert reconcile().holds


@both_databases
@pytest.mark.parametrize(
    ("edit", "words"),
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
def test_a_row_edited_by_hand_is_found_and_the_page_names_it(app, provider, owner, ledger, edit, words):
    bought = Shopper(app, provider).buy()
    bought.post_callback(bought.callback())
    assert "The ledger and the orders agree." in owner.get("/admin/reconciliation").text

    with app.app_context():
        write(lambda: db.session.execute(text(edit)))
    page = owner.get("/admin/reconciliation").text

    assert "The ledger and the orders do not agree." in page
    assert "1 order does not match" in page
    assert words in page
    assert f">{ledger.column('number', bought)}</a>" in page
