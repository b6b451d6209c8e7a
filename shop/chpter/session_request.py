"""The request for a payment page. Every field is checked before the request is sent.

Chpter answers a wrong request with an HTTP status only. WrongRequest names the field and how to correct it.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from .errors import WrongRequest
from .payment_link import origin_of
from .text import one_line

NAME_LIMIT, LOCATION_LIMIT, EMAIL_LIMIT = 120, 250, 254
LARGEST_AMOUNT, LARGEST_ORDER_ID = 999_999_999, 2**63 - 1

_PHONE = re.compile(r"254[17][0-9]{8}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_CURRENCY = re.compile(r"[A-Za-z]{3}", re.ASCII)


@dataclass(frozen=True, repr=False)
class Customer:
    """The customer who pays. `phone_number` is 2547xxxxxxxx or 2541xxxxxxxx.

    The repr shows no field, so that logs contain no customer details.
    """

    full_name: str
    phone_number: str
    email: str
    location: str = ""


@dataclass(frozen=True)
class SessionRequest:
    """One request for a payment page. `total` is the amount to collect; amounts are whole currency units.

    Chpter repeats `order_id` in the reply and in every callback. The buyer's browser returns to `success_url` or
    `failed_url`. Chpter's server posts to `callback_url`, which must stay secret: a callback is not signed, so only a
    secret address shows that it comes from Chpter.
    """

    order_id: int
    customer: Customer = field(repr=False)
    delivery_fee: int
    discount_fee: int
    total: int
    success_url: str = field(repr=False)
    failed_url: str = field(repr=False)
    callback_url: str = field(repr=False)
    currency: str = "kes"

    def body(self) -> dict[str, Any]:
        """Return the JSON object to send. Amounts and `order_id` are decimal strings, as in Chpter's example.

        Raises WrongRequest.
        """
        return {
            "customer_details": _customer_details(self.customer),
            "amount": {
                "order_id": _whole("order_id", self.order_id, 1, LARGEST_ORDER_ID),
                "delivery_fee": _whole("delivery_fee", self.delivery_fee, 0),
                "discount_fee": _whole("discount_fee", self.discount_fee, 0),
                "total": _whole("total", self.total, 1),
                "currency": _currency(self.currency),
            },
            "redirect_urls": {
                "success_url": _address("success_url", self.success_url),
                "failed_url": _address("failed_url", self.failed_url),
                "callback_url": _address("callback_url", self.callback_url),
            },
        }


def _customer_details(buyer: Customer) -> dict[str, str]:
    full_name = _line("full_name", buyer.full_name, NAME_LIMIT)
    if not full_name:
        raise WrongRequest("customer_details.full_name", "must not be empty")
    phone_number = _line("phone_number", buyer.phone_number, 20)
    if not _PHONE.fullmatch(phone_number):
        raise WrongRequest("customer_details.phone_number", 'must be written like "254700123123" or "254110123123"')
    email = _line("email", buyer.email, EMAIL_LIMIT)
    if not _EMAIL.fullmatch(email):
        raise WrongRequest("customer_details.email", 'must be an e-mail address, such as "johndoe@mail.com"')
    return {
        "full_name": full_name,
        "location": _line("location", buyer.location, LOCATION_LIMIT),
        "phone_number": phone_number,
        "email": email,
    }


def _line(name: str, value: object, limit: int) -> str:
    if not isinstance(value, str):
        raise WrongRequest(f"customer_details.{name}", 'must be a string; use "" for none')
    return one_line(value, limit)


def _whole(name: str, value: object, least: int, most: int = LARGEST_AMOUNT) -> str:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise WrongRequest(f"amount.{name}", f"must be a whole number (int) from {least} to {most}")
    return str(value)


def _currency(value: object) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise WrongRequest("amount.currency", 'must be three letters, such as "kes"')
    return value


def _address(name: str, value: object) -> str:
    if not isinstance(value, str) or origin_of(value) is None:
        raise WrongRequest(f"redirect_urls.{name}", "must be an absolute address that starts with http:// or https://")
    return value
