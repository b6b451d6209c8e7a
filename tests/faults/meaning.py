"""What a callback's body means: read by the words of docs/settling.md, and by nothing of the shop's own code.

The judge of the programmes that post malformed bodies. It knows one question: may this body pay the order it came for?
"""

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

LARGEST, MOST_FIELDS, MOST_LEVELS = 16 * 1024, 64, 8
BLANKS = " \t\r\n"


class Doubtful(Exception):
    """It can be read in two ways, or in none."""


class Digits(str):
    """A JSON number, as it was written."""


def may_pay(raw: bytes, content_type: str, reference: str, total: int) -> bool:
    """Whether the body says of this very payment, in one way only, that exactly its sum was paid."""
    try:
        said = _said(raw, content_type)
    except (Doubtful, RecursionError):
        return False
    method, paid = _method(said.get("payment_method")), _word(said.get("paid"))
    return bool(
        _is_order(said.get("order_id"), reference)
        and _sum(said.get("amount")) == total
        and re.fullmatch(rf"payment complete[{BLANKS}]*\.?", _word(said.get("payment_status")))
        and _word(said.get("response_status", Digits("200"))) == "200"
        and (paid == "true" or (paid == "false" and method == "card"))
    )


def _said(raw: bytes, content_type: str) -> dict[str, Any]:
    """The fields under their documented names, of a body that can be read in one way only."""
    if len(raw) > LARGEST or raw.startswith(b"\xef\xbb\xbf") or b"\0" in raw:
        raise Doubtful
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Doubtful from None
    kind = content_type.split(";")[0].strip().lower()
    looks_like_json = re.match(rf"[{BLANKS}]*[{{\[]", text)
    form = not looks_like_json and kind in ("", "application/x-www-form-urlencoded")
    found: dict[str, Any] = {}
    for key, value in _form(text) if form else _object(text):
        name = re.sub("[A-Z]", lambda letter: letter[0].lower(), key.strip(BLANKS)).replace(" ", "_")
        if name in found and (type(found[name]), found[name]) != (type(value), value):
            raise Doubtful
        found[name] = value
    return found


def _form(text: str) -> list[tuple[str, str]]:
    """A form by hand: every field has a key and a value, no key comes twice."""
    parts = [part.split("=", 1) for part in text.strip(BLANKS).split("&")]
    if len(parts) > MOST_FIELDS or any(len(part) != 2 for part in parts):
        raise Doubtful
    try:
        pairs = [tuple(unquote_to_bytes(side.replace("+", " ")).decode("utf-8") for side in part) for part in parts]
    except UnicodeDecodeError:
        raise Doubtful from None
    if len({key for key, _ in pairs}) < len(pairs) or any("\0" in side for pair in pairs for side in pair):
        raise Doubtful
    return pairs


def _object(text: str) -> list[tuple[str, Any]]:
    try:
        value = json.loads(text, object_pairs_hook=_Pairs, parse_int=Digits, parse_float=Digits, parse_constant=_never)
    except ValueError:
        raise Doubtful from None
    if not isinstance(value, _Pairs):
        raise Doubtful
    _check(value, 1)
    return list(value)


class _Pairs(list[tuple[str, Any]]):
    """An object, word for word: with all its keys, in their order."""


def _never(_name: str) -> None:
    raise Doubtful


def _check(value: Any, level: int) -> None:
    if isinstance(value, str):
        if "\0" in value or re.search("[\ud800-\udfff]", value):
            raise Doubtful
        return
    if not isinstance(value, list):
        return
    if level > MOST_LEVELS:
        raise Doubtful
    if isinstance(value, _Pairs):
        keys = [key for key, _ in value]
        if len(set(keys)) < len(keys):
            raise Doubtful
        value = [one for pair in value for one in pair]
    for one in value:
        _check(one, level + 1)


def _word(value: Any) -> str:
    """A string or a number in lower case, without the blanks around it; true and false as words; else nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    text = value.strip(BLANKS) if isinstance(value, str) else ""
    return text.lower() if text.isascii() else ""


def _method(value: Any) -> str:
    return "" if isinstance(value, Digits) or not isinstance(value, str) else _word(value)


def _is_order(value: Any, reference: str) -> bool:
    return isinstance(value, str) and str(value) == reference


def _sum(value: Any) -> int | None:
    digits = r"([0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.0{1,3})?"
    found = re.fullmatch(digits, value.strip(BLANKS)) if isinstance(value, str) else None
    return int(found[1].replace(",", "")) if found else None
