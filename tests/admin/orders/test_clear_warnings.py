"""An order leaves the review queue exactly when no review item of it is open."""

import pytest

from shop.core.database import db, write
from shop.orders.models import Order
from shop.payments import review_flags
from shop.payments.models import ReviewFlag, ReviewReason
from shop.payments.review_flags import clear_warning, resolve, resolve_order
from tests import both_databases, order_factory

LINES = (
    ReviewReason.OTHER_SUM,
    ReviewReason.CONTRADICTION,
    ReviewReason.MISMATCH,
    ReviewReason.UNREADABLE,
    ReviewReason.OPENED,
    ReviewReason.LATE,
)


@pytest.fixture
def order(app):
    (number,) = order_factory.keep(app, order_factory.order(payment="expired"))
    with app.app_context():
        yield db.session.query(Order).filter_by(number=number).one()


def listed(owner, order):
    return order.number in owner.get("/admin/checks").text


def open_lines(order, *kinds):
    write(lambda: [review_flags.flag_order(order, kind, "A reason") for kind in kinds])


@both_databases
@pytest.mark.parametrize("kind", [*LINES, ReviewReason.CODE])
def test_an_order_is_listed_until_its_line_is_closed(owner, order, kind):
    open_lines(order, kind)
    assert listed(owner, order)

    line = db.session.query(ReviewFlag).one()
    write(lambda: resolve(line.id, "Seen", "Owner"))

    assert not listed(owner, order)


@both_databases
def test_while_one_of_two_lines_is_open_the_order_stays(owner, order):
    open_lines(order, ReviewReason.UNREADABLE, ReviewReason.OPENED)
    first, second = db.session.query(ReviewFlag).order_by(ReviewFlag.id)

    write(lambda: resolve(first.id, "Seen", "Owner"))
    assert listed(owner, order)
    write(lambda: resolve(second.id, "Seen", "Owner"))

    assert not listed(owner, order)


@both_databases
def test_looking_at_an_order_closes_its_lines_but_a_code_waits_for_its_answer(owner, order):
    open_lines(order, *LINES)
    assert write(lambda: resolve_order(order, "Seen", "Owner"))
    assert not listed(owner, order)
    assert not write(lambda: resolve_order(order, "Seen", "Owner"))

    open_lines(order, ReviewReason.CODE, ReviewReason.OPENED)
    assert write(lambda: resolve_order(order, "Seen", "Owner"))
    assert listed(owner, order)
    assert [line.kind for line in db.session.query(ReviewFlag).filter_by(resolved_at=None)] == [ReviewReason.CODE]


@both_databases
def test_money_in_review_keeps_the_order_whatever_was_looked_at(owner, order):
    def stray():
        order.attempts.append(order_factory.attempt(state="review"))
        order.record("Callback, row R4", warning=True)

    write(stray)
    assert not write(lambda: clear_warning(order))
    assert listed(owner, order)
