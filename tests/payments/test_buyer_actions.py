"""Actions of the buyer: cancel an order, change it, put its products into the cart again."""

import pytest
from sqlalchemy import select

from shop.cart.contents import CartProblem
from shop.catalog.models import Variant
from shop.core.database import db, write
from shop.orders.models import Order
from shop.payments import manual_payments
from shop.payments.models import ReviewFlag
from tests import both_databases
from tests.shopper import SKU, Shopper

HERE = {"headers": {"Origin": "http://localhost"}}


def cancel(shopper, bought, **fields):
    return shopper.post(f"{bought.order_path}/cancel", fields, **HERE)


@both_databases
def test_a_buyer_cancels_an_unpaid_order_and_its_stock_is_released(shopper, bought, ledger, expect_order):
    asked = shopper.get(f"{bought.order_path}/cancel").text
    assert "Cancel this order?" in asked
    assert "If you pay for a cancelled order, we refund you" in asked
    expect_order("awaiting", "open")

    assert cancel(shopper, bought).headers["Location"] == bought.order_path

    expect_order("cancelled", "open", "free")
    assert "You cancelled the order" in ledger.timeline(bought)
    assert ledger.mails("cancelled") == 1
    bought.post_callback(bought.callback())
    expect_order("cancelled", "paid", "free", refund_due=True)


def test_an_order_is_changed_by_putting_its_products_into_the_cart(shopper, bought, ledger, expect_order):
    shopper.buy("STA-BEA-ONE")
    asked = shopper.get(f"{bought.order_path}/cancel?then=change").text
    assert "puts its products into your cart" in asked

    assert cancel(shopper, bought, then="change").headers["Location"] == "/cart"

    expect_order("cancelled", "open", "free")
    cart = shopper.get("/cart").text
    assert "is in your cart" in cart
    assert f'name="quantity-{SKU}"' in cart and 'value="2"' in cart


@pytest.mark.parametrize("payment", ["paid", "review", "expired", "refunded"])
def test_an_order_that_is_not_awaiting_payment_cannot_be_cancelled_by_its_buyer(shopper, bought, ledger, payment):
    ledger.put_order(bought, payment=payment)

    assert shopper.get(f"{bought.order_path}/cancel").headers["Location"] == bought.order_path
    assert cancel(shopper, bought, then="change").headers["Location"] == bought.order_path
    assert bought.status["payment"] == payment


def test_products_of_a_closed_order_go_into_the_cart_if_they_are_available(shopper, bought, ledger):
    ledger.expire()
    ledger.put(Variant, {"sku": SKU}, on_hand=1, held=0)

    assert shopper.post(f"{bought.order_path}/again", {}, **HERE).headers["Location"] == "/cart"

    cart = shopper.get("/cart").text
    assert f'name="quantity-{SKU}"' in cart
    assert "there are no more" in cart
    assert bought.status["payment"] == "expired"


def test_an_order_that_arrived_can_be_ordered_again_and_what_is_no_longer_sold_is_named(shopper, bought, ledger):
    bought.post_callback(bought.callback())
    ledger.put_order(bought, fulfilment="delivered", discount_code="KARIBU10")
    assert "Order again</button>" in shopper.get(bought.order_path).text
    ledger.put(Variant, {"sku": SKU}, active=False)

    assert shopper.post(f"{bought.order_path}/again", {}, **HERE).headers["Location"] == "/cart"

    cart = shopper.get("/cart").text
    assert "is no longer sold." in cart
    assert "is in your cart" not in cart
    assert "KARIBU10" not in cart


def test_an_awaiting_order_cannot_be_reordered(shopper, bought):
    assert shopper.post(f"{bought.order_path}/again", {}, **HERE).headers["Location"] == bought.order_path
    assert "Your cart is empty" in shopper.get("/cart").text


def test_a_cart_that_cannot_be_filled_shows_the_problem(shopper, bought, ledger, monkeypatch):
    def refuse(_shared):
        raise CartProblem("Very many carts come from your network")

    ledger.put_order(bought, payment="expired")
    monkeypatch.setattr("shop.cart.current_cart.add_shared", refuse)

    shopper.post(f"{bought.order_path}/again", {}, **HERE)

    assert "Very many carts come from your network" in shopper.get("/cart").text


def test_a_message_about_received_money_is_refused(shopper, bought, ledger):
    message = "SKA1B2C3D4 Confirmed.You have received Ksh2,650.00 from WANJIRU 0712345678 on 24/11/26"

    reply = shopper.post(f"{bought.order_path}/code", {"code": message}, **HERE)

    assert reply.status_code == 422
    assert "That message is about money you received. Paste the message of the payment" in reply.text


def test_the_order_can_be_found_by_its_own_link(shopper, bought):
    reply = shopper.post("/orders/find", {"order_number": f"http://localhost{bought.order_path}"}, **HERE)

    assert reply.headers["Location"] == bought.order_path


def test_a_lookalike_of_another_orders_code_is_flagged_for_review(app, provider, shopper, bought, ledger):
    def pay_the_first():
        first = db.session.scalars(select(Order)).one()
        manual_payments.mark_paid(
            first, "awaiting", manual_payments.ManualPayment(first.total, "MPESA", "TAS2VRTZ0X", "Seen"), "Njeri"
        )
        return first.number

    with app.app_context():
        number = write(pay_the_first)
    second = Shopper(app, provider).buy()

    shopper.post(f"{second.order_path}/code", {"code": "TAS2VRTZOX"}, **HERE)

    with app.app_context():
        [words] = db.session.scalars(select(ReviewFlag.words).where(ReviewFlag.resolved_at.is_(None)))
    assert f"It looks like code TAS2VRTZ0X, which was used for order {number}." in words
