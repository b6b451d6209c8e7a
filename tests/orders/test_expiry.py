"""Unpaid orders expire and release their stock; late payments still count."""

from datetime import datetime, timedelta

from shop.core.clock import utcnow
from tests import both_databases
from tests.shopper import SKU

pytestmark = both_databases
HOURS = timedelta(hours=1)


def test_an_unpaid_order_expires_when_it_is_due_and_releases_its_stock(shopper, ledger):
    before = ledger.stock(SKU)
    bought = shopper.buy(quantity=3, code="KARIBU10")
    held = ledger.stock(SKU), ledger.uses("KARIBU10")

    assert ledger.expire(timedelta(minutes=31)) == 1

    assert held == ((before[0], before[1] + 3), 1)
    assert ledger.order_state(bought).order == "expired"
    assert ledger.stock(SKU) == before
    assert ledger.uses("KARIBU10") == 0
    assert "No payment arrived in time" in ledger.timeline(bought)[-1]


def test_an_order_that_is_not_due_does_not_expire(shopper, ledger):
    bought = shopper.buy()

    assert ledger.expire(timedelta(minutes=29)) == 0
    assert ledger.order_state(bought).order == "awaiting"


def test_expiring_orders_twice_expires_them_once(shopper, ledger):
    before = ledger.stock(SKU)
    shopper.buy()

    assert [ledger.expire(), ledger.expire()] == [1, 0]
    assert ledger.stock(SKU) == before


def test_only_unpaid_orders_expire(shopper, ledger):
    paid, checked, cancelled = shopper.buy(), shopper.buy(), shopper.buy()
    paid.post_callback(paid.callback())
    checked.post_callback(checked.callback(amount="1"))
    ledger.cancel(cancelled)
    before = ledger.stock(SKU)

    assert ledger.expire(72 * HOURS) == 0
    assert [ledger.order_state(bought).order for bought in (paid, checked, cancelled)] == [
        "paid",
        "review",
        "cancelled",
    ]
    assert ledger.stock(SKU) == before


def test_returning_from_the_payment_page_extends_the_hold_by_a_day(shopper, ledger):
    bought = shopper.buy()

    reply = shopper.get(f"{bought.order_path}?from=payment")

    assert (reply.status_code, reply.headers["Location"]) == (303, bought.order_path)
    assert bought.status["payment"] == "awaiting"
    assert ledger.expire(24 * HOURS - timedelta(minutes=1)) == 0
    assert ledger.expire(24 * HOURS + timedelta(minutes=1)) == 1


def test_returning_again_does_not_extend_the_hold(shopper, ledger):
    bought = shopper.buy()
    shopper.get(f"{bought.order_path}?from=payment")
    until = ledger.column("expires_at", bought)

    shopper.get(f"{bought.order_path}?from=payment")

    assert ledger.column("expires_at", bought) == until


def test_returning_never_holds_goods_for_more_than_two_days(shopper, ledger):
    bought = shopper.buy()
    placed = utcnow() - 47 * HOURS
    ledger.put_order(bought, placed_at=placed, expires_at=utcnow() + HOURS / 2)

    shopper.get(f"{bought.order_path}?from=payment")

    assert ledger.column("expires_at", bought) == placed + 48 * HOURS


def test_returning_after_the_callback_changes_nothing(shopper, ledger):
    bought = shopper.buy()
    bought.post_callback(bought.failure())
    until: datetime = ledger.column("expires_at", bought)

    assert shopper.get(f"{bought.order_path}?from=payment").status_code == 303
    assert ledger.column("expires_at", bought) == until
    assert ledger.column("returned_at", bought) is None


def test_a_late_payment_buys_goods_that_are_in_stock(shopper, ledger):
    before = ledger.stock(SKU)
    bought = shopper.buy(quantity=2, code="KARIBU10")
    ledger.expire()

    assert bought.post_callback(bought.callback()).status_code == 200

    standing = ledger.order_state(bought)
    assert (standing.order, standing.attempt, standing.late) == ("paid", "paid", True)
    assert ledger.stock(SKU) == (before[0] - 2, before[1])
    assert ledger.uses("KARIBU10") == 1
    assert ledger.mails("paid") == 1


def test_a_late_payment_for_goods_out_of_stock_goes_to_review(shopper, ledger):
    on_hand, _ = ledger.stock(SKU)
    bought = shopper.buy(quantity=2)
    ledger.expire()
    set_stock(ledger, on_hand=1)

    assert bought.post_callback(bought.callback()).status_code == 200

    standing = ledger.order_state(bought)
    assert (standing.order, standing.attempt, standing.late) == ("review", "paid", True)
    assert standing.stock == (1, 0)
    assert ledger.mails("paid") == 0
    assert "the stock is gone" in ledger.warnings(bought)[-1]


def test_a_late_payment_keeps_its_price_when_the_discount_code_is_used_up(shopper, ledger):
    from shop.pricing.models import DiscountCode

    bought = shopper.buy(code="KARIBU10")
    ledger.expire()
    ledger.put(DiscountCode, {"code": "KARIBU10"}, active=False)

    bought.post_callback(bought.callback())

    assert ledger.order_state(bought).order == "paid"
    assert ledger.uses("KARIBU10") == 0


def test_an_expired_order_cannot_be_paid_from_its_page(shopper, ledger, provider):
    bought = shopper.buy()
    ledger.expire()

    reply = shopper.post(f"{bought.order_path}/pay", {})

    assert (reply.status_code, reply.headers["Location"]) == (303, bought.order_path)
    assert len(provider.requests) == 1


def set_stock(ledger, on_hand: int) -> None:
    from shop.catalog.models import Variant

    ledger.put(Variant, {"sku": SKU}, on_hand=on_hand)
