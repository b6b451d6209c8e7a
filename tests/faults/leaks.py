"""Secrets where none belongs: what they look like, and where they are looked for.

In a log line nothing of a buyer, no token and no key may stand. On a page, in a mail and in an export no key, no
password and no callback address may; nobody's pages tell of no buyer.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from flask import Flask, Response, request_finished
from sqlalchemy import select

from shop.core.database import db
from shop.emails.models import OutboxEmail
from tests.admin_client import PASSWORD
from tests.conftest import SECRET, TOKEN
from tests.faults.inhabited import NOBODY, Inhabited
from tests.faults.letters import text_of
from tests.faults.provider import Provider

# What can be told by its shape, whoever it belongs to.
KEYS = {
    "provider key": re.compile(rf"{TOKEN}|chpter_pk_\w+"),
    "signing key": re.compile(SECRET),
    "password": re.compile(re.escape(PASSWORD)),
    "password hash": re.compile(r"\$argon2|\$2[aby]\$"),
    "TOTP secret": re.compile(r"otpauth://|(?:\b[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b|\b[A-Z2-7]{32}\b"),
    "recovery code": re.compile(r"(?<![\w-])[2-9a-z]{5}-[2-9a-z]{5}-[2-9a-z]{5}(?![\w-])"),
}
# Callback addresses are signed with SHA-256, form keys with SHA-1.
SIGNED = {"signed token": re.compile(r"(?<![\w.-])[\w-]{22}\.(?:[\w-]{43}|[\w-]{27})(?![\w-])")}
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


@dataclass
class Searched:
    """How much was searched."""

    programmes: int = 0
    lines: int = 0
    pages: int = 0
    exports: int = 0
    mails: int = 0

    def __add__(self, other: "Searched") -> "Searched":
        return Searched(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def words(self) -> str:
        """For the page of figures."""
        return (
            f"0 in {self.lines:,} log lines, {self.pages:,} pages, {self.exports:,} exports and {self.mails:,} mails "
            f"of {self.programmes:,} programmes and controls"
        )


class Answers:
    """Looks at every answer that a shop in this process gives: no key, no password, no callback address.

    Cheap, for programmes that ask a hundred thousand times: words that are known, each looked for as it stands.
    """

    KEYS = (TOKEN.encode(), b"chpter_pk_", SECRET.encode(), PASSWORD.encode(), b"$argon2", b"/chpter/callbacks/")
    SIGNED = re.compile(rb"[\w-]{22}\.[\w-]{43}")

    def __init__(self, provider: Provider | None) -> None:
        self.provider = provider  # who was told each callback address
        self.callbacks: set[str] = set()
        self._heard = 0
        self.count = Searched()
        self.found: list[str] = []

    def __enter__(self) -> "Answers":
        request_finished.connect(self._see)
        return self

    def __exit__(self, *_error: object) -> None:
        request_finished.disconnect(self._see)

    def _see(self, _app: Flask, response: Response, **_more: object) -> None:
        export = response.mimetype == "text/csv"
        if export:
            self.count.exports += 1
        else:
            self.count.pages += 1
        self.look(response.headers.get("Location", "").encode())
        if response.is_sequence:
            self.look(response.get_data())
        elif not response.direct_passthrough:  # a file
            if close := getattr(response.response, "close", None):
                response.call_on_close(close)
            response.response = self._passing(response.iter_encoded())

    def _passing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.look(piece)
            yield piece

    def outbox(self, app: Flask) -> None:
        """Mails that a shop has written, as they stand in its database."""
        with app.app_context():
            db.session.rollback()
            written = db.session.execute(select(OutboxEmail.subject, OutboxEmail.body)).all()
        self.mails([f"{subject}\n{body}" for subject, body in written])

    def mails(self, texts: Sequence[str]) -> None:
        """Mails are answers too, to somebody else."""
        self.count.mails += len(texts)
        for text in texts:
            self.look(text.encode())

    def look(self, body: bytes) -> None:
        """Search what is sent."""
        self._hear()
        hits = {key.decode() for key in self.KEYS if key in body}
        hits |= self.callbacks & {it.decode() for it in self.SIGNED.findall(body)}
        self.found += [f"{hit} in {body[:200]!r}" for hit in hits]

    def _hear(self) -> None:
        asked = self.provider.requests[self._heard :] if self.provider else ()
        self._heard += len(asked)
        self.callbacks |= {one.body["redirect_urls"]["callback_url"].rsplit("/", 1)[1] for one in asked}


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
        visitor = who == NOBODY and not any(token in path for token in self.shop.known["order_token"])
        known = [*(self.all if kind == "text/csv" else self.keys), *(PRIVATE_WORDS if visitor else ())]
        self.exports += kind == "text/csv"
        self.pages += kind != "text/csv"
        self.found += [f"{path} as {who}: {hit}" for hit in found_in([text], kinds, known)]

    def letters(self) -> int:
        """Every mail that was sent; how many."""
        mails = self.shop.letters()
        for letter in mails:
            self.found += [f"mail: {hit}" for hit in found_in([text_of(letter)], KEYS, self.keys)]
        return len(mails)

    def lines(self, lines: Iterable[str]) -> None:
        """Log lines: nothing at all."""
        self.found += [f"log: {hit}" for hit in found_in(lines, KEYS | SIGNED | PERSONS, self.all)]
