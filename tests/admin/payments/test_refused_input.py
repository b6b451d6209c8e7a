"""Refused payment actions: wrong entries, unknown orders, users without the role."""

import pytest

from shop.payments.mpesa_messages import read_code
from tests.payment_pages import CODE, PaymentPages
from tests.shopper import Shopper, hidden_fields

ACTS = (
    *("accept", "refuse", "cancel", "same-money", "attempts/1", "mark-paid", "give-back"),
    *("ask-rest", "accept-less", "cancel-paid", "take-back"),
)


@pytest.fixture
def buy(app, provider):
    """A buyer of two pieces, on the way to pay."""
    return lambda **answers: Shopper(app, provider).buy(quantity=2, **answers)


@pytest.fixture
def actions(app, owner, ledger):
    return PaymentPages(app, owner, ledger)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": ""}, "Enter the amount"),
        ({"amount": "-5"}, "Amount must be whole shillings"),
        ({"amount": "12.50"}, "Amount has cents"),
        ({"amount": "9" * 30}, "Amount must be whole shillings"),
        ({"amount": "0"}, "Amount must be KSh 1 or more"),
        ({"amount": "٥٠"}, "Amount must be whole shillings"),
        ({"method": "GOLD"}, "Not a valid choice"),
        ({"method": ""}, "Choose how the money was sent"),
        ({"code": ""}, "M-PESA code must be 10 letters and digits"),
        ({"code": "x" * 5000}, "M-PESA code must be 10 letters and digits"),
        ({"code": "SKA1B2C3D\0"}, "M-PESA code must be 10 letters and digits"),
        ({"method": "CASH"}, "Leave the code empty, or choose M-PESA"),
        ({"reason": ""}, "Enter a reason"),
        ({"reason": "\0 \u200b"}, "Enter a reason"),
        ({"reason": "r" * 5000}, "Reason must be 200 characters or fewer"),
    ],
)
def test_a_wrong_entry_is_named_with_its_cure_and_nothing_is_lost(actions, buy, ledger, fields, said):
    bought = buy()

    reply = actions.mark_paid(bought, **{"reason": "Seen <canary>&\"'", **fields})

    assert reply.status_code == 422
    assert said in reply.text
    assert "<title>Error: " in reply.text
    assert ledger.order_state(bought).order == "awaiting"


@pytest.mark.parametrize(("act", "field"), [("accept", "amount"), ("refuse", "came")])
@pytest.mark.parametrize("typed", ["-1", "x" * 5000, "1e3", "\0", "<canary>&\"'"])
def test_a_sum_that_cannot_be_read_changes_nothing(actions, buy, ledger, act, field, typed):
    bought = buy()
    bought.post_callback(bought.callback(amount="5000"))

    reply = actions.press(bought, act, **{field: typed})

    assert reply.status_code == 422
    assert "Amount must be whole shillings" in reply.text
    assert ledger.order_state(bought).order == "review"


def test_orders_and_payments_nobody_knows_are_not_found_and_change_nothing(actions, buy, owner, ledger):
    bought = buy()
    token = hidden_fields(owner.get("/admin/").text)

    for number in ("99999999", "x", "%00", "1" * 30, "٤٠٧١٨٢٩٣"):
        for act in ACTS:
            reply = owner.post(f"/admin/orders/{number}/{act}", {**token, "amount": "1", "came": "1"})
            assert reply.status_code == 404, (number, act)
    assert "Nothing was saved" in actions.follow(actions.press(bought, "attempts/999", came="1"))
    assert "no money of this order to refund" in actions.follow(actions.press(bought, "give-back"))


@pytest.mark.parametrize("act", ACTS)
def test_staff_may_look_but_not_decide_about_money(staff, buy, ledger, act):
    bought = buy()
    token = hidden_fields(staff.get("/admin/checks").text)

    reply = staff.post(f"/admin/orders/{ledger.column('number', bought)}/{act}", {**token, "amount": "1"})

    assert reply.status_code == 403
    assert ledger.order_state(bought).order == "awaiting"


@pytest.mark.parametrize("page", ["mark-paid", "give-back"])
def test_money_by_hand_asks_for_the_password_once_more(actions, buy, owner, page, monkeypatch):
    bought = buy()
    bought.post_callback(bought.callback()) if page == "give-back" else None
    from shop.accounts import login

    monkeypatch.setattr(login, "is_fresh", lambda method: False)
    reply = owner.get(f"/admin/orders/{actions.number(bought)}/{page}?code={CODE}")

    assert reply.status_code == 303
    assert "/admin/confirm" in reply.headers["Location"]
    assert CODE in reply.headers["Location"]


@pytest.mark.parametrize("act", ACTS)
def test_an_act_without_its_token_is_refused(actions, buy, owner, ledger, act):
    bought = buy()

    assert owner.post(f"/admin/orders/{actions.number(bought)}/{act}", {"amount": "1"}).status_code == 400
    assert ledger.order_state(bought).order == "awaiting"


def test_codes_are_read_in_any_case_and_with_blanks():
    assert read_code(" ska1 b2c3 d4 ") == CODE
