"""Encrypted texts and links from the database, typed into every form, stay plain text."""

import re
from email import message_from_bytes, policy
from pathlib import Path

from flask import Flask
from sqlalchemy import delete, select, update

from shop.accounts.two_factor import PURPOSE
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.encryption import Encryptor
from shop.core.signals import message_to_buyer, order_cancelled, order_link_requested, order_paid, order_placed
from shop.emails.delivery import send_due, text_of
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import UNDO_WITHIN
from tests.admin.test_malicious_text import addresses_of, poison
from tests.filled_shop import OWNER, Inhabited

SECRET = "31" * 20


def stolen(app: Flask) -> tuple[str, str, str]:
    """An encrypted two-factor secret and email, as stored in the database, and the email's link."""
    settings = app.config["SETTINGS"]
    with app.app_context():
        email = db.session.scalars(select(OutboxEmail).where(OutboxEmail.encrypted)).first()
        [link] = re.findall(r"http\S+/admin/sign-in/(\S+)", text_of(email, settings))
        return Encryptor(settings.secret_keys, PURPOSE).encrypt(SECRET, 1), email.body, link


def email_again() -> None:
    """Write the emails of every order again."""
    db.session.execute(delete(OutboxEmail))
    db.session.execute(update(Order).values(email="inbox@example.com"))
    for order in db.session.scalars(select(Order)).all():
        for signal in (order_placed, order_paid, order_link_requested, order_cancelled):
            signal.send(order)
        message_to_buyer.send(order, words=order.note, idempotency_key="1")


def test_typed_text_is_never_decrypted_and_stops_no_email(app, provider, settings):
    inhabited = Inhabited(app, provider, Path(settings["INSTANCE_PATH"]))
    factor, body, link = stolen(app)
    folder = inhabited.folder / "mail"
    for typed in (factor, body[:140], f"{{sealed:{factor}}}", "{sealed:AAAA}", f"x {link}"):
        with app.test_request_context():
            write(lambda typed=typed: poison(typed))
            write(email_again)
        pages = [inhabited.visitors[OWNER].browser.get(one, buffered=True) for one in addresses_of(inhabited)]
        for letter in folder.glob("*.eml"):
            letter.unlink()
        with app.app_context():
            assert send_due(app.config["SETTINGS"], utcnow() + UNDO_WITHIN)
            assert db.session.scalars(select(OutboxEmail.kind).where(OutboxEmail.sent_at.is_(None))).all() == []
        letters = [message_from_bytes(one.read_bytes(), policy=policy.default) for one in folder.glob("*.eml")]
        emails = [letter.get_content() for letter in letters]

        assert all(page.status_code < 500 for page in pages), typed
        assert not [one for one in pages if not one.is_streamed and SECRET.encode() in one.data]
        assert not [text for text in emails if SECRET in text]
        assert sum(typed[:80] in text for text in emails) > 10, f"{typed} was changed in an email"
        assert sum(typed[:40].encode() in page.data for page in pages) > 20, f"{typed} was changed on a page"
