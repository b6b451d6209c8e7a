"""JSON as money needs it: one object, nothing said twice, nothing that another reader could take
differently.

Python's own reader takes NaN, keeps the last of two equal keys, and turns `1e2` and `100` into numbers that
no longer show how they were written. Here a number stays the text it was, as a `Number`.
"""

import json
from typing import Any

MAX_DEPTH = 8


class NotStrict(ValueError):
    """The text is not one strict JSON object. The message says why and repeats none of the text."""


class Number(str):
    """A JSON number, as it was written."""

    __slots__ = ()


def read_text(raw: bytes) -> str:
    """Decode UTF-8 without a byte order mark and without NUL bytes. Raises NotStrict."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrict("it is not UTF-8 text") from None
    if text.startswith("\ufeff"):
        raise NotStrict("it starts with a byte order mark")
    if "\0" in text:
        raise NotStrict("it contains a NUL byte")
    return text


def read_object(text: str) -> dict[str, Any]:
    """Read one JSON object. Raises NotStrict, and nothing else, whatever the text holds."""
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_int=Number, parse_float=Number, parse_constant=_no_constant
        )
    except NotStrict:
        raise
    except RecursionError:
        raise NotStrict("it is nested too deeply") from None
    except ValueError:
        raise NotStrict("it is not valid JSON") from None
    if not isinstance(value, dict):
        raise NotStrict("it is not one JSON object")
    _check(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("it names the same key twice")
    return found


def _no_constant(_name: str) -> None:
    raise NotStrict("it contains NaN or Infinity")


def _check(value: Any, depth: int = 0) -> None:
    """Refuse what a database or a log cannot hold, and depth that nobody sends in earnest."""
    if isinstance(value, str):
        if "\0" in value:
            raise NotStrict("it contains a NUL character")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise NotStrict("it contains half a character")
    elif isinstance(value, list | dict):
        if depth == MAX_DEPTH:
            raise NotStrict("it is nested too deeply")
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _check(item, depth + 1)
