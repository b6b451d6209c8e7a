"""Refused payment actions: wrong entries, unknown orders, an old login."""

import pytest

from shop.accounts import login
from tests.payment_pages import CODE
from tests.shopper import hidden_fields

ACTIONS = (
    *("accept", "refuse", "cancel", "duplicate-payment", "attempts/1", "mark-paid", "refund"),
    *("request-rest", "accept-less", "cancel-paid", "undo-mark-paid", "return-goods"),
)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"amount": ""}, "Enter the amount"),
        ({"amount": "12.50"}, "Amount has cents"),
        ({"amount": "9" * 30}, "Amount must be whole shillings"),
        ({"amount": "0"}, "Amount must be KSh 1 or more"),
        ({"method": "GOLD"}, "Not a valid choice"),
        ({"method": ""}, "Choose how the money was sent"),
        ({"code": ""}, "M-PESA code must be 10 letters and digits"),
        ({"code": "x" * 5000}, "M-PESA code must be 10 letters and digits"),
        ({"method": "CASH"}, "Leave the code empty, or choose M-PESA"),
        ({"reason": "\0 \u200b"}, "Enter a reason"),
        ({"reason": "r" * 5000}, "Reason must be 200 characters or fewer"),
    ],
)
def test_a_wrong_entry_is_named_with_its_cure_and_changes_nothing(actions, buy, ledger, fields, problem):
    bought = buy()

    reply = actions.mark_paid(bought, **{"reason": "Seen <canary>&\"'", **fields})

    assert reply.status_code == 422
    assert problem in reply.text
    assert "<title>Error: " in reply.text
    assert ledger.order_state(bought).order == "awaiting"


@pytest.mark.parametrize(("action", "field"), [("accept", "amount"), ("refuse", "came")])
@pytest.mark.parametrize("typed", ["-1", "x" * 5000, "<canary>&\"'"])
def test_an_amount_that_cannot_be_read_changes_nothing(actions, buy, ledger, action, field, typed):
    bought = buy()
    bought.post_callback(bought.callback(amount="5000"))

    reply = actions.press(bought, action, **{field: typed})

    assert reply.status_code == 422
    assert "Amount must be whole shillings" in reply.text
    assert ledger.order_state(bought).order == "review"


def test_an_action_on_an_unknown_order_is_not_found_and_one_without_money_to_act_on_changes_nothing(
    actions, buy, owner
):
    token = hidden_fields(owner.get("/admin/").text)
    for number in ("99999999", "%00", "٤٠٧١٨٢٩٣"):
        for action in ACTIONS:
            reply = owner.post(f"/admin/orders/{number}/{action}", {**token, "amount": "1", "came": "1"})
            assert reply.status_code == 404, (number, action)
    bought = buy()

    assert "Nothing was saved" in actions.follow(actions.press(bought, "attempts/999", came="1"))
    assert "no money of this order to refund" in actions.follow(actions.press(bought, "refund"))


@pytest.mark.parametrize("page", ["mark-paid", "refund", "accept-less", "cancel-paid", "undo-mark-paid"])
def test_money_by_hand_asks_for_the_password_once_more(actions, buy, owner, page, monkeypatch):
    monkeypatch.setattr(login, "is_fresh", lambda method: False)

    reply = owner.get(f"/admin/orders/{actions.number(buy())}/{page}?code={CODE}")

    assert reply.status_code == 303
    assert "/admin/confirm" in reply.headers["Location"]
    assert CODE in reply.headers["Location"]
