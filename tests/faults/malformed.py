"""Bodies that Chpter might post on a bad day: every documented payload, bent in ways that are known to break readers.

Made from a seed: the same seed, reference and sum make the same body. Some say in other words what the payload said and
may pay; which ones, tests/faults/meaning.py decides.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_plus

from tests.faults import odd

LARGEST = 16 * 1024
FIXTURES = Path(__file__).parents[1] / "fixtures" / "chpter"
DOCUMENTED = [
    ("mpesa_success", 6),
    ("card_success", 4),
    ("mpesa_failure", 1),
    ("card_failure", 1),
    ("sister_cancelled", 1),
]
PAYLOADS = [
    json.loads((FIXTURES / f"{name}.json").read_bytes()) for name, weight in DOCUMENTED for _ in range(weight)
] + [{"Success": True, "transaction_reference": "1", "Status": "200", "Amount": 1, "transaction_code": "QK12345678"}]
SHAPES = ("[{}]", '{{"data": {}}}', "{} {}", "back({})", ")]}}'\n{}", "<json>{}</json>", "{},", "//x\n{}", "'{}'")
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp500", "latin-1")
NASTY = (
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\xa2",
    b"\xf4\x90\x80\x80",
    b"\x1b[31m",
    b"\r\n\r\n",
    b"\\ud800",
    b"\\u0000",
)

Pairs = list[tuple[str, Any]]


class Raw(str):
    """JSON that is put in as it stands, whether it is JSON or not."""


@dataclass(frozen=True)
class Body:
    """What is posted, and how it came about."""

    raw: bytes = field(repr=False)
    content_type: str
    kinds: tuple[str, ...]


class Malformer:
    """A source of bodies."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def body(self, reference: str, total: int) -> Body:
        """The next body, for an order of this reference and sum."""
        pick = self.random
        pairs = [(key, _ours(key, value, reference, total)) for key, value in pick.choice(PAYLOADS).items()]
        fields = pick.choices(FIELDS, k=pick.choice((0, 0, 1, 1, 1, 2)))
        for bend in fields:
            bend(pick, pairs, reference, total)
        writer = pick.choices(WRITERS, (4, 2, 2, 2, 3))[0]
        raw = writer(pick, pairs).encode("utf-8", "surrogatepass")
        texts = pick.choices(TEXTS, k=pick.choice((0, 0, 0, 1, 1, 2)))
        for damage in texts:
            raw = damage(pick, raw)
        of_form = writer is as_form and pick.random() < 0.8
        kind = "application/x-www-form-urlencoded" if of_form else "application/json"
        if pick.random() < 0.3:
            kind = pick.choice(odd.CONTENT_TYPES)
        return Body(raw, kind, tuple(one.__name__ for one in (*fields, writer, *texts)))


def _ours(key: str, value: Any, reference: str, total: int) -> Any:
    if key.replace(" ", "_") == "order_id":
        return reference
    return type(value)(total) if key == "amount" else value


# Fields: what stands in the payload


def odd_value(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    _put(pick, pairs, pick.choice(pairs)[0] if pairs else "paid", pick.choice(ANYTHING))


def other_spelling(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    """Of a value: the same in other words, or nearly the same."""
    near = odd.spellings(reference, total)
    name = pick.choice(sorted(near))
    value = pick.choice(near[name])
    _put(pick, pairs, name, Raw(value[1]) if isinstance(value, tuple) else value)


def other_key(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    if pairs:
        place = pick.randrange(len(pairs))
        pairs[place] = (pick.choice(odd.keys_like(pairs[place][0])), pairs[place][1])


def key_twice(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    if pairs:
        key, value = pick.choice(pairs)
        near = odd.spellings(reference, total).get(key, [value])
        second = pick.choice([value, pick.choice(near)])
        name = key if pick.random() < 0.5 else pick.choice(odd.keys_like(key))
        pairs.insert(pick.randint(0, len(pairs)), (name, Raw(second[1]) if isinstance(second, tuple) else second))


def without_a_field(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    if pairs:
        pairs.pop(pick.randrange(len(pairs)))


def more_fields(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    for number in range(pick.choice((1, 3, 58, 70, 400))):
        pairs.append((pick.choice((f"more_{number}", "__proto__", "", "Success", "\U0001f9fa")) + str(number), number))


def nested(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    levels = pick.choice((1, 5, 6, 7, 8, 9, 60, 900, 3000))
    opening, closing = pick.choice((("[", "]"), ('{"a":', "}")))
    pairs.append(("deep", Raw(opening * levels + ("1" if opening != "[" else "") + closing * levels)))


def wrapped_value(pick: Random, pairs: Pairs, reference: str, total: int) -> None:
    if pairs:
        key, value = pick.choice(pairs)
        _put(pick, pairs, key, pick.choice(([value], {"value": value}, {key: value}, [[value], value], str(value) * 3)))


def _put(pick: Random, pairs: Pairs, key: str, value: Any) -> None:
    for place, (name, _) in enumerate(pairs):
        if name.replace(" ", "_") == key.replace(" ", "_"):
            pairs[place] = (name, value)
            return
    pairs.append((key, value))


ANYTHING = [*odd.VALUES, *(Raw(text) for text in odd.LITERALS)]
FIELDS: list[Callable[[Random, Pairs, str, int], None]] = [
    odd_value,
    other_spelling,
    other_spelling,
    other_key,
    key_twice,
    without_a_field,
    more_fields,
    nested,
    wrapped_value,
]


# Writers: how the payload becomes text


def as_documented(pick: Random, pairs: Pairs) -> str:
    return _json(pairs, ": ", ", ", ascii_only=False)


def compact(pick: Random, pairs: Pairs) -> str:
    return _json(pairs, ":", ",", ascii_only=True)


def spaced(pick: Random, pairs: Pairs) -> str:
    blank = "".join(pick.choices(" \t\r\n", k=pick.randint(1, 5)))
    return blank + _json(pairs, f"{blank}:{blank}", f"{blank},{blank}", ascii_only=True) + blank


def shuffled_and_escaped(pick: Random, pairs: Pairs) -> str:
    mixed = pick.sample(pairs, len(pairs))
    return "".join(
        f"\\u{ord(one):04x}" if one.isalpha() and pick.random() < 0.05 else one
        for one in _json(mixed, ":", ",", ascii_only=False)
    )


def as_form(pick: Random, pairs: Pairs) -> str:
    return "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)


def _quoted(value: Any) -> str:
    return quote_plus(str(value).encode("utf-8", "surrogatepass"))


def _json(pairs: Pairs, colon: str, comma: str, *, ascii_only: bool) -> str:
    def written(value: Any) -> str:
        return str(value) if isinstance(value, Raw) else json.dumps(value, ensure_ascii=ascii_only)

    return "{" + comma.join(written(str(key)) + colon + written(value) for key, value in pairs) + "}"


WRITERS = [as_documented, compact, spaced, shuffled_and_escaped, as_form]


# Texts: what happens to the bytes on their way


def bits_flipped(pick: Random, raw: bytes) -> bytes:
    flipped = bytearray(raw)
    for _ in range(pick.choice((1, 1, 2, 8)) if raw else 0):
        flipped[pick.randrange(len(flipped))] ^= 1 << pick.randrange(8)
    return bytes(flipped)


def cut(pick: Random, raw: bytes) -> bytes:
    place = pick.randint(0, len(raw))
    return raw[:place] if pick.random() < 0.8 else raw[place:]


def a_piece_gone(pick: Random, raw: bytes) -> bytes:
    place = pick.randint(0, len(raw))
    return raw[:place] + raw[place + pick.choice((1, 2, 10)) :]


def a_piece_twice(pick: Random, raw: bytes) -> bytes:
    place, length = pick.randint(0, len(raw)), pick.choice((1, 5, 40))
    return raw[: place + length] + raw[place:]


def nasty_bytes(pick: Random, raw: bytes) -> bytes:
    place = pick.randint(0, len(raw))
    return raw[:place] + pick.choice(NASTY) + raw[place:]


def random_bytes(pick: Random, raw: bytes) -> bytes:
    return pick.randbytes(pick.randint(0, 300))


def another_encoding(pick: Random, raw: bytes) -> bytes:
    return raw.decode("utf-8", "replace").encode(pick.choice(ENCODINGS), "replace")


def packed(pick: Random, raw: bytes) -> bytes:
    return pick.choice((gzip.compress(raw, mtime=0), b64encode(raw), quote_plus(raw).encode()))


def another_shape(pick: Random, raw: bytes) -> bytes:
    text = raw.decode("utf-8", "surrogateescape")
    return pick.choice(SHAPES).format(text, text).encode("utf-8", "surrogateescape")


def padded(pick: Random, raw: bytes) -> bytes:
    size = pick.choice((LARGEST - 1, LARGEST, LARGEST + 1, 3 * LARGEST))
    return raw.ljust(size, pick.choice((b" ", b" ", b"x", b"\0"))) if pick.random() < 0.7 else raw.rjust(size, b"\n")


TEXTS: list[Callable[[Random, bytes], bytes]] = [
    bits_flipped,
    cut,
    a_piece_gone,
    a_piece_twice,
    nasty_bytes,
    random_bytes,
    another_encoding,
    packed,
    another_shape,
    padded,
]
