"""Unusual phone numbers and email addresses must be confirmed once."""

import pytest

from tests.checkout.page_parser import shown_form
from tests.shopper import SKU, hidden_fields


@pytest.fixture
def send(shopper):
    """Send the last checkout form with these answers; returns the next page or the redirect."""
    shopper.post("/cart/add", {"sku": SKU, "quantity": "1"})
    form = shown_form(shopper)

    def sent(**answers):
        form.update(answers)
        reply = shopper.post("/checkout", form)
        if reply.status_code == 200:
            form.update(hidden_fields(reply.text))
        return reply

    return sent


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({"phone_number": "0122 345 678"}, "Please check 0122 345 678"),
        ({"email": "wanjiru@gmail.con"}, "Did you mean wanjiru@gmail.com?"),
    ],
)
def test_an_unusual_answer_must_be_confirmed_once(send, answers, asked):
    assert asked in send(**answers).text

    assert send(**answers).status_code == 303


def test_a_second_unusual_answer_must_be_confirmed_too(send):
    assert "Did you mean wanjiru@gmail.com?" in send(email="wanjiru@gmail.con").text
    assert "Did you mean wanjiru@yahoo.com?" in send(email="wanjiru@yaho.com").text

    assert send(email="wanjiru@example.com").status_code == 303
