"""What the shop sends to Chpter."""

from shop.chpter import Customer
from tests.chpter.examples import CALLBACK_URL, session_request


def test_the_body_is_the_documented_one_word_for_word():
    request = session_request(
        success_url="https://my-success-url.com",
        failed_url="https://my-failed-url.com",
        callback_url="https://my-callback-url.com",
    )

    assert request.body() == {
        "customer_details": {
            "full_name": "John Doe",
            "location": "Nairobi",
            "phone_number": "254700123123",
            "email": "johndoe@mail.com",
        },
        "amount": {
            "order_id": "123",
            "delivery_fee": "0",
            "discount_fee": "0",
            "total": "100",
            "currency": "kes",
        },
        "redirect_urls": {
            "success_url": "https://my-success-url.com",
            "failed_url": "https://my-failed-url.com",
            "callback_url": "https://my-callback-url.com",
        },
    }


def test_long_and_strange_details_are_cut_to_one_plain_line():
    customer = Customer(
        "Jo\r\nDoe\x00\x1b[31m " + "x" * 500, "254700123123", "jo@mail.com", "Flat 1\u202e\n" + "y" * 500
    )

    details = session_request(customer=customer).body()["customer_details"]

    assert details["full_name"].startswith("Jo Doe [31m xxx")
    assert len(details["full_name"]) == 120
    assert details["location"].startswith("Flat 1 yyy")
    assert len(details["location"]) == 250


def test_names_keep_non_latin_letters():
    customer = Customer("Wanjikũ Ng'ang'a-Müller 李 🌍", "254700123123", "jo@mail.com", "")

    details = session_request(customer=customer).body()["customer_details"]

    assert details["full_name"] == "Wanjikũ Ng'ang'a-Müller 李 🌍"
    assert details["location"] == ""


def test_a_request_in_a_log_shows_neither_the_callback_address_nor_the_buyer():
    shown = repr(session_request()) + repr(session_request().customer)

    assert CALLBACK_URL not in shown
    for detail in ("John", "254700123123", "johndoe", "Nairobi", "/orders/token"):
        assert detail not in shown
