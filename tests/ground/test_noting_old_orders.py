"""A shop that has sold before it could search by words: its orders are found afterwards all the same."""

from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, select

from shop.core.database import db, write
from shop.orders.models import Order, OrderSearchTerm
from shop.orders.states import Payment
from tests import both_databases
from tests.admin import ledger


@both_databases
def test_orders_from_before_are_found_by_the_same_words(app):
    orders = [
        ledger.order(full_name="Wanjirũ Njeri-Kamau", attempts=[ledger.attempt()]),
        ledger.order(email="a_b.c@example.org", phone_number="254110345678"),
        ledger.order(discount_code="KARIBU-10"),
        *(ledger.order() for _ in range(3)),
    ]
    ledger.keep(app, *orders)
    with app.app_context():
        before = _words()
        assert {"karibu-10", "10"} <= {word for word, _ in before}
        downgrade(revision="0002")
        upgrade()

        assert _words() == before


@both_databases
def test_orders_that_were_found_by_all_but_their_code_are_found_by_it_too(app):
    some, none = (ledger.order(discount_code=code) for code in ("KARIBU-10", ""))
    ledger.keep(app, some, none)
    with app.app_context():
        before = _words()
        downgrade(revision="0010")
        write(lambda: db.session.execute(delete(OrderSearchTerm).where(OrderSearchTerm.word == "karibu-10")))
        assert _words() != before  # the word "10" stays: one that is there already is no stumbling block
        upgrade()

        assert _words() == before


@both_databases
def test_of_old_warnings_those_of_orders_still_open_are_to_be_looked_at(app):
    states = (Payment.AWAITING, Payment.REVIEW, Payment.PAID, Payment.EXPIRED)
    orders = [ledger.order(payment=state) for state in states]
    for order in orders:
        order.record("Callback, row R2", warning=True)
    ledger.keep(app, *orders, ledger.order())
    with app.app_context():
        downgrade(revision="0002")
        upgrade()

        assert set(db.session.scalars(select(Order.payment).where(Order.open_warning))) == set(states[:2])


def _words() -> set[tuple[str, int]]:
    rows = {tuple(row) for row in db.session.execute(select(OrderSearchTerm.word, OrderSearchTerm.order_id))}
    db.session.rollback()
    db.session.remove()
    return rows
