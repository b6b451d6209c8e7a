"""Is a session request as Chpter documents it? Each refusal names the field and the cure."""

import re
from typing import Any

from ..errors import WrongRequest
from ..payment_link import is_loopback, origin_of
from ..strict_json import NotStrict, Number, read_object, read_text
from .sessions import Session

_PHONE = re.compile(r"254[17][0-9]{8}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_WHOLE = re.compile(r"[0-9]{1,9}")
_AMOUNTS = ("delivery_fee", "discount_fee", "total")
AS_NUMBER = 'was sent as a number. Chpter documents a string: "100".'
_CURRENCY = re.compile(r"[A-Za-z]{3}")


def read_session_request(raw: bytes, domain: str) -> Session:
    """The session a request asks for. Raises WrongRequest."""
    try:
        body = read_object(read_text(raw))
    except NotStrict as reason:
        raise WrongRequest("The body", f"must be one JSON object, but {reason}") from None
    buyer, amount, addresses = (_part(body, name) for name in ("customer_details", "amount", "redirect_urls"))
    if "location" in buyer:
        _text(buyer, "customer_details", "location", required=False)
    email = _text(buyer, "customer_details", "email")
    if not _EMAIL.fullmatch(email):
        raise WrongRequest("customer_details.email", 'must be an e-mail address, such as "johndoe@mail.com"')
    phone = _text(buyer, "customer_details", "phone_number")
    if not _PHONE.fullmatch(phone):
        raise WrongRequest("customer_details.phone_number", 'must be written like "254700123123" or "254110123123"')
    total = _whole(amount, "total")
    if total == 0:
        raise WrongRequest("amount.total", "must be more than 0")
    currency = _text(amount, "amount", "currency")
    if not _CURRENCY.fullmatch(currency):
        raise WrongRequest("amount.currency", 'must be three letters, such as "kes"')
    return Session(
        domain=domain,
        order_id=_order_id(amount),
        full_name=_text(buyer, "customer_details", "full_name"),
        phone_number=phone,
        delivery_fee=_whole(amount, "delivery_fee"),
        discount_fee=_whole(amount, "discount_fee"),
        total=total,
        currency=currency.lower(),
        success_url=_address(addresses, "success_url"),
        failed_url=_address(addresses, "failed_url"),
        callback_url=_address(addresses, "callback_url"),
        warnings=tuple(f"amount.{name} {AS_NUMBER}" for name in _AMOUNTS if isinstance(amount.get(name), Number)),
    )


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    part = body.get(name)
    if not isinstance(part, dict):
        raise WrongRequest(name, "is missing or is not an object; the documentation shows what it holds")
    return part


def _text(part: dict[str, Any], part_name: str, name: str, *, required: bool = True) -> str:
    value = part.get(name)
    if not isinstance(value, str) or isinstance(value, Number):
        raise WrongRequest(f"{part_name}.{name}", "must be there, as a string in double quotes")
    if required and not value.strip():
        raise WrongRequest(f"{part_name}.{name}", "must not be empty")
    return value


def _whole(amount: dict[str, Any], name: str) -> int:
    value = amount.get(name)
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise WrongRequest(f"amount.{name}", 'must be a whole number without sign or decimals, as a string: "100"')
    return int(value)


def _order_id(amount: dict[str, Any]) -> str:
    value = amount.get("order_id")
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,19}", value):
        raise WrongRequest("amount.order_id", 'must be a whole number, such as "123"')
    return str(value)


def _address(addresses: dict[str, Any], name: str) -> str:
    value = _text(addresses, "redirect_urls", name)
    origin = origin_of(value)
    if origin is None:
        raise WrongRequest(f"redirect_urls.{name}", "must be an absolute address that starts with http:// or https://")
    if not is_loopback(origin[1]):
        raise WrongRequest(
            f"redirect_urls.{name}",
            "must be on this machine (127.0.0.1 or localhost): the sandbox calls and leads nowhere else",
        )
    return value


class SandboxRefused(Exception):
    """The sandbox was not started: what it was asked to serve is not a shop on this machine."""
