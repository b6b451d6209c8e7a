"""Which event makes which mail. Listens to the rooms above, and writes into the transaction the event belongs to."""

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
from shop.core.money import shillings
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
from shop.emails.models import UNPROVEN, OutboxEmail
from shop.orders.fulfilment import TooLate
from shop.orders.models import Order
from shop.orders.states import PAY_AGAIN_AFTER, UNDO_WITHIN, Fulfilment, ReceiptEmail
from shop.payments.models import LedgerEntry, PaymentAttempt, UnmatchedCallback
from shop.store.settings import current_store, verification_threshold

MOST_UNPROVEN, DAY = 10, timedelta(hours=24)  # mails to one address that anybody can cause


def connect_signals() -> None:
    """Begin to hear of orders. Safe to call again."""
    order_placed.connect(_placed)
    order_paid.connect(_paid)
    payment_failed.connect(_failed)
    order_link_requested.connect(_asked_for)
    order_fulfilment_changed.connect(_moved)
    order_step_undone.connect(_undone)
    order_corrected.connect(_corrected)
    message_to_buyer.connect(_told)
    order_cancelled.connect(_cancelled)
    refund_recorded.connect(_given_back)
    payment_needs_review.connect(_doubted)
    payment_unmatched.connect(_unmatched)
    remaining_payment_requested.connect(_rest_asked_for)
    manual_payment_undone.connect(_taken_back)


def _placed(order: Order) -> None:
    if order.total:  # an order that costs nothing gets its receipt at once
        _to_typed(order, "placed", f"Your order {order.number}", f"placed-{order.id}")


def _paid(order: Order) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    receipt = (f"Receipt for your order {order.number}", f"paid-{order.id}")
    if order.total:
        _to_buyer(order, "paid", *receipt)
    else:
        _to_typed(order, "free", *receipt)
    written = select(OutboxEmail.id).where(OutboxEmail.idempotency_key == receipt[1])
    if settings.smtp_host and db.session.scalar(written):
        order.receipt_email = ReceiptEmail.WAITING
    first = ": verify the payment first" if _to_be_seen(order) else ""
    _to_owner(order, "new_order", f"New paid order {order.number}{first}", f"new-order-{order.id}", verify=bool(first))


def _doubted(order: Order, row: str, reason: str) -> None:
    # of an order and a row one mail: who knows a callback address must not fill the owner's mailbox
    subject = f"Order {order.number}: look at its payment"
    _to_owner(order, "doubtful_payment", subject, f"doubt-{order.id}-{row}", reason=reason)


def _unmatched(callback: UnmatchedCallback) -> None:
    idempotency_key = f"unmatched-{callback.secret_hash[:40]}-{callback.claim}"
    write_email(
        current_store().email, "unmatched_payment", "A payment without an order", idempotency_key, callback=callback
    )


def _to_be_seen(order: Order) -> bool:
    """Whether an owner has to see its payment before the goods may leave."""
    from_ = db.session.scalar(select(verification_threshold())) or 0
    return order.payment_verified_at is None and 0 < from_ <= order.total


def _to_owner(order: Order, kind: str, subject: str, idempotency_key: str, **words: Any) -> None:
    """Write to the shop's own address, where it has one."""
    _write(current_store().email, order, kind, subject, idempotency_key, **words)


def _failed(attempt: PaymentAttempt) -> None:
    unknown = result_of(attempt.reason).charged is Charged.UNKNOWN
    how = "was not confirmed" if unknown else "did not go through"
    again = (attempt.failed_at or utcnow()) + PAY_AGAIN_AFTER
    words = {"reason": plain_words(attempt.reason, attempt.method), "unknown": unknown, "how": how, "again": again}
    subject = f"The payment for your order {attempt.order.number} {how}"
    _to_typed(attempt.order, "failed", subject, f"failed-{attempt.id}", **words)


def _asked_for(order: Order) -> None:
    # one an hour, so that nobody's mailbox can be filled by asking
    _to_typed(order, "order_link", f"The link to your order {order.number}", f"link-{order.id}-{utcnow():%Y%m%d%H}")


def _moved(order: Order) -> None:
    # what is packed for a rider, brought to the door or handed over needs no mail: the next one, or the parcel, says so
    if order.fulfilment == Fulfilment.SENT:
        words = ("sent", f"Your order {order.number} is on its way")
    elif order.fulfilment == Fulfilment.PACKED and order.pickup:
        words = ("ready", f"Your order {order.number} is ready to collect")
    else:
        return
    _to_buyer(order, *words, _once_of_step(order, order.fulfilment_changed_at), wait=UNDO_WITHIN)


def _undone(order: Order, taken_at: datetime) -> None:
    """Take back the mail of a step that was undone. Raises TooLate when it has left, or a worker has it in hand."""
    mail = db.session.scalar(select(OutboxEmail).where(OutboxEmail.idempotency_key == _once_of_step(order, taken_at)))
    if mail is None:
        return
    waits = (OutboxEmail.id == mail.id, OutboxEmail.sent_at.is_(None), OutboxEmail.tries == 0)
    untouched = mail.next_try_at == mail.written_at + UNDO_WITHIN
    if not (untouched and updated(delete(OutboxEmail).where(*waits, OutboxEmail.next_try_at == mail.next_try_at))):
        raise TooLate


def _corrected(order: Order, old_email: str) -> None:
    """What has not left for the wrong address goes to the right one."""
    waits = (OutboxEmail.order_id == order.id, OutboxEmail.sent_at.is_(None), OutboxEmail.recipient == old_email)
    if order.email:
        updated(update(OutboxEmail).where(*waits).values(recipient=order.email))


def _once_of_step(order: Order, taken_at: datetime | None) -> str:
    return f"step-{order.id}-{taken_at:%Y%m%d%H%M%S%f}"


def _told(order: Order, words: str, idempotency_key: str) -> None:
    _to_buyer(
        order, "note", f"A message about your order {order.number}", f"note-{order.id}-{idempotency_key}", words=words
    )


def _cancelled(order: Order) -> None:
    _to_buyer(order, "cancelled", f"Your order {order.number} was cancelled", f"cancelled-{order.id}")


def _given_back(entry: LedgerEntry) -> None:
    subject = f"Money given back for your order {entry.order.number}"
    _to_buyer(entry.order, "refunded", subject, f"given-back-{entry.id}", entry=entry)


def _rest_asked_for(order: Order) -> None:
    idempotency_key = f"rest-{order.id}-{order.received}"
    subject = f"{shillings(order.remaining_requested)} remains to be paid for your order {order.number}"
    _to_buyer(order, "remaining_payment", subject, idempotency_key)


def _taken_back(order: Order) -> None:
    """Its receipt was not true. What waits to be sent is not sent; whoever has it already is told."""
    written = (
        OutboxEmail.order_id == order.id,
        OutboxEmail.idempotency_key.in_((f"paid-{order.id}", f"ready-{order.id}")),
    )
    untouched = (OutboxEmail.sent_at.is_(None), OutboxEmail.tries == 0)
    db.session.execute(delete(OutboxEmail).where(*written, *untouched))
    order.receipt_email = ""
    left = db.session.scalars(select(OutboxEmail).where(*written)).all()
    for mail in left:
        mail.idempotency_key = f"{mail.idempotency_key}-void-{mail.id}"  # the true one is another mail
    if left:
        _to_buyer(order, "not_paid", f"Your order {order.number} is not paid yet", f"not-paid-{left[-1].id}")


def _to_typed(order: Order, kind: str, subject: str, idempotency_key: str, **words: Any) -> None:
    """Write a mail that anybody can cause, unless its address has had its day's share; the order page says the same.

    Who types a stranger's address at the checkout must not fill their mailbox. The order is not refused: then the same
    person could shut the stranger out of the shop. Mails about money and goods are never held back.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.ratelimit_enabled or _written_today(order.email) < MOST_UNPROVEN:
        _to_buyer(order, kind, subject, idempotency_key, **words)


def _written_today(address: str) -> int:
    recent = OutboxEmail.written_at > utcnow() - DAY
    to = func.lower(OutboxEmail.recipient) == func.lower(address)
    return db.session.scalar(select(func.count(OutboxEmail.id)).where(to, recent, text(UNPROVEN))) or 0


def _to_buyer(order: Order, kind: str, subject: str, idempotency_key: str, **words: Any) -> None:
    _write(order.email, order, kind, subject, idempotency_key, **words)


def _write(recipient: str, order: Order, kind: str, subject: str, idempotency_key: str, **words: Any) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    link = f"{settings.shop_url}/orders/{order.token}"
    write_email(recipient, kind, subject, idempotency_key, order.id, order=order, link=link, **words)


def write_email(
    recipient: str,
    kind: str,
    subject: str,
    idempotency_key: str,
    order_id: int | None = None,
    *,
    encrypted: bool = False,
    wait: timedelta = timedelta(0),
    **words: Any,
) -> None:
    """Put the mail templates/emails/<kind>.txt into the outbox, in the caller's transaction; of one `once`, one mail.

    One that holds a link which lets its reader in is kept `encrypted`, and opened when it is sent.
    It leaves `wait` later.
    """
    if not recipient or db.session.scalar(select(OutboxEmail.id).where(OutboxEmail.idempotency_key == idempotency_key)):
        return  # nobody to write to (the buyer was forgotten, or gave no address), or written already
    settings: Settings = current_app.config["SETTINGS"]
    now = utcnow()
    body = render_template(f"emails/{kind}.txt", shop_url=settings.shop_url, **words)
    mail = OutboxEmail(
        order_id=order_id,
        kind=kind,
        idempotency_key=idempotency_key,
        recipient=recipient,
        subject=subject,
        body=encryptor("email").encrypt(body, idempotency_key) if encrypted else body,
        encrypted=encrypted,
        message_id=f"<{token_hex(16)}@{urlsplit(settings.shop_url).hostname}>",
        written_at=now,
        next_try_at=now + wait,
    )
    with suppress(IntegrityError), db.session.begin_nested():  # the same event, heard twice at the same moment
        db.session.add(mail)
