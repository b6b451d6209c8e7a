"""Secrets where none belong: what they look like, and the search for them.

A log line may hold nothing of a buyer, no token and no key. A page, an email and an export may hold no key, no password
and no callback address.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from flask import Flask, Response, request_finished
from sqlalchemy import select

from shop.core.database import db
from shop.emails.models import OutboxEmail
from tests.admin_client import PASSWORD
from tests.conftest import SECRET, TOKEN
from tests.provider import Provider
from tests.provider_behaviours import UNSAID

KEYS = {
    "provider key": re.compile(rf"{TOKEN}|chpter_pk_\w+"),
    "signing key": re.compile(SECRET),
    "password": re.compile(re.escape(PASSWORD)),
    "password hash": re.compile(r"\$argon2|\$2[aby]\$"),
    "TOTP secret": re.compile(r"otpauth://|(?:\b[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b|\b[A-Z2-7]{32}\b"),
    "recovery code": re.compile(r"(?<![\w-])[2-9a-z]{5}-[2-9a-z]{5}-[2-9a-z]{5}(?![\w-])"),
}
NOT_IN_LOGS = {
    **KEYS,
    "provider's words": re.compile(UNSAID),
    # callback addresses are signed with SHA-256, form keys with SHA-1
    "signed token": re.compile(r"(?<![\w.-])[\w-]{22}\.(?:[\w-]{43}|[\w-]{27})(?![\w-])"),
    "phone": re.compile(r"(?<![\w.-])(?:\+?254|0)[17][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}(?![\w-])"),
    "e-mail": re.compile(r"[\w.+-]+@(?!localhost\b)[\w-]+\.[\w.-]+"),
    "name": re.compile(r"Wanjiru Test|Near the stage|Unlogg|Unnotable"),
}


def found_in(texts: Iterable[str], kinds: dict[str, re.Pattern[str]], known: Iterable[str] = ()) -> list[str]:
    """The secrets of these kinds, and the known ones, in the texts, each with the text around it."""
    text = "\n".join(texts)
    hits = [(name, hit.start()) for name, kind in kinds.items() for hit in kind.finditer(text)]
    hits += [("known secret", text.index(secret)) for secret in known if secret in text]
    return [f"{name}: {text[max(0, place - 120) : place + 120]!r}" for name, place in hits]


class Answers:
    """Looks at every answer of a shop in this process: no key, password, callback address or words of the provider.

    Cheap, for programmes that send a hundred thousand requests: known words, and no pattern but one.
    """

    WORDS = tuple(
        word.encode() for word in (TOKEN, "chpter_pk_", SECRET, PASSWORD, "$argon2", "/chpter/callbacks/", UNSAID)
    )
    SIGNED = re.compile(rb"[\w-]{22}\.[\w-]{43}")

    def __init__(self, provider: Provider | None) -> None:
        self.provider = provider  # it is told each callback address
        self.callbacks: set[str] = set()
        self._heard = 0
        self.searched: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.found: list[str] = []

    def __enter__(self) -> "Answers":
        request_finished.connect(self._see)
        return self

    def __exit__(self, *_error: object) -> None:
        request_finished.disconnect(self._see)

    def _see(self, _app: Flask, response: Response, **_more: object) -> None:
        self.searched["exports" if response.mimetype == "text/csv" else "pages"] += 1
        self.statuses[response.status_code] += 1
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
        """Look at the emails in a shop's database."""
        with app.app_context():
            db.session.rollback()
            written = db.session.execute(select(OutboxEmail.subject, OutboxEmail.body)).all()
        self.emails(f"{subject}\n{body}" for subject, body in written)

    def emails(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.searched["mails"] += 1
            self.look(text.encode())

    def look(self, body: bytes) -> None:
        asked = self.provider.requests[self._heard :] if self.provider else ()
        self._heard += len(asked)
        self.callbacks |= {one.body["redirect_urls"]["callback_url"].rsplit("/", 1)[1] for one in asked}
        hits = {word.decode() for word in self.WORDS if word in body}
        hits |= self.callbacks & {it.decode() for it in self.SIGNED.findall(body)}
        self.found += [f"{hit} in {body[:200]!r}" for hit in hits]


class Lines(logging.Handler):
    """Keeps every line that is logged, with its arguments."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.all: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append(f"{record.name} {self.format(record)} {record.args!r}")

    def __enter__(self) -> "Lines":
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger().removeHandler(self)


def emails_in(folder: Path) -> list[EmailMessage]:
    """Every email that a shop without a mail server stored as a file, anywhere under a folder."""
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(folder.rglob("*.eml"))]


def text_of(email: EmailMessage) -> str:
    """The headers and the text of an email."""
    parts = [part.get_content() for part in email.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in email.items()), *parts])
