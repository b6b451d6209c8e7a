"""Encrypted texts and links from the database, typed into every form, stay plain text."""

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from shop.accounts.models import OneTimeLink, User
from shop.accounts.one_time_links import send_invitation, send_new_password_link
from shop.accounts.two_factor import PURPOSE
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.encryption import Encryptor
from shop.core.signals import (
    message_to_buyer,
    order_cancelled,
    order_fulfilment_changed,
    order_link_requested,
    order_paid,
    order_placed,
    payment_failed,
    refund_recorded,
)
from shop.emails.delivery import send_due, text_of
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import UNDO_WITHIN, Fulfilment
from shop.payments.models import LedgerEntry, PaymentAttempt
from shop.store.settings import StoreSettings
from tests.admin.test_malicious_text import addresses_of, poison
from tests.filled_shop import OWNER, Inhabited

SECRET = "31" * 20
KINDS = {"placed", "paid", "new_order", "failed", "order_link", "sent", "ready", "note", "cancelled", "refunded"}
KINDS |= {"invitation", "new_password"}


@pytest.fixture
def inhabited(app, provider, settings):
    """A shop with one of every kind of row."""
    return Inhabited(app, provider, Path(settings["INSTANCE_PATH"]))


def stolen(app: Flask) -> tuple[str, str, str]:
    """An encrypted two-factor secret and email, as stored in the database, and the email's link."""
    settings = app.config["SETTINGS"]
    with app.app_context():
        mail = db.session.scalars(select(OutboxEmail).where(OutboxEmail.encrypted)).first()
        [link] = re.findall(r"http\S+/admin/sign-in/(\S+)", text_of(mail, settings))
        return Encryptor(settings.secret_keys, PURPOSE).encrypt(SECRET, 1), mail.body, link


def mail_everything() -> None:
    """Write every kind of email again from the current rows."""
    for table in (OutboxEmail, OneTimeLink):
        db.session.execute(delete(table))
    for table in (Order, StoreSettings):
        db.session.execute(update(table).values(email="inbox@example.com"))
    db.session.execute(update(Order).values(fulfilment=Fulfilment.SENT, fulfilment_changed_at=utcnow()))
    for order in db.session.scalars(select(Order)).all():
        for signal in (order_placed, order_paid, order_link_requested, order_fulfilment_changed, order_cancelled):
            signal.send(order)
        message_to_buyer.send(order, words=order.note, idempotency_key="1")
        order.pickup, order.fulfilment, order.fulfilment_changed_at = True, Fulfilment.PACKED, utcnow()
        order_fulfilment_changed.send(order)
        for attempt in db.session.scalars(select(PaymentAttempt).where(PaymentAttempt.order_id == order.id)).all():
            payment_failed.send(attempt)
            entry = LedgerEntry(order=order, kind="refund", amount=-5, method="CASH", at=utcnow(), reason="", actor="")
            db.session.add(entry)
            db.session.flush()
            refund_recorded.send(entry)
    for merchant in db.session.scalars(select(User)).all():
        send_invitation(f"guest-{merchant.id}@example.com", "staff", merchant.name)
        send_new_password_link(merchant)


def test_typed_text_is_never_decrypted_and_stops_no_email(app, inhabited):
    factor, mail, link = stolen(app)
    folder = inhabited.folder / "mail"
    pieces = (factor, mail[:140], f"{{sealed:{factor}}}", "{sealed:AAAA}", f"x {link}")
    for typed in pieces:
        with app.test_request_context():
            write(lambda typed=typed: poison(typed))
            write(mail_everything)
        pages = [inhabited.visitors[OWNER].browser.get(one, buffered=True) for one in addresses_of(inhabited)]
        for letter in folder.glob("*.eml"):
            letter.unlink()
        with app.app_context():
            waiting = (
                send_due(app.config["SETTINGS"], utcnow() + UNDO_WITHIN)
                and db.session.scalars(select(OutboxEmail.kind).where(OutboxEmail.sent_at.is_(None))).all()
            )
            kinds = set(db.session.scalars(select(OutboxEmail.kind)))
        letters = [message_from_bytes(one.read_bytes(), policy=policy.default) for one in folder.glob("*.eml")]
        mailed = [one.get_content() for one in letters]

        assert waiting == [] and kinds >= KINDS, f"{typed}: a mail was stopped"
        assert all(page.status_code < 500 for page in pages), typed
        held = [text for text in (*mailed, *(page.text for page in pages if not page.is_streamed)) if SECRET in text]
        assert not held, f"{typed} was decrypted: {held[0]}"
        assert sum(typed[:80] in text for text in mailed) > 10, f"{typed} was changed in a mail"
        assert sum(typed[:40] in page.text for page in pages) > 20, f"{typed} was changed on a page"
