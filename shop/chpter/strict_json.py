"""Strict JSON: one object, without duplicate keys, without anything that another parser could read differently.

Python's json module accepts NaN, keeps the last of two equal keys, and converts `1e2` to the same number as `100.0`.
This module refuses the first two and returns each number as it is written, as a Number.
"""

import json
from typing import Any

MAX_DEPTH = 8


class NotStrict(ValueError):
    """The text is not one strict JSON object. The message gives the reason and contains nothing of the text."""


class Number(str):
    """The text of a JSON number, as it is written."""

    __slots__ = ()


def read_text(raw: bytes) -> str:
    """Decode UTF-8. Raises NotStrict, also for a byte order mark and for NUL bytes."""
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
    """Parse one JSON object. Raises NotStrict, and no other error, for any text."""
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
    """Refuse characters that a database or a log cannot store, and nesting deeper than MAX_DEPTH."""
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
