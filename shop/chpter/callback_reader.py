"""Parse the callbacks that Chpter posts to the callback address.

Chpter documents one format, but its samples also have keys with spaces, and numbers instead of strings; both are
accepted. A callback is not signed, so it proves nothing by itself: the shop decides whether to trust it.
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
    """What a callback says about the payment: paid, not paid, or fields that contradict each other."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Callback:
    """The fields of one callback.

    `order_id` is the text of a decimal number, None when it is missing or malformed. `amount` is in whole shillings,
    None when it is missing or malformed; `amount_text` is the amount as it was sent. `method` is "MPESA", "CARD" or
    another word, `code` is the transaction code in capitals; both are "" when missing or malformed.
    """

    order_id: str | None
    amount: int | None
    amount_text: str
    claim: Claim
    method: str
    message: str
    code: str = ""


class Unreadable(ValueError):
    """The body is malformed or ambiguous, so none of its fields is used. The message gives the reason."""


def read_callback(
    raw: bytes, content_type: str = "", *, card_paid_false: Literal["paid", "review"] = "paid"
) -> Callback:
    """Parse a callback's body: JSON with any content type, or a form with the same keys.

    Chpter's documented example of a successful card payment has `paid` "False". With `card_paid_false` "paid" its
    claim is YES, because `payment_status` says so; with "review" it is UNCLEAR. Raises Unreadable, and no other error,
    for any bytes.
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
    """Return the body's fields by their documented names. Raises NotStrict."""
    if len(raw) > MAX_BYTES:
        raise NotStrict("it is longer than 16 KiB")
    text = read_text(raw)
    if text.lstrip(_BLANKS)[:1] not in ("{", "[") and _media_type(content_type) in _FORM_TYPES:
        pairs = list(_form(text))
    else:
        pairs = list(read_object(text).items())
    fields: dict[str, Any] = {}
    for key, value in pairs:
        name = key.strip(_BLANKS).lower().replace(" ", "_")  # casefold() would also turn a long s into an s
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
    """Return the claim of `payment_status`, or UNCLEAR when another field contradicts it."""
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
    """Return whether `response_status` is missing or 200, its value in every documented callback."""
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
    """Return a valid `transaction_code`, or "". It is documented for Chpter's other endpoints only."""
    word = value.strip(_BLANKS) if isinstance(value, str) else ""
    return word.upper() if _CODE.fullmatch(word) else ""


def _message(value: Any) -> str:
    return one_line(value, MESSAGE_LIMIT) if isinstance(value, str) else ""
