"""A line for each row of the settlement table, posted as Chpter posts it.

Every combination is in test_settlement_rules.py, every spelling of a body in tests/chpter/test_callback.py; R0 is in
test_callback_abuse.py, R3d in test_shortfalls.py, R12 in test_unmatched_callbacks.py.
"""

import json
from urllib.parse import urlencode

import pytest

from shop.catalog.models import Variant
from tests import both_databases
from tests.chpter.examples import documented
from tests.shopper import SKU, Bought

YES = {}
NO = {"paid": "False", "message": "Insufficient funds", "payment_status": "Payment Incomplete."}
UNCLEAR = {"payment_status": "Who knows"}


def rows(ledger, bought):
    return [kept.row for kept in ledger.callbacks(bought)]


@pytest.fixture
def prepare(ledger, bought):
    """Bring the order or its attempt into a state."""

    def sell_out():
        ledger.expire()
        ledger.put(Variant, {"sku": SKU}, on_hand=1)

    return {
        "awaiting": lambda: None,
        "expired": ledger.expire,
        "sold out": sell_out,
        "cancelled": lambda: ledger.cancel(bought),
        "review": lambda: ledger.put_order(bought, payment="review"),
        "superseded": lambda: ledger.put_attempt(bought, state="superseded"),
        "never opened": lambda: ledger.put_attempt(bought, state="create_failed", checkout_link=None),
    }


@both_databases
@pytest.mark.parametrize(
    ("row", "before", "earlier", "callback", "order", "attempt", "goods"),
    [
        ("R2", "awaiting", [], {"order_id": "100000001"}, "awaiting", "open", "held"),
        ("R2", "awaiting", [], {"order_id": None}, "awaiting", "open", "held"),
        ("R7", "awaiting", [YES], NO, "paid", "paid", "sold"),
        ("R7", "awaiting", [{"amount": "1"}], NO, "review", "review", "held"),
        ("R6", "awaiting", [], NO, "awaiting", "failed", "held"),
        ("R6", "awaiting", [NO], NO, "awaiting", "failed", "held"),
        ("R6", "expired", [], NO, "expired", "failed", "free"),
        ("R6", "cancelled", [], NO, "cancelled", "failed", "free"),
        ("R6", "superseded", [], NO, "awaiting", "failed", "held"),
        ("R5", "awaiting", [YES], UNCLEAR, "paid", "paid", "sold"),
        ("R5", "awaiting", [], UNCLEAR, "review", "review", "held"),
        ("R8", "awaiting", [YES, YES], YES, "paid", "paid", "sold"),
        ("R8", "awaiting", [YES], {"amount": "1"}, "paid", "paid", "sold"),
        ("R4", "awaiting", [], {"amount": "1000"}, "review", "review", "held"),
        ("R4", "awaiting", [], {"amount": None}, "review", "review", "held"),
        ("R3c", "never opened", [], YES, "review", "review", "held"),
        ("R9", "awaiting", [UNCLEAR], YES, "review", "review", "held"),
        ("R9", "review", [], YES, "review", "paid", "held"),
        ("R3", "awaiting", [], YES, "paid", "paid", "sold"),
        ("R3", "awaiting", [NO], YES, "paid", "paid", "sold"),
        ("R3", "superseded", [], YES, "paid", "paid", "sold"),
        ("R3a", "expired", [], YES, "paid", "paid", "sold"),
        ("R3b", "sold out", [], YES, "review", "paid", "gone"),
        ("R10", "cancelled", [], YES, "cancelled", "paid", "free"),
    ],
)
def test_a_callback_changes_what_its_row_says(
    bought, ledger, expect_order, prepare, row, before, earlier, callback, order, attempt, goods
):
    prepare[before]()
    for changes in earlier:
        bought.post_callback(bought.callback(**changes))

    reply = bought.post_callback(bought.callback(**callback))

    assert (reply.status_code, reply.data) == (200, b"ok")
    expect_order(order, attempt, goods, late=row in ("R3a", "R3b"), refund_due=row == "R10")
    assert ledger.column("refund_due_amount", bought) == (bought.total if row == "R10" else 0)
    kept = ledger.callbacks(bought)[-1]
    assert (kept.row, kept.raw) == (row, json.dumps(bought.callback(**callback)).encode())
    assert (f"Callback, row {row}: {kept.reason}" in ledger.warnings(bought)) == kept.alert
    # a buyer who can try again is told so, once
    assert ledger.mails("failed") == (before == "awaiting" and "R6" in rows(ledger, bought))


@pytest.mark.parametrize("raw", [b'{"paid": "True", "paid": "False"}\x00\xff', b"x" * 17_000])
def test_r1_an_unreadable_body_is_kept_and_changes_nothing(bought, ledger, expect_order, raw):
    assert bought.post_callback(raw).status_code == (400 if len(raw) < 16 * 1024 else 413)

    expect_order("awaiting", "open")
    [kept] = ledger.callbacks(bought)
    assert (kept.row, kept.claim, kept.raw, kept.alert) == ("R1", "", raw[: 16 * 1024], True)
    assert ledger.warnings(bought) == [f"Callback, row R1: {kept.reason}"]


@pytest.mark.parametrize("header", ["Cookie", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Storage-Access"])
def test_r4_a_success_that_a_browser_sent_goes_to_review(app, bought, ledger, expect_order, header):
    sender = app.test_client(use_cookies=False)  # or it would drop the header

    assert sender.post(bought.callback_path, json=bought.callback(), headers={header: "x"}).status_code == 200

    expect_order("review", "review")
    assert "browser" in ledger.callbacks(bought)[0].reason


@both_databases
def test_r11_the_second_payment_of_an_order_must_be_refunded(shopper, bought, ledger):
    bought.post_callback(bought.failure())
    second = Bought(shopper, shopper.post(f"{bought.order_path}/pay", {}).headers["Location"])
    bought.post_callback(bought.callback())
    second.post_callback(second.callback())

    for one in (bought, second):
        standing = ledger.order_state(one)
        assert (standing.order, standing.attempt, standing.refund_due) == ("paid", "paid", True)
    assert (rows(ledger, bought), rows(ledger, second)) == (["R6", "R3"], ["R11"])
    assert ledger.column("refund_due_amount", bought) == bought.total
    assert ledger.mails("paid") == 1


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_the_documented_callbacks_pay_or_fail(shopper, ledger, content_type):
    for name, attempt in (
        ("mpesa_success", "paid"),
        ("card_success", "paid"),
        ("mpesa_failure", "failed"),
        ("card_failure", "failed"),
        ("sister_cancelled", "failed"),
    ):
        bought = shopper.buy()
        own = {"order_id": bought.reference, "order id": bought.reference, "amount": bought.total}
        example = json.loads(documented(name))
        body = {key: type(value)(own.get(key, value)) for key, value in example.items()}
        raw = (urlencode(body) if "form" in content_type else json.dumps(body, indent=4)).encode()

        assert bought.post_callback(raw, content_type=content_type).status_code == 200
        assert bought.status["attempt"] == attempt, name
    assert (ledger.mails("paid"), ledger.mails("failed")) == (2, 3)
