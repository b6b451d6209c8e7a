"""What is sent to Chpter for a payment page, checked before it is sent.

Chpter answers a wrong request with an HTTP status alone. Each mistake is told here instead, by the field's
name and its cure.
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
    """Who pays. `phone_number` is 2547xxxxxxxx or 2541xxxxxxxx. Kept out of reprs, and so out of logs."""

    full_name: str
    phone_number: str
    email: str
    location: str = ""


@dataclass(frozen=True)
class SessionRequest:
    """What is to be collected, in whole currency units, and where the outcome goes.

    `order_id` comes back in the reply and in every callback. `success_url` and `failed_url` are for the
    buyer's browser; `callback_url` is for Chpter's server alone and is a secret: knowing it is the only
    proof a callback carries.
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
        """The documented JSON. Amounts and the order id are decimal strings, as in the documented example.

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
