"""Secrets where none belongs: what they look like, and where they are looked for.

In a log line nothing of a buyer, no token and no key may stand. On a page, in a mail and in an export no key, no
password and no callback address may; nobody's pages tell of no buyer.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.admin.desk import PASSWORD
from tests.conftest import SECRET, TOKEN
from tests.faults.inhabited import NOBODY, Inhabited

# What can be told by its shape, whoever it belongs to.
KEYS = {
    "provider key": re.compile(rf"{TOKEN}|chpter_pk_\w+"),
    "signing key": re.compile(SECRET),
    "password": re.compile(re.escape(PASSWORD)),
    "password hash": re.compile(r"\$argon2|\$2[aby]\$"),
    "TOTP secret": re.compile(r"otpauth://|(?:\b[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b|\b[A-Z2-7]{32}\b"),
    "recovery code": re.compile(r"(?<![\w-])[2-9a-z]{5}-[2-9a-z]{5}-[2-9a-z]{5}(?![\w-])"),
}
SIGNED = {"signed token": re.compile(r"(?<![\w.-])[\w-]{22}\.[\w-]{27}(?![\w-])")}  # callback addresses, form keys
PERSONS = {
    "phone": re.compile(r"(?<![\w.-])(?:\+?254|0)[17][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}(?![\w-])"),
    "e-mail": re.compile(r"[\w.+-]+@(?!localhost\b)[\w-]+\.[\w.-]+"),
    "name": re.compile(r"Wanjiru Test|Near the stage|Unlogg|Unnotable"),
}
PRIVATE_WORDS = ("722 987 651", "722987651", "unlogged@", "Unlogged", "Unloggable", "Unnotable")
MAY_SHOW = {"TOTP secret": ("/admin/me/codes",), "recovery code": ("/admin/me/codes",)}  # the one page that does, once


def found_in(texts: Iterable[str], kinds: dict[str, re.Pattern[str]], known: Iterable[str] = ()) -> list[str]:
    """What of the kinds, and which of the known secrets, stands in the texts, each with what stands around it."""
    text = "\n".join(texts)
    hits = [(name, hit.start()) for name, kind in kinds.items() for hit in kind.finditer(text)]
    hits += [("known secret", text.index(secret)) for secret in known if secret in text]
    return [f"{name}: {text[max(0, place - 120) : place + 120]!r}" for name, place in hits]


class Lines(logging.Handler):
    """Keeps every line that is logged, with its arguments."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.all: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it as a server would print it."""
        self.all.append(f"{record.name} {self.format(record)} {record.args!r}")

    def __enter__(self) -> "Lines":
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger().removeHandler(self)


def lines_of_files(folder: Path) -> Iterator[str]:
    """What processes of their own printed."""
    for file in folder.rglob("*.log"):
        yield from file.read_text(errors="replace").splitlines()


class Watch:
    """Looks at everything that leaves an inhabited shop."""

    def __init__(self, shop: Inhabited) -> None:
        self.shop = shop
        self.found: list[str] = []
        self.pages = self.exports = 0
        order_tokens = shop.known["order_token"]
        callbacks = shop.known["callback_token"]
        doors = [*shop.known["invited_token"], *shop.known["password_token"]]
        cookies = [shop.cookie(who).removeprefix("session=") for who in shop.visitors]
        self.keys = [*callbacks, *(token.partition(".")[0] for token in callbacks), *(one for one in cookies if one)]
        self.all = [*self.keys, *order_tokens, *doors, *shop.known["draft_token"]]

    def page(self, who: str, path: str, kind: str, body: bytes) -> None:
        """An answer with its address: no key, and no buyer for whoever does not hold the order's link."""
        text = body.decode(errors="replace")
        kinds = {name: it for name, it in KEYS.items() if path not in MAY_SHOW.get(name, ())}
        stranger = who == NOBODY and not any(token in path for token in self.shop.known["order_token"])
        known = [*(self.all if kind == "text/csv" else self.keys), *(PRIVATE_WORDS if stranger else ())]
        self.exports += kind == "text/csv"
        self.pages += kind != "text/csv"
        self.found += [f"{path} as {who}: {hit}" for hit in found_in([text], kinds, known)]

    def letters(self) -> int:
        """Every mail that was sent; how many."""
        mails = self.shop.letters()
        for letter in mails:
            text = "\n".join(part.get_content() for part in letter.walk() if part.get_content_maintype() == "text")
            heads = "\n".join(f"{name}: {value}" for name, value in letter.items())
            self.found += [f"mail: {hit}" for hit in found_in([heads, text], KEYS, self.keys)]
        return len(mails)

    def lines(self, lines: Iterable[str]) -> None:
        """Log lines: nothing at all."""
        self.found += [f"log: {hit}" for hit in found_in(lines, KEYS | SIGNED | PERSONS, self.all)]
