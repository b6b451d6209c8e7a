"""Which event makes which mail. Listens to the rooms above, and writes into the transaction the event belongs to."""

from contextlib import suppress
from secrets import token_hex
from urllib.parse import urlsplit

from flask import current_app, render_template
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.clock import utcnow
from shop.config import Settings
from shop.database import db
from shop.details import details
from shop.notices.models import OutboxMail
from shop.orders.models import Order
from shop.orders.signals import link_asked_for, order_paid, order_placed
from shop.payments.models import PaymentAttempt
from shop.payments.signals import payment_failed


def listen() -> None:
    """Begin to hear of orders. Safe to call again."""
    order_placed.connect(_placed)
    order_paid.connect(_paid)
    payment_failed.connect(_failed)
    link_asked_for.connect(_asked_for)


def _placed(order: Order) -> None:
    if order.total:  # an order that costs nothing gets its receipt at once
        _to_buyer(order, "placed", f"Your order {order.number}", f"placed-{order.id}")


def _paid(order: Order) -> None:
    _to_buyer(order, "paid", f"Receipt for your order {order.number}", f"paid-{order.id}")
    inbox = details().email
    if inbox:
        _write(inbox, order, "new_order", f"New paid order {order.number}", f"new-order-{order.id}")


def _failed(attempt: PaymentAttempt) -> None:
    subject = f"The payment for your order {attempt.order.number} did not go through"
    _to_buyer(attempt.order, "failed", subject, f"failed-{attempt.id}")


def _asked_for(order: Order) -> None:
    # one an hour, so that nobody's mailbox can be filled by asking
    _to_buyer(order, "link", f"The link to your order {order.number}", f"link-{order.id}-{utcnow():%Y%m%d%H}")


def _to_buyer(order: Order, kind: str, subject: str, once: str) -> None:
    if order.email:  # an order made at the desk may have none
        _write(order.email, order, kind, subject, once)


def _write(recipient: str, order: Order, kind: str, subject: str, once: str) -> None:
    if db.session.scalar(select(OutboxMail.id).where(OutboxMail.once == once)):
        return
    settings: Settings = current_app.config["SETTINGS"]
    now = utcnow()
    body = render_template(
        f"notices/{kind}.txt", order=order, link=f"{settings.shop_url}/orders/{order.token}", shop_url=settings.shop_url
    )
    mail = OutboxMail(
        order_id=order.id,
        kind=kind,
        once=once,
        recipient=recipient,
        subject=subject,
        body=body,
        message_id=f"<{token_hex(16)}@{urlsplit(settings.shop_url).hostname}>",
        written_at=now,
        next_try_at=now,
    )
    with suppress(IntegrityError), db.session.begin_nested():  # the same event, heard twice at the same moment
        db.session.add(mail)
