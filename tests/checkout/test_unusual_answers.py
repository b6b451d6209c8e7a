"""A number or address that looks mistyped: the buyer is asked once, and believed the second time."""

import pytest

from tests.checkout.page_parser import shown_form
from tests.shopper import SKU, hidden_fields


@pytest.fixture
def send(shopper):
    """Send the checkout form with these answers, as the last page had it; the page that came back, or the redirect."""
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
def test_an_unusual_answer_is_asked_about_once_and_then_taken(send, answers, asked):
    assert asked in send(**answers).text

    assert send(**answers).status_code == 303


def test_another_unusual_answer_is_asked_about_too(send):
    assert "Did you mean wanjiru@gmail.com?" in send(email="wanjiru@gmail.con").text
    assert "Did you mean wanjiru@yahoo.com?" in send(email="wanjiru@yaho.com").text

    assert send(email="wanjiru@example.com").status_code == 303
