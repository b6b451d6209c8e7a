"""Writes emails: which event causes which email, in the transaction of the event.

templates/emails/<kind>.txt is the text of an email; its first line is the subject.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, render_template
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from shop.chpter import Charged, plain_words, result_of
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.core.encryption import encryptor
from shop.core.signals import (
    manual_payment_undone,
    message_to_buyer,
    order_cancelled,
    order_corrected,
    order_fulfilment_changed,
    order_link_requested,
    order_paid,
    order_placed,
    order_step_undone,
    payment_failed,
    payment_needs_review,
    payment_unmatched,
    refund_recorded,
    remaining_payment_requested,
)
from shop.emails.models import UNPROVEN, UNPROVEN_KINDS, OutboxEmail
from shop.orders.fulfilment import TooLate
from shop.orders.models import Order
from shop.orders.states import PAY_AGAIN_AFTER, UNDO_WITHIN, Fulfilment, ReceiptEmail
from shop.payments.models import LedgerEntry, PaymentAttempt, UnmatchedCallback
from shop.store.settings import current_store, verification_threshold

MAX_UNPROVEN = 10  # unproven emails to one address in UNPROVEN_PERIOD
UNPROVEN_PERIOD = timedelta(hours=24)
STEP_KEY = "step-{order.id}-{step_at:%Y%m%d%H%M%S%f}"
IDEMPOTENCY_KEYS = {  # by kind, formatted with the email's context: of one key there is one email
    "placed": "placed-{order.id}",
    "paid": "paid-{order.id}",
    "free": "paid-{order.id}",
    "failed": "failed-{attempt.id}",
    "order_link": "link-{order.id}-{now:%Y%m%d%H}",  # one an hour: requests must not fill a mailbox
    "sent": STEP_KEY,
    "ready": STEP_KEY,
    "note": "note-{order.id}-{form_key}",
    "cancelled": "cancelled-{order.id}",
    "refunded": "refunded-{entry.id}",
    "remaining_payment": "remaining-{order.id}-{order.received}",
    "not_paid": "not-paid-{receipt.id}",
    "new_order": "new-order-{order.id}",
    "doubtful_payment": "doubtful-{order.id}-{row}",  # callbacks to one address must not fill the owner's mailbox
    "unmatched_payment": "unmatched-{callback.secret_hash:.40}-{callback.claim}",
    "back_in_stock": "back-{request.id}-{request.asked_at:%Y%m%d%H%M%S%f}",  # SQLite may use an id again
    "invitation": "invite-{token_hash}",
    "new_password": "password-{token_hash}",
}


def connect_signals() -> None:
    """Listen to the events. Safe to call again."""
    order_placed.connect(_order_placed)
    order_paid.connect(_order_paid)
    payment_failed.connect(_payment_failed)
    order_link_requested.connect(_link_requested)
    order_fulfilment_changed.connect(_fulfilment_changed)
    order_step_undone.connect(_step_undone)
    order_corrected.connect(_order_corrected)
    message_to_buyer.connect(_message_to_buyer)
    order_cancelled.connect(_order_cancelled)
    refund_recorded.connect(_refund_recorded)
    payment_needs_review.connect(_payment_needs_review)
    payment_unmatched.connect(_payment_unmatched)
    remaining_payment_requested.connect(_remaining_payment_requested)
    manual_payment_undone.connect(_manual_payment_undone)


def write_email(
    kind: str,
    recipient: str,
    *,
    order: Order | None = None,
    encrypted: bool = False,
    delay: timedelta = timedelta(0),
    **context: Any,
) -> None:
    """Put an email into the outbox, in the caller's transaction; it is sent `delay` later.

    Nothing is written without a recipient (an anonymised buyer, or one who gave no address), a second time for one
    idempotency key, or when an unproven email exceeds the limit of its address. The body of an `encrypted` email holds
    a link that gives access; it is decrypted when it is sent.
    """
    settings: Settings = current_app.config["SETTINGS"]
    now = utcnow()
    key = IDEMPOTENCY_KEYS[kind].format(order=order, now=now, **context)
    if not recipient or _exceeds_limit(kind, recipient) or _is_written(key):
        return
    if order:
        context |= {"order": order, "link": f"{settings.shop_url}/orders/{order.token}"}
    rendered = render_template(f"emails/{kind}.txt", shop_url=settings.shop_url, **context)
    subject, _, body = rendered.partition("\n\n")
    email = OutboxEmail(
        order_id=order.id if order else None,
        kind=kind,
        idempotency_key=key,
        recipient=recipient,
        subject=subject,
        body=encryptor("email").encrypt(body, key) if encrypted else body,
        encrypted=encrypted,
        message_id=f"<{token_hex(16)}@{urlsplit(settings.shop_url).hostname}>",
        written_at=now,
        next_try_at=now + delay,
    )
    with suppress(IntegrityError), db.session.begin_nested():  # another transaction has just written the same email
        db.session.add(email)


def _is_written(key: str) -> bool:
    return db.session.scalar(select(OutboxEmail.id).where(OutboxEmail.idempotency_key == key)) is not None


def _exceeds_limit(kind: str, address: str) -> bool:
    """Whether an unproven email would exceed the limit of its address. The order page says the same as the email.

    A stranger's address that is typed at the checkout must not be flooded. The order is not refused, since then anyone
    could shut the stranger out of the shop. Emails about payments and goods are never held back.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if kind not in UNPROVEN_KINDS or not settings.ratelimit_enabled:
        return False
    recent = OutboxEmail.written_at > utcnow() - UNPROVEN_PERIOD
    same_address = func.lower(OutboxEmail.recipient) == func.lower(address)
    written = db.session.scalar(select(func.count(OutboxEmail.id)).where(same_address, recent, text(UNPROVEN))) or 0
    return written >= MAX_UNPROVEN


def _order_placed(order: Order) -> None:
    if order.total:  # an order that costs nothing gets its receipt at once
        write_email("placed", order.email, order=order)


def _order_paid(order: Order) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    kind = "paid" if order.total else "free"
    write_email(kind, order.email, order=order)
    if settings.smtp_host and _is_written(IDEMPOTENCY_KEYS[kind].format(order=order)):
        order.receipt_email = ReceiptEmail.WAITING
    threshold = db.session.scalar(select(verification_threshold())) or 0
    verify = order.payment_verified_at is None and 0 < threshold <= order.total
    write_email("new_order", current_store().email, order=order, verify=verify)


def _payment_failed(attempt: PaymentAttempt) -> None:
    write_email(
        "failed",
        attempt.order.email,
        order=attempt.order,
        attempt=attempt,
        reason=plain_words(attempt.reason, attempt.method),
        unknown=result_of(attempt.reason).charged is Charged.UNKNOWN,
        pay_again_at=(attempt.failed_at or utcnow()) + PAY_AGAIN_AFTER,
    )


def _link_requested(order: Order) -> None:
    write_email("order_link", order.email, order=order)


def _fulfilment_changed(order: Order) -> None:
    if order.fulfilment == Fulfilment.SENT:
        kind = "sent"
    elif order.fulfilment == Fulfilment.PACKED and order.pickup:
        kind = "ready"
    else:
        return  # the next step, or the parcel itself, tells the buyer
    write_email(kind, order.email, order=order, step_at=order.fulfilment_changed_at, delay=UNDO_WITHIN)


def _step_undone(order: Order, taken_at: datetime) -> None:
    """Delete the email of an undone step. Raises TooLate when it was sent, or a worker is sending it."""
    key = STEP_KEY.format(order=order, step_at=taken_at)
    email = db.session.scalar(select(OutboxEmail).where(OutboxEmail.idempotency_key == key))
    if email is None:
        return
    untried = (OutboxEmail.id == email.id, OutboxEmail.sent_at.is_(None), OutboxEmail.tries == 0)
    waits = email.next_try_at == email.written_at + UNDO_WITHIN
    if not (waits and updated(delete(OutboxEmail).where(*untried, OutboxEmail.next_try_at == email.next_try_at))):
        raise TooLate


def _order_corrected(order: Order, old_email: str) -> None:
    """Readdress the unsent emails of an order."""
    unsent = (OutboxEmail.order_id == order.id, OutboxEmail.sent_at.is_(None), OutboxEmail.recipient == old_email)
    if order.email:
        updated(update(OutboxEmail).where(*unsent).values(recipient=order.email))


def _message_to_buyer(order: Order, words: str, idempotency_key: str) -> None:
    write_email("note", order.email, order=order, words=words, form_key=idempotency_key)


def _order_cancelled(order: Order) -> None:
    write_email("cancelled", order.email, order=order)


def _refund_recorded(entry: LedgerEntry) -> None:
    write_email("refunded", entry.order.email, order=entry.order, entry=entry)


def _remaining_payment_requested(order: Order) -> None:
    write_email("remaining_payment", order.email, order=order)


def _payment_needs_review(order: Order, row: str, reason: str) -> None:
    write_email("doubtful_payment", current_store().email, order=order, row=row, reason=reason)


def _payment_unmatched(callback: UnmatchedCallback) -> None:
    write_email("unmatched_payment", current_store().email, callback=callback)


def _manual_payment_undone(order: Order) -> None:
    """Delete the receipt, which is not true. If it was sent already, tell the buyer."""
    receipt_key = IDEMPOTENCY_KEYS["paid"].format(order=order)
    untried = (OutboxEmail.sent_at.is_(None), OutboxEmail.tries == 0)
    db.session.execute(delete(OutboxEmail).where(OutboxEmail.idempotency_key == receipt_key, *untried))
    order.receipt_email = ReceiptEmail.NONE
    receipt = db.session.scalar(select(OutboxEmail).where(OutboxEmail.idempotency_key == receipt_key))
    if receipt:
        receipt.idempotency_key = f"{receipt_key}-void-{receipt.id}"  # the true receipt is another email
        write_email("not_paid", order.email, order=order, receipt=receipt)
