"""An order leaves the review queue when no review flag of it is open."""

import pytest

from shop.core.database import db, write
from shop.orders.models import Order
from shop.payments.models import ReviewFlag, ReviewReason
from shop.payments.review_flags import clear_warning, flag_order, resolve, resolve_order
from tests import order_factory

REASONS = (
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
    return order.number in owner.get("/admin/review").text


def test_an_order_is_listed_until_its_last_flag_is_resolved(owner, order):
    for reasons in [
        (ReviewReason.UNREADABLE, ReviewReason.OPENED),
        *((reason,) for reason in (*REASONS, ReviewReason.CODE)),
    ]:
        write(lambda reasons=reasons: [flag_order(order, reason, "A reason") for reason in reasons])
        for flag in db.session.query(ReviewFlag).filter_by(resolved_at=None).all():
            assert listed(owner, order), reasons
            write(lambda flag=flag: resolve(flag.id, "Seen", "Owner"))

        assert not listed(owner, order), reasons


def test_resolving_an_order_resolves_its_flags_except_a_code_to_answer(owner, order):
    write(lambda: [flag_order(order, reason, "A reason") for reason in REASONS])
    assert write(lambda: resolve_order(order, "Seen", "Owner"))
    assert not listed(owner, order)
    assert not write(lambda: resolve_order(order, "Seen", "Owner"))

    write(lambda: [flag_order(order, reason, "A reason") for reason in (ReviewReason.CODE, ReviewReason.OPENED)])
    assert write(lambda: resolve_order(order, "Seen", "Owner"))
    assert listed(owner, order)
    assert [flag.kind for flag in db.session.query(ReviewFlag).filter_by(resolved_at=None)] == [ReviewReason.CODE]


def test_an_order_with_a_payment_in_review_stays_listed(owner, order):
    def in_review():
        order.attempts.append(order_factory.attempt(state="review"))
        order.record("Callback, row R4", warning=True)

    write(in_review)
    assert not write(lambda: clear_warning(order))
    assert listed(owner, order)
