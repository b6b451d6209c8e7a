"""Read what Chpter posts to the callback address.

Chpter documents one shape; its samples show keys with spaces and numbers in place of strings, so both are
read. What is read here is a claim, not a proof: whether it moves any money is decided by the shop, by who
could have known the address.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import parse_qsl

from .strict_json import NotStrict, Number, read_object, read_text
from .text import one_line

MAX_BYTES = 16 * 1024
MAX_FORM_FIELDS = 64
MESSAGE_LIMIT, AMOUNT_TEXT_LIMIT = 255, 40

_BLANKS = " \t\r\n"
_AMOUNT = re.compile(r"([0-9]{1,9}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,2})(?:\.0{1,3})?")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ORDER_ID = re.compile(r"0|[1-9][0-9]{0,18}")
_METHOD = re.compile(r"[A-Z_-]{1,20}")
_FORM_TYPES = ("", "application/x-www-form-urlencoded")


class Claim(StrEnum):
    """What a callback says about the money: paid, not paid, or something that does not fit together."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Callback:
    """One callback, in the shop's types.

    `order_id` is a decimal number as text, None when missing or written in another way. `amount` is whole
    shillings, None when it cannot be read; `amount_text` is what stood there. `method` is "MPESA", "CARD",
    another word, or "". `code` is the receipt's code in capitals where one came, "" else.
    """

    order_id: str | None
    amount: int | None
    amount_text: str
    claim: Claim
    method: str
    message: str
    code: str = ""


class Unreadable(ValueError):
    """The body cannot be read in one way only, so nothing in it was believed. str() says why, in words."""


def read_callback(
    raw: bytes, content_type: str = "", *, card_paid_false: Literal["paid", "review"] = "paid"
) -> Callback:
    """Read a callback's body: JSON whatever its content type, or the same keys as a form.

    `card_paid_false` says what the documented card success means, which carries `paid` "False": "paid"
    takes it at its `payment_status`, "review" leaves it unclear for a person. Raises Unreadable, and
    nothing else, for any bytes.
    """
    try:
        fields = _fields(raw, content_type)
    except NotStrict as reason:
        raise Unreadable(f"The body was not read: {reason}.") from None
    method = _method(fields.get("payment_method"))
    amount = fields.get("amount")
    return Callback(
        order_id=_order_id(fields.get("order_id")),
        amount=_amount(amount),
        amount_text=one_line(_as_text(amount), AMOUNT_TEXT_LIMIT) if "amount" in fields else "",
        claim=_claim(fields, method, card_paid_false),
        method=method,
        message=_message(fields.get("message")),
        code=_code(fields.get("transaction_code")),
    )


def _fields(raw: bytes, content_type: str) -> dict[str, Any]:
    """The body's fields under their documented names."""
    if len(raw) > MAX_BYTES:
        raise NotStrict("it is longer than 16 KiB")
    text = read_text(raw)
    if text.lstrip(_BLANKS)[:1] not in ("{", "[") and _media_type(content_type) in _FORM_TYPES:
        pairs = list(_form(text))
    else:
        pairs = list(read_object(text).items())
    fields: dict[str, Any] = {}
    for key, value in pairs:
        name = key.strip(_BLANKS).lower().replace(" ", "_")  # not casefold(): that reads a long s as an s
        if name in fields and not _same(fields[name], value):
            raise NotStrict("it says two things under one key")
        fields[name] = value
    return fields


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _form(text: str) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            text.strip(_BLANKS),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError:
        raise NotStrict("it is neither JSON nor a form") from None
    if not pairs:
        raise NotStrict("it is empty")
    if any("\0" in key or "\0" in value for key, value in pairs):
        raise NotStrict("it contains a NUL character")
    if len({key for key, _value in pairs}) != len(pairs):
        raise NotStrict("it names the same key twice")
    return pairs


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _claim(fields: dict[str, Any], method: str, card_paid_false: str) -> Claim:
    """`payment_status` decides; the rest may only contradict it. A contradiction is for a person."""
    outcome, paid = _outcome(fields.get("payment_status")), _paid(fields.get("paid"))
    if outcome == "payment incomplete" and paid is False:
        return Claim.NO
    if outcome != "payment complete" or not _status_fits(fields):
        return Claim.UNCLEAR
    if paid is True or (paid is False and method == "CARD" and card_paid_false == "paid"):
        return Claim.YES
    return Claim.UNCLEAR


def _outcome(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value.strip(_BLANKS).lower().removesuffix(".").rstrip(_BLANKS)


def _paid(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip(_BLANKS).lower())
    return None


def _status_fits(fields: dict[str, Any]) -> bool:
    """`response_status` was 200 in every documented callback; it may be absent, but not say otherwise."""
    if "response_status" not in fields:
        return True
    value = fields["response_status"]
    return isinstance(value, str) and value.strip(_BLANKS) == "200"


def _order_id(value: Any) -> str | None:
    return str(value) if isinstance(value, str) and _ORDER_ID.fullmatch(value) else None


def _amount(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    found = _AMOUNT.fullmatch(value.strip(_BLANKS))
    return int(found[1].replace(",", "")) if found else None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _method(value: Any) -> str:
    if not isinstance(value, str) or isinstance(value, Number) or not value.isascii():
        return ""
    word = value.strip(_BLANKS).upper()
    return word if _METHOD.fullmatch(word) else ""


def _code(value: Any) -> str:
    """`transaction_code`, which Chpter's other endpoints send with a success. Not documented for this one."""
    word = value.strip(_BLANKS) if isinstance(value, str) else ""
    return word.upper() if _CODE.fullmatch(word) else ""


def _message(value: Any) -> str:
    return one_line(value, MESSAGE_LIMIT) if isinstance(value, str) else ""
