"""The documented callbacks, in every spelling Chpter has been seen to use, through HTTP."""

import json
from itertools import product
from urllib.parse import urlencode

import pytest

from tests import both_databases
from tests.chpter.examples import documented
from tests.shopper import SKU

# fixture: the row, and what becomes of attempt and order
DOCUMENTED = {
    "mpesa_success": ("R3", "paid", "paid"),
    "card_success": ("R3", "paid", "paid"),
    "mpesa_failure": ("R6", "failed", "awaiting"),
    "card_failure": ("R6", "failed", "awaiting"),
    "sister_cancelled": ("R6", "failed", "awaiting"),
}


def for_this_order(name: str, bought) -> dict:
    """A documented callback, with the order's own reference and sum, in the type the example has."""
    example = json.loads(documented(name))
    told = {"order_id": bought.reference, "order id": bought.reference, "amount": bought.total}
    return {key: type(value)(told.get(key, value)) for key, value in example.items()}


@both_databases
def test_each_documented_callback_is_understood(shopper, ledger):
    for name, (row, attempt, order) in DOCUMENTED.items():
        bought = shopper.buy()
        raw = json.dumps(for_this_order(name, bought), indent=4).encode()

        assert bought.post_callback(raw).status_code == 200
        assert bought.status == {"payment": order, "attempt": attempt, "fulfilment": "unfulfilled"}, name
        assert [(kept.row, kept.raw) for kept in ledger.callbacks(bought)] == [(row, raw)]
    assert ledger.mails("paid") == 2
    assert ledger.mails("failed") == 3


def test_a_setting_sends_the_documented_card_success_to_review(settings, ledger, shopper, app):
    from dataclasses import replace

    app.config["SETTINGS"] = replace(app.config["SETTINGS"], chpter_card_paid_false="review")
    bought = shopper.buy()

    bought.post_callback(for_this_order("card_success", bought))

    assert bought.status["payment"] == "review"
    assert [kept.row for kept in ledger.callbacks(bought)] == ["R5"]


SPELLINGS = {
    "underscores": lambda key: key,
    "spaces": lambda key: key.replace("_", " "),
    "capitals": str.upper,
    "titles with spaces": lambda key: key.replace("_", " ").title(),
    "blanks around": lambda key: f" {key} ",
}
VALUES = {
    "paid": ["True", "true", " TRUE ", True],
    "amount": [str, int, float, lambda total: f"{total}.00", lambda total: f" {total} "],
    "order_id": [str, int],
    "response_status": [200, "200", None],
    "payment_status": ["Payment complete.", "payment COMPLETE", " Payment complete. "],
}


@pytest.fixture
def paid_by(shopper, ledger):
    """Whether this body, posted for a new order, pays it."""

    def paid(body: dict, **options) -> bool:
        ledger.shelve(SKU, 1)
        bought = shopper.buy()
        filled = {
            key: value(int(told)) if callable(value) else value
            for key, value, told in ((key, value, body_value(bought, key)) for key, value in body.items())
        }
        reply = bought.post_callback(encoded(filled, **options), **options)
        assert reply.status_code == 200
        return bought.status == {"payment": "paid", "attempt": "paid", "fulfilment": "unfulfilled"}

    return paid


def body_value(bought, key: str) -> str:
    name = key.strip().casefold().replace(" ", "_")
    return bought.reference if name == "order_id" else str(bought.total)


def encoded(body: dict, content_type: str = "application/json") -> bytes:
    return urlencode(body).encode() if "form" in content_type else json.dumps(body).encode()


def success(**changes) -> dict:
    body = {
        "payment_method": "MPESA",
        "paid": "True",
        "response_status": 200,
        "order_id": str,
        "message": "M-PESA Payment Successful",
        "amount": str,
        "payment_status": "Payment complete.",
    }
    return {key: value for key, value in {**body, **changes}.items() if value is not None}


def test_keys_are_read_in_every_spelling(paid_by):
    for spell in SPELLINGS.values():
        assert paid_by({spell(key): value for key, value in success().items()})


def test_values_are_read_in_every_type(paid_by):
    for name, values in VALUES.items():
        for value in values:
            assert paid_by(success(**{name: value})), (name, value)


def test_spellings_and_types_are_read_together(paid_by):
    for spell, paid, amount, order_id, status in product(
        (SPELLINGS["underscores"], SPELLINGS["titles with spaces"]),
        ("True", True),
        (str, float),
        (str, int),
        (200, None),
    ):
        body = success(paid=paid, amount=amount, order_id=order_id, response_status=status)
        assert paid_by({spell(key): value for key, value in body.items()})


def test_json_is_read_whatever_its_content_type(paid_by):
    for content_type in ("text/plain", "", "application/json; charset=utf-8", "application/octet-stream"):
        assert paid_by(success(), content_type=content_type)


def test_a_form_is_read_as_the_same_words(paid_by):
    for spell in SPELLINGS.values():
        body = {spell(key): value for key, value in success(response_status="200").items()}
        assert paid_by(body, content_type="application/x-www-form-urlencoded")


def test_a_form_can_fail_too(shopper, ledger):
    on_hand, held = ledger.stock(SKU)
    bought = shopper.buy()
    form = urlencode(for_this_order("card_failure", bought)).encode()

    assert bought.post_callback(form, content_type="application/x-www-form-urlencoded").status_code == 200
    assert bought.status["attempt"] == "failed"
    assert ledger.stock(SKU) == (on_hand, held + 1)
