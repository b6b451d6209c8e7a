"""An order leaves "To check" in the orders list exactly when nothing of it is left for a person."""

import pytest

from shop.core.database import db, write
from shop.orders.models import Order
from shop.payments import review_flags
from shop.payments.models import PaymentCheck
from shop.payments.review_flags import Kind, calm, looked_at, looked_at_order
from tests import both_databases
from tests.admin import ledger

LINES = (Kind.OTHER_SUM, Kind.CONTRADICTION, Kind.MISMATCH, Kind.UNREADABLE, Kind.OPENED, Kind.LATE)


@pytest.fixture
def order(app):
    (number,) = ledger.keep(app, ledger.order(payment="expired"))
    with app.app_context():
        yield db.session.query(Order).filter_by(number=number).one()


def listed(clerk, order):
    return order.number in clerk.get("/admin/checks").text


def open_lines(order, *kinds):
    write(lambda: [review_flags.look_at(order, kind, "A reason") for kind in kinds])


@both_databases
@pytest.mark.parametrize("kind", [*LINES, Kind.CODE])
def test_an_order_is_listed_until_its_line_is_closed(clerk, order, kind):
    open_lines(order, kind)
    assert listed(clerk, order)

    line = db.session.query(PaymentCheck).one()
    write(lambda: looked_at(line.id, "Seen", "Owner"))

    assert not listed(clerk, order)


@both_databases
def test_while_one_of_two_lines_is_open_the_order_stays(clerk, order):
    open_lines(order, Kind.UNREADABLE, Kind.OPENED)
    first, second = db.session.query(PaymentCheck).order_by(PaymentCheck.id)

    write(lambda: looked_at(first.id, "Seen", "Owner"))
    assert listed(clerk, order)
    write(lambda: looked_at(second.id, "Seen", "Owner"))

    assert not listed(clerk, order)


@both_databases
def test_looking_at_an_order_closes_its_lines_but_a_code_waits_for_its_answer(clerk, order):
    open_lines(order, *LINES)
    assert write(lambda: looked_at_order(order, "Seen", "Owner"))
    assert not listed(clerk, order)
    assert not write(lambda: looked_at_order(order, "Seen", "Owner"))

    open_lines(order, Kind.CODE, Kind.OPENED)
    assert write(lambda: looked_at_order(order, "Seen", "Owner"))
    assert listed(clerk, order)
    assert [line.kind for line in db.session.query(PaymentCheck).filter_by(closed_at=None)] == [Kind.CODE]


@both_databases
def test_money_in_review_keeps_the_order_whatever_was_looked_at(clerk, order):
    def stray():
        order.attempts.append(ledger.attempt(state="review"))
        order.record("Callback, row R4", warning=True)

    write(stray)
    assert not write(lambda: calm(order))
    assert listed(clerk, order)
