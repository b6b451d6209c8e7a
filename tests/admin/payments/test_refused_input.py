"""Refused payment actions: wrong entries, unknown orders, users without the role."""

import pytest

from shop.payments.mpesa_messages import read_code
from tests.payment_pages import CODE, Desk
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
def desk(app, clerk, ledger):
    return Desk(app, clerk, ledger)


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
def test_a_wrong_entry_is_named_with_its_cure_and_nothing_is_lost(desk, buy, ledger, fields, said):
    bought = buy()

    reply = desk.mark_paid(bought, **{"reason": "Seen <canary>&\"'", **fields})

    assert reply.status_code == 422
    assert said in reply.text
    assert "<title>Error: " in reply.text
    assert ledger.standing(bought).order == "awaiting"


@pytest.mark.parametrize(("act", "field"), [("accept", "amount"), ("refuse", "came")])
@pytest.mark.parametrize("typed", ["-1", "x" * 5000, "1e3", "\0", "<canary>&\"'"])
def test_a_sum_that_cannot_be_read_changes_nothing(desk, buy, ledger, act, field, typed):
    bought = buy()
    bought.hear(bought.callback(amount="5000"))

    reply = desk.press(bought, act, **{field: typed})

    assert reply.status_code == 422
    assert "Amount must be whole shillings" in reply.text
    assert ledger.standing(bought).order == "review"


def test_orders_and_payments_nobody_knows_are_not_found_and_change_nothing(desk, buy, clerk, ledger):
    bought = buy()
    token = hidden_fields(clerk.get("/admin/").text)

    for number in ("99999999", "x", "%00", "1" * 30, "٤٠٧١٨٢٩٣"):
        for act in ACTS:
            reply = clerk.post(f"/admin/orders/{number}/{act}", {**token, "amount": "1", "came": "1"})
            assert reply.status_code == 404, (number, act)
    assert "Nothing was saved" in desk.follow(desk.press(bought, "attempts/999", came="1"))
    assert "no money of this order to refund" in desk.follow(desk.press(bought, "give-back"))


@pytest.mark.parametrize("act", ACTS)
def test_staff_may_look_but_not_decide_about_money(packer, buy, ledger, act):
    bought = buy()
    token = hidden_fields(packer.get("/admin/checks").text)

    reply = packer.post(f"/admin/orders/{ledger.column('number', bought)}/{act}", {**token, "amount": "1"})

    assert reply.status_code == 403
    assert ledger.standing(bought).order == "awaiting"


@pytest.mark.parametrize("page", ["mark-paid", "give-back"])
def test_money_by_hand_asks_for_the_password_once_more(desk, buy, clerk, page, monkeypatch):
    bought = buy()
    bought.hear(bought.callback()) if page == "give-back" else None
    from shop.accounts import login

    monkeypatch.setattr(login, "is_fresh", lambda method: False)
    reply = clerk.get(f"/admin/orders/{desk.number(bought)}/{page}?code={CODE}")

    assert reply.status_code == 303
    assert "/admin/confirm" in reply.headers["Location"]
    assert CODE in reply.headers["Location"]


@pytest.mark.parametrize("act", ACTS)
def test_an_act_without_its_token_is_refused(desk, buy, clerk, ledger, act):
    bought = buy()

    assert clerk.post(f"/admin/orders/{desk.number(bought)}/{act}", {"amount": "1"}).status_code == 400
    assert ledger.standing(bought).order == "awaiting"


def test_codes_are_read_in_any_case_and_with_blanks():
    assert read_code(" ska1 b2c3 d4 ") == CODE
