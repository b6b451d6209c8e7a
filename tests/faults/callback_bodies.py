"""Bodies that Chpter might post on a bad day, and what each of them means.

Made from a seed: the same seed, reference and total make the same body. Some say in other words what a documented
payload says. `may_pay` decides which, by docs/settling.md and without a line of the shop's own code.
"""

import gzip
import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

from tests.malicious_input import STRINGS

LARGEST, MOST_FIELDS, MOST_LEVELS = 16 * 1024, 64, 8
BLANKS = " \t\r\n"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "chpter"
DOCUMENTED = {"mpesa_success": 6, "card_success": 4, "mpesa_failure": 1, "card_failure": 1, "sister_cancelled": 1}
PAYLOADS = [
    json.loads((FIXTURES / f"{name}.json").read_bytes()) for name, weight in DOCUMENTED.items() for _ in range(weight)
] + [{"Success": True, "transaction_reference": "1", "Status": "200", "Amount": 1, "transaction_code": "QK12345678"}]
SHAPES = ("[{}]", '{{"data": {}}}', "{} {}", "back({})", ")]}}'\n{}", "<json>{}</json>", "{},", "//x\n{}", "'{}'")
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp500", "latin-1")
NASTY = (
    *(b"\0", b"\xff", b"\xed\xa0\x80", b"\xc0\xa2", b"\xf4\x90\x80\x80", b"\x1b[31m", b"\r\n\r\n"),
    *(b"\\ud800", b"\\u0000"),
)
CONTENT_TYPES = (
    *("", "application/json", "application/json; charset=utf-16", "APPLICATION/JSON", "application/problem+json"),
    *("text/plain", "text/html; charset=latin-1", "application/x-www-form-urlencoded", "application/xml", "image/png"),
    *("Application/X-WWW-Form-Urlencoded ; charset=UTF-7", "application/x-www-form-urlencoded, application/json"),
    *("multipart/form-data", "multipart/form-data; boundary=" + "y" * 300, "json", ";;;", "a/b; " + "c=d; " * 60),
    "\xff/\xfe",
)

Pairs = list[tuple[str, Any]]


class Raw(str):
    """JSON that is written as it is, valid or not."""


LITERALS = (
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "undefined",
        "None",
        "True",
        "0x64",
        "1e2",
        "1E+2",
        "1e999999",
        "-0",
        "00",
    ),
    *("01", "+1", ".5", "1.", "1_000", "9" * 400, "9" * 5000, "0." + "1" * 3000, "'single'", '"\\x41"', '"\\u12"'),
    *('"\\ud83e"', '"\\ud83e\\uddfa"', '"unended', "", "{}{}", "[1,]", "/* */ 1"),
)
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 200, 2**63, 10**40, 0.1, -0.0, 1e300, "", " ", "null", "true", "0", "NaN"),
    *("\ud800", "a\udfffb", "\0", "\x00\x01\x02", "\u2028", "x" * 300, "x" * 9000, "é" * 200, "\U0001f9fa" * 80),
    *([], {}, [[]], {"": ""}, {"paid": "True"}, [None, True, "200"], *STRINGS, *map(Raw, LITERALS)),
]


def spellings(reference: str, total: int) -> dict[str, list[Any]]:
    """Of each field: the same in other words, nearly the same, and the opposite."""
    wide = {ord(str(digit)): 0xFF10 + digit for digit in range(10)}
    arabic = {ord(str(digit)): 0x0660 + digit for digit in range(10)}
    sums = [f"{total}.0", f"{total}.00", f"{total}.000", f"{total}e0", f"-{total}"]
    numbers = [f"{reference}.0", f"{reference}e0", f"-{reference}"]
    done = "Payment complete"
    return {
        "amount": [
            *(
                total,
                str(total),
                *sums,
                *map(Raw, sums),
                f" {total} ",
                f"\t{total}.00\r\n",
                f"{total:,}",
                f"{total},00",
            ),
            *(f"{total}.", f"+{total}", f"0{total}", f"{total}_0", f"{total}0", f"{total}.01", f"{total}.5"),
            *(total - 1, total + 1, str(total + 1), f"{total - 1}", total * 100, float(total) + 0.1, hex(total)),
            *(str(total).translate(wide), str(total).translate(arabic), f"{total}\u00a0", f"{total}\u2003"),
            *(f"KES {total}", f"{total}\n{total}", [total], {"value": total}, True, None, "", "0", 0, "١", "9" * 10),
        ],
        "order_id": [
            *(reference, int(reference), f" {reference}", f"{reference} ", f"{reference}\n", f"0{reference}"),
            *(*map(Raw, numbers), f"+{reference}", f"{reference}.0", int(reference) + 1, str(int(reference) - 1)),
            *(reference.translate(wide), reference.translate(arabic), [reference], {"id": reference}, None, "", True),
            *(f"{reference},{reference}", f"#{reference}", f"{reference}' OR '1'='1"),
        ],
        "paid": [
            *("True", "true", "TRUE", " tRuE ", "True\n", True, "False", "false", " FALSE\t", False, 1, 0, "1", "0"),
            *("yes", "Yes", "y", "on", "T", None, "", [], [True], {}, {"paid": True}, "True.", "True False", 1.0, -1),
            *("trυe", "Truе", "fal\u017fe", "True\u200b", "true\u00a0", "Ｔrue", "ﬀalse"),
        ],
        "payment_status": [
            *(f"{done}.", done.lower(), f"{done.upper()}.", f" {done}. ", f"{done} .", f"{done}..", f"{done}!"),
            *("Payment  complete.", "Payment\u00a0complete.", "Payment_complete.", f"{done}.\u200b", f"{done}.\n"),
            *("complete", "Payment completed.", f"Not {done}.", "Payment Incomplete.", "Payment incomplete"),
            *(f"{done}. Payment Incomplete.", "Paymеnt complete.", "", ".", None, True, 1, 200, [f"{done}."]),
            *({f"{done}.": 1}, "Success", "PENDING", "\ufeff"),
        ],
        "response_status": [
            *(200, "200", " 200 ", Raw("200.0"), Raw("2e2"), "200.0", "0200", "+200", "200 OK", "OK", 201, 406, 500),
            *(-200, None, True, False, [], [200], "", "２００", "٢٠٠", 2000),
        ],
        "payment_method": [
            *("MPESA", "CARD", "card", " Card ", "CARD\u200b", "СARD", "ＣＡＲＤ", "M-PESA", "mpesa", "CARD,MPESA"),
            *("CARDS", "CARD\0", "", None, 1, True, [], ["CARD"], {"CARD": "CARD"}, "X" * 40, "card\n", "CA\u017fD"),
        ],
        "message": VALUES,
    }


def keys_like(key: str) -> list[str]:
    """The key in other spellings: some are the same key, some only look like it."""
    return [
        *(key.replace("_", " "), key.upper(), key.title(), f" {key}", f"{key} ", f"\t{key}\r\n", key.replace("_", "-")),
        *(key.replace("_", "  "), key.replace("_", ""), key.replace("s", "\u017f"), key.replace("st", "\ufb06")),
        *(key.replace("a", "а"), key.replace("p", "ｐ"), f"{key}\u200b", f"{key}\u00a0", f"{key}\0", f"{key}[]"),
        *(key[::-1], key[:-1], key + key, "", f"data.{key}", key.replace("e", "e\u0301")),
        key.capitalize().replace("_", " "),
    ]


@dataclass(frozen=True)
class Body:
    """What is posted, and what was done to it."""

    raw: bytes = field(repr=False)
    content_type: str
    kinds: tuple[str, ...]


class Malformer:
    """A source of bodies. A documented payload is changed in its fields, written as text, and damaged as bytes."""

    pairs: Pairs

    def __init__(self, seed: int) -> None:
        self.random = pick = Random(seed)
        self.choice = pick.choice

    def body(self, reference: str, total: int) -> Body:
        """The next body, for an attempt of this reference and amount."""
        ours = {"order_id": reference, "order id": reference}
        self.near = spellings(reference, total)
        self.pairs = [
            (key, type(value)(total) if key == "amount" else ours.get(key, value))
            for key, value in self.choice(PAYLOADS).items()
        ]
        changes = self.random.choices(CHANGES, k=self.choice((0, 0, 1, 1, 1, 2)))
        for change in changes:
            change(self)
        writer = self.random.choices(list(WRITERS), list(WRITERS.values()))[0]
        raw = writer(self).encode("utf-8", "surrogatepass")
        damages = self.random.choices(DAMAGES, k=self.choice((0, 0, 0, 1, 1, 2)))
        for damage in damages:
            raw = damage(self, raw)
        is_form = writer is Malformer.as_form and self.random.random() < 0.8
        content_type = "application/x-www-form-urlencoded" if is_form else "application/json"
        if self.random.random() < 0.3:
            content_type = self.choice(CONTENT_TYPES)
        return Body(raw, content_type, tuple(one.__name__ for one in (*changes, writer, *damages)))

    # changes of the fields

    def odd_value(self) -> None:
        self._put(self.choice(self.pairs)[0] if self.pairs else "paid", self.choice(VALUES))

    def other_spelling(self) -> None:
        name = self.choice(sorted(self.near))
        self._put(name, self.choice(self.near[name]))

    def other_key(self) -> None:
        if self.pairs:
            place = self.random.randrange(len(self.pairs))
            key, value = self.pairs[place]
            self.pairs[place] = (self.choice(keys_like(key)), value)

    def key_twice(self) -> None:
        if self.pairs:
            key, value = self.choice(self.pairs)
            second = self.choice([value, self.choice(self.near.get(key, [value]))])
            name = self.choice([key, self.choice(keys_like(key))])
            self.pairs.insert(self.random.randint(0, len(self.pairs)), (name, second))

    def without_a_field(self) -> None:
        if self.pairs:
            self.pairs.pop(self.random.randrange(len(self.pairs)))

    def more_fields(self) -> None:
        for number in range(self.choice((1, 3, 58, 70, 400))):
            key = self.choice((f"more_{number}", "__proto__", "", "Success", "\U0001f9fa"))
            self.pairs.append((f"{key}{number}", number))

    def nested(self) -> None:
        levels = self.choice((1, 5, 6, 7, 8, 9, 60, 900, 3000))
        opening, inner, closing = self.choice((("[", "", "]"), ('{"a":', "1", "}")))
        self.pairs.append(("deep", Raw(opening * levels + inner + closing * levels)))

    def wrapped_value(self) -> None:
        if self.pairs:
            key, value = self.choice(self.pairs)
            self._put(key, self.choice(([value], {"value": value}, {key: value}, [[value], value], str(value) * 3)))

    def _put(self, key: str, value: Any) -> None:
        for place, (name, _) in enumerate(self.pairs):
            if name.replace(" ", "_") == key.replace(" ", "_"):
                self.pairs[place] = (name, value)
                return
        self.pairs.append((key, value))

    # writers

    def as_documented(self) -> str:
        return _json(self.pairs, ": ", ", ", ascii_only=False)

    def compact(self) -> str:
        return _json(self.pairs, ":", ",")

    def spaced(self) -> str:
        blank = "".join(self.random.choices(BLANKS, k=self.random.randint(1, 5)))
        return blank + _json(self.pairs, f"{blank}:{blank}", f"{blank},{blank}") + blank

    def shuffled_and_escaped(self) -> str:
        text = _json(self.random.sample(self.pairs, len(self.pairs)), ":", ",", ascii_only=False)
        return "".join(f"\\u{ord(one):04x}" if one.isalpha() and self.random.random() < 0.05 else one for one in text)

    def as_form(self) -> str:
        quoted = [[quote_plus(str(one).encode("utf-8", "surrogatepass")) for one in pair] for pair in self.pairs]
        return "&".join("=".join(pair) for pair in quoted)

    # damages of the bytes

    def bits_flipped(self, raw: bytes) -> bytes:
        flipped = bytearray(raw)
        for _ in range(self.choice((1, 1, 2, 8)) if raw else 0):
            flipped[self.random.randrange(len(flipped))] ^= 1 << self.random.randrange(8)
        return bytes(flipped)

    def cut(self, raw: bytes) -> bytes:
        place = self._place(raw)
        return raw[:place] if self.random.random() < 0.8 else raw[place:]

    def a_piece_missing(self, raw: bytes) -> bytes:
        place = self._place(raw)
        return raw[:place] + raw[place + self.choice((1, 2, 10)) :]

    def a_piece_twice(self, raw: bytes) -> bytes:
        place = self._place(raw)
        return raw[: place + self.choice((1, 5, 40))] + raw[place:]

    def nasty_bytes(self, raw: bytes) -> bytes:
        place = self._place(raw)
        return raw[:place] + self.choice(NASTY) + raw[place:]

    def random_bytes(self, _raw: bytes) -> bytes:
        return self.random.randbytes(self.random.randint(0, 300))

    def another_encoding(self, raw: bytes) -> bytes:
        return raw.decode("utf-8", "replace").encode(self.choice(ENCODINGS), "replace")

    def packed(self, raw: bytes) -> bytes:
        return self.choice((gzip.compress(raw, mtime=0), b64encode(raw), quote_plus(raw).encode()))

    def another_shape(self, raw: bytes) -> bytes:
        text = raw.decode("utf-8", "surrogateescape")
        return self.choice(SHAPES).format(text, text).encode("utf-8", "surrogateescape")

    def padded(self, raw: bytes) -> bytes:
        size = self.choice((LARGEST - 1, LARGEST, LARGEST + 1, 3 * LARGEST))
        return self.choice((raw.ljust(size), raw.ljust(size, b"x"), raw.ljust(size, b"\0"), raw.rjust(size, b"\n")))

    def _place(self, raw: bytes) -> int:
        return self.random.randint(0, len(raw))


M = Malformer
CHANGES = [
    *(M.odd_value, M.other_spelling, M.other_spelling, M.other_key, M.key_twice, M.without_a_field, M.more_fields),
    *(M.nested, M.wrapped_value),
]
WRITERS = {M.as_documented: 4, M.compact: 2, M.spaced: 2, M.shuffled_and_escaped: 2, M.as_form: 3}
DAMAGES = [
    *(M.bits_flipped, M.cut, M.a_piece_missing, M.a_piece_twice, M.nasty_bytes, M.random_bytes, M.another_encoding),
    *(M.packed, M.another_shape, M.padded),
]


def _json(pairs: Pairs, colon: str, comma: str, *, ascii_only: bool = True) -> str:
    def written(value: Any) -> str:
        return str(value) if isinstance(value, Raw) else json.dumps(value, ensure_ascii=ascii_only)

    return "{" + comma.join(written(str(key)) + colon + written(value) for key, value in pairs) + "}"


# What a body means


class Doubtful(Exception):
    """A body that can be read in two ways, or in none."""


class Digits(str):
    """A JSON number, as it was written."""


class Object(list[tuple[str, Any]]):
    """A JSON object with all its keys, in their order."""


def may_pay(raw: bytes, content_type: str, reference: str, total: int) -> bool:
    """Whether the body says of this very attempt, in one way only, that exactly its amount was paid."""
    try:
        said = _fields(raw, content_type)
    except (Doubtful, RecursionError):
        return False
    paid, method, order = _word(said.get("paid")), said.get("payment_method"), said.get("order_id")
    card = not isinstance(method, Digits) and _word(method) == "card"
    return bool(
        isinstance(order, str)
        and str(order) == reference
        and _shillings(said.get("amount")) == total
        and re.fullmatch(rf"payment complete[{BLANKS}]*\.?", _word(said.get("payment_status")))
        and _word(said.get("response_status", "200")) == "200"
        and (paid == "true" or (paid == "false" and card))
    )


def _fields(raw: bytes, content_type: str) -> dict[str, Any]:
    """The fields under their documented names, of a body that can be read in one way only."""
    if len(raw) > LARGEST or raw.startswith(b"\xef\xbb\xbf") or b"\0" in raw:
        raise Doubtful
    text = _decoded(raw)
    looks_like_json = re.match(rf"[{BLANKS}]*[{{\[]", text)
    kind = content_type.split(";")[0].strip().lower()
    is_form = not looks_like_json and kind in ("", "application/x-www-form-urlencoded")
    found: dict[str, Any] = {}
    for key, value in _form(text) if is_form else _object(text):
        name = re.sub("[A-Z]", lambda letter: letter[0].lower(), key.strip(BLANKS)).replace(" ", "_")
        if name in found and (type(found[name]), found[name]) != (type(value), value):
            raise Doubtful
        found[name] = value
    return found


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Doubtful from None


def _form(text: str) -> Pairs:
    """A form: every field has a key and a value, no key comes twice."""
    parts = [part.split("=", 1) for part in text.strip(BLANKS).split("&")]
    if len(parts) > MOST_FIELDS or any(len(part) != 2 for part in parts):
        raise Doubtful
    key_and_value = [[_decoded(unquote_to_bytes(side.replace("+", " "))) for side in part] for part in parts]
    pairs = [(key, value) for key, value in key_and_value]
    if len(dict(pairs)) < len(pairs) or any("\0" in key + value for key, value in pairs):
        raise Doubtful
    return pairs


def _object(text: str) -> Pairs:
    def no_number(_name: str) -> None:
        raise Doubtful

    hooks: dict[str, Any] = {"parse_int": Digits, "parse_float": Digits, "parse_constant": no_number}
    try:
        value = json.loads(text, object_pairs_hook=Object, **hooks)
    except ValueError:
        raise Doubtful from None
    if not isinstance(value, Object):
        raise Doubtful
    _check(value, 1)
    return value


def _check(value: Any, level: int) -> None:
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        raise Doubtful
    if not isinstance(value, list):
        return
    if level > MOST_LEVELS:
        raise Doubtful
    if isinstance(value, Object):
        if len(dict(value)) < len(value):
            raise Doubtful
        value = [one for pair in value for one in pair]
    for one in value:
        _check(one, level + 1)


def _word(value: Any) -> str:
    """A text, a number or a truth value in lower case, without blanks around it; nothing of anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    text = value.strip(BLANKS) if isinstance(value, str) else ""
    return text.lower() if text.isascii() else ""


def _shillings(value: Any) -> int | None:
    digits = r"([0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.0{1,3})?"
    found = re.fullmatch(digits, value.strip(BLANKS)) if isinstance(value, str) else None
    return int(found[1].replace(",", "")) if found else None
