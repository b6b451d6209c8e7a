"""The steps of an order, and when it was placed and paid."""

from datetime import timedelta

import pytest

from shop.orders.payment_summary import placed_and_paid
from shop.orders.progress import progress_of
from shop.orders.states import Fulfilment, Payment
from tests import order_factory
from tests.order_factory import NOON

ENDED = (Payment.EXPIRED, Payment.CANCELLED, Payment.REFUNDED)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"payment": "awaiting"}, "Step 1 of 5: ordered. Next: paid"),
        ({"payment": "review"}, "Step 1 of 5: ordered. Next: paid"),
        ({}, "Step 2 of 5: paid. Next: packed"),
        ({"fulfilment": "packed"}, "Step 3 of 5: packed. Next: on its way"),
        ({"fulfilment": "delivered"}, "Step 5 of 5: delivered"),
        ({"fulfilment": "packed", "pickup": True}, "Step 3 of 4: ready to collect. Next: collected"),
        ({"fulfilment": "collected", "pickup": True}, "Step 4 of 4: collected"),
        ({"total": 0}, "Step 1 of 4: ordered. Next: packed"),
    ],
)
def test_an_order_says_which_step_it_has_reached_and_what_comes_next(fields, words):
    order = order_factory.order(**{"payment": Payment.PAID, "fulfilment": Fulfilment.UNFULFILLED, **fields})

    assert progress_of(order).words == words


@pytest.mark.parametrize("payment", ENDED)
def test_an_order_that_ended_without_a_sale_has_no_steps(payment):
    assert progress_of(order_factory.order(payment=payment)) is None


@pytest.mark.parametrize(
    ("paid_after", "words"),
    [
        (timedelta(0), "Placed and paid 2 Nov 2026, 12:00"),
        (timedelta(minutes=7), "Placed 2 Nov 2026, 12:00, paid at 12:07"),
        (timedelta(days=1), "Placed 2 Nov 2026, 12:00, paid 3 Nov 2026, 12:00"),
    ],
)
def test_a_receipt_names_a_day_once(paid_after, words):
    assert placed_and_paid(order_factory.order(placed_at=NOON, paid_at=NOON + paid_after)) == words


def test_a_free_order_was_only_placed():
    assert placed_and_paid(order_factory.order(placed_at=NOON, paid_at=NOON, total=0)) == "Placed 2 Nov 2026, 12:00"
