"""Every row of the settlement table, posted as Chpter posts it."""

import json

from shop.catalog.models import Variant
from shop.core.money import shillings
from shop.payments.models import CallbackRecord
from tests import both_databases
from tests.ledger_reader import OrderState, StoredCallback
from tests.shopper import SKU

pytestmark = both_databases


def rows(ledger, bought) -> list[str]:
    return [kept.row for kept in ledger.callbacks(bought)]


def test_r0_a_bad_token_is_not_found_and_leaves_nothing(bought, ledger, there):
    bought.callback_path = bought.callback_path[:-1]

    assert bought.post_callback(bought.callback()).status_code == 404
    there("awaiting", "open")
    assert ledger.count(CallbackRecord) == 0


def test_r1_an_unreadable_body_is_kept_and_changes_nothing(bought, ledger, there):
    raw = b'{"paid": "True", "paid": "False"}\x00\xff'

    assert bought.post_callback(raw).status_code == 400

    there("awaiting", "open")
    [kept] = ledger.callbacks(bought)
    assert (kept.row, kept.claim, kept.raw, kept.alert) == ("R1", "", raw, True)
    assert ledger.warnings(bought) == [f"Callback, row R1: {kept.reason}"]


def test_r1_a_body_that_is_too_large_is_kept_cut(bought, ledger, there):
    raw = json.dumps(bought.callback(message="x" * 17_000)).encode()

    assert bought.post_callback(raw).status_code == 413

    there("awaiting", "open")
    [kept] = ledger.callbacks(bought)
    assert (kept.row, kept.raw, kept.alert) == ("R1", raw[: 16 * 1024], True)


def test_r2_another_payments_callback_changes_nothing(bought, ledger, there):
    strange = [
        None,
        "1",
        "another's",
        "",
        "0",
        f"0{bought.reference}",
        f"{bought.reference}.0",
        [bought.reference],
        True,
    ]

    for order_id in strange:
        assert bought.post_callback(bought.callback(order_id=order_id)).status_code == 200

    there("awaiting", "open")
    assert [(kept.row, kept.alert) for kept in ledger.callbacks(bought)] == [("R2", True)] * len(strange)


def test_r2_one_orders_success_does_not_pay_another(shopper, bought, ledger, there):
    other = shopper.buy(sku="STA-BEA-ONE")

    assert bought.post_callback(other.callback()).status_code == 200

    there("awaiting", "open")
    assert ledger.order_state(other).order == "awaiting"


def test_r3_a_success_pays_the_order_once(bought, ledger, there):
    body = bought.callback()

    reply = bought.post_callback(body)

    assert (reply.status_code, reply.data) == (200, b"ok")
    there("paid", "paid", "sold")
    [kept] = ledger.callbacks(bought)
    assert (kept.row, kept.claim, kept.amount, kept.alert) == ("R3", "yes", bought.total, False)
    assert kept.raw == json.dumps(body).encode()
    assert ledger.timeline(bought) == ["Order placed", "Payment received"]


def test_r3_a_success_after_a_failure_pays(bought, ledger, there):
    bought.post_callback(bought.failure())
    bought.post_callback(bought.callback())

    there("paid", "paid", "sold")
    assert rows(ledger, bought) == ["R6", "R3"]


def test_r3_an_older_page_that_was_superseded_can_still_be_paid(app, shopper, bought, ledger, there):
    ledger.put_attempt(bought, state="failed")
    assert shopper.post(f"{bought.order_path}/pay", {}).status_code == 303
    ledger.put_attempt(bought, state="superseded")

    bought.post_callback(bought.callback())

    assert ledger.order_state(bought).attempt == "paid"
    assert bought.status["payment"] == "paid"


def test_r3a_a_late_payment_takes_stock_that_is_available(bought, ledger, there):
    ledger.expire()
    there("expired", "open", "free")

    assert bought.post_callback(bought.callback()).status_code == 200

    there("paid", "paid", "sold", late=True)
    assert rows(ledger, bought) == ["R3a"]


def test_r3b_a_late_payment_without_stock_goes_to_review(bought, ledger, stock):
    ledger.expire()
    ledger.put(Variant, {"sku": SKU}, on_hand=1)

    assert bought.post_callback(bought.callback()).status_code == 200

    assert ledger.order_state(bought) == OrderState("review", "paid", True, False, False, (1, stock[1]))
    [kept] = ledger.callbacks(bought)
    assert (kept.row, kept.alert) == ("R3b", True)
    assert ledger.mails("paid") == 0


def sent_to_a_person(ledger, bought, row: str) -> StoredCallback:
    """The one record of an order whose callback went to a person; nothing is sold, and nothing is free again."""
    standing = ledger.order_state(bought)
    assert (standing.order, standing.attempt, standing.paid) == ("review", "review", False)
    [kept] = ledger.callbacks(bought)
    assert (kept.row, kept.alert) == (row, True)
    assert ledger.warnings(bought) == [f"Callback, row {row}: {kept.reason}"]
    return kept


def test_r3c_a_page_that_was_never_shown_cannot_be_paid(shopper, ledger):
    for state in ("creating", "create_failed"):
        bought = shopper.buy()
        ledger.put_attempt(bought, state=state, checkout_link=None)

        assert bought.post_callback(bought.callback()).status_code == 200
        sent_to_a_person(ledger, bought, "R3c")


def test_r4_a_wrong_amount_goes_to_review_with_both_amounts(bought, ledger, there):
    assert bought.post_callback(bought.callback(amount="1000")).status_code == 200

    there("review", "review")
    kept = sent_to_a_person(ledger, bought, "R4")
    assert kept.amount == 1000
    assert f"Requested {shillings(bought.total)}, Chpter reports KSh 1,000." in kept.reason


AMOUNTS = [None, "1e2", "1_00", "+100", "１００", "100,00", "100.5", "", True, [100], {}, -100, 0, 10**12, "5" * 5000]


def test_r4_an_amount_that_is_unreadable_or_wrong_goes_to_review(shopper, ledger):
    for wrong in AMOUNTS:
        bought = shopper.buy()

        assert bought.post_callback(bought.callback(amount=wrong)).status_code == 200
        sent_to_a_person(ledger, bought, "R4")


def test_r4_one_shilling_more_or_less_is_a_wrong_amount(shopper, ledger):
    for wrong in (-1, 1):
        bought = shopper.buy()

        assert bought.post_callback(bought.callback(amount=bought.total + wrong)).status_code == 200
        sent_to_a_person(ledger, bought, "R4")


def test_r4_a_success_that_a_browser_sent_goes_to_review(app, shopper, ledger):
    sender = app.test_client(use_cookies=False)  # or it would drop the header
    for mark in ("Cookie", "Origin", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-Fetch-Storage-Access"):
        bought = shopper.buy()

        assert sender.post(bought.callback_path, json=bought.callback(), headers={mark: "x"}).status_code == 200
        assert "browser" in sent_to_a_person(ledger, bought, "R4").reason


CONTRADICTIONS = [
    {"paid": "False"},  # documented for a card alone
    {"payment_status": "Payment Incomplete."},
    {"payment_status": "Payment pending."},
    {"payment_status": None},
    {"response_status": 406},
    {"response_status": "yes"},
    {"paid": None},
    {"paid": 1},
    {"paid": "yes"},
    {"payment_method": "CARD", "paid": "maybe"},
]


def test_r5_a_contradiction_goes_to_review(shopper, ledger):
    for changes in CONTRADICTIONS:
        bought = shopper.buy()

        assert bought.post_callback(bought.callback(**changes)).status_code == 200
        assert sent_to_a_person(ledger, bought, "R5").claim == "unclear"


def test_r5_a_contradiction_about_a_paid_order_changes_nothing(bought, ledger, there):
    bought.post_callback(bought.callback())
    bought.post_callback(bought.callback(response_status=500))

    there("paid", "paid", "sold")
    assert rows(ledger, bought) == ["R3", "R5"]


def test_r6_a_failure_may_be_tried_again(shopper, bought, ledger, there):
    assert bought.post_callback(bought.failure()).status_code == 200

    there("awaiting", "failed")
    assert rows(ledger, bought) == ["R6"]
    assert ledger.mails("failed") == 1
    assert "The M-PESA balance was too low." in shopper.get(bought.order_path).text


def test_r6_a_repeated_failure_is_emailed_once(bought, ledger, there):
    bought.post_callback(bought.failure())
    bought.post_callback(bought.failure())

    there("awaiting", "failed")
    assert ledger.mails("failed") == 1
    assert ledger.timeline(bought).count("The payment did not go through") == 1


def test_r6_a_buyer_is_not_asked_to_retry_a_closed_order(shopper, ledger):
    expired, cancelled = shopper.buy(), shopper.buy()
    ledger.cancel(cancelled)
    ledger.expire()

    for bought, ended in ((expired, "expired"), (cancelled, "cancelled")):
        bought.post_callback(bought.failure())
        standing = ledger.order_state(bought)
        assert (standing.order, standing.attempt) == (ended, "failed")
    assert ledger.mails("failed") == 0


def test_r6_a_buyer_is_not_asked_to_retry_during_another_attempt(bought, ledger, there):
    ledger.put_attempt(bought, state="superseded")

    bought.post_callback(bought.failure())

    there("awaiting", "failed")
    assert ledger.mails("failed") == 0
