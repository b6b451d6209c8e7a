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
from shop.core.database import changed, db
from shop.core.encryption import sealer
from shop.core.money import shillings
from shop.core.signals import (
    buyer_told,
    link_asked_for,
    mark_taken_back,
    money_given_back,
    order_cancelled,
    order_corrected,
    order_moved,
    order_paid,
    order_placed,
    order_step_undone,
    payment_doubted,
    payment_failed,
    payment_unmatched,
    rest_asked_for,
)
from shop.emails.models import UNPROVEN, OutboxMail
from shop.orders.fulfilment import TooLate
from shop.orders.models import Order
from shop.orders.states import PAY_AGAIN_AFTER, UNDO_WITHIN, Fulfilment, ReceiptMail
from shop.payments.models import MoneyEntry, PaymentAttempt, UnmatchedCallback
from shop.store.settings import details, look_from

MOST_UNPROVEN, DAY = 10, timedelta(hours=24)  # mails to one address that anybody can cause


def listen() -> None:
    """Begin to hear of orders. Safe to call again."""
    order_placed.connect(_placed)
    order_paid.connect(_paid)
    payment_failed.connect(_failed)
    link_asked_for.connect(_asked_for)
    order_moved.connect(_moved)
    order_step_undone.connect(_undone)
    order_corrected.connect(_corrected)
    buyer_told.connect(_told)
    order_cancelled.connect(_cancelled)
    money_given_back.connect(_given_back)
    payment_doubted.connect(_doubted)
    payment_unmatched.connect(_unmatched)
    rest_asked_for.connect(_rest_asked_for)
    mark_taken_back.connect(_taken_back)


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
    written = select(OutboxMail.id).where(OutboxMail.once == receipt[1])
    if settings.smtp_host and db.session.scalar(written):
        order.receipt_mail = ReceiptMail.WAITING
    first = ": verify the payment first" if _to_be_seen(order) else ""
    _to_owner(order, "new_order", f"New paid order {order.number}{first}", f"new-order-{order.id}", verify=bool(first))


def _doubted(order: Order, row: str, reason: str) -> None:
    # of an order and a row one mail: who knows a callback address must not fill the owner's mailbox
    subject = f"Order {order.number}: look at its payment"
    _to_owner(order, "doubtful_payment", subject, f"doubt-{order.id}-{row}", reason=reason)


def _unmatched(callback: UnmatchedCallback) -> None:
    once = f"unmatched-{callback.secret_hash[:40]}-{callback.claim}"
    post(details().email, "unmatched_payment", "A payment without an order", once, callback=callback)


def _to_be_seen(order: Order) -> bool:
    """Whether an owner has to see its payment before the goods may leave."""
    from_ = db.session.scalar(select(look_from())) or 0
    return order.seen_at is None and 0 < from_ <= order.total


def _to_owner(order: Order, kind: str, subject: str, once: str, **words: Any) -> None:
    """Write to the shop's own address, where it has one."""
    _write(details().email, order, kind, subject, once, **words)


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
    _to_buyer(order, *words, _once_of_step(order, order.moved_at), wait=UNDO_WITHIN)


def _undone(order: Order, taken_at: datetime) -> None:
    """Take back the mail of a step that was undone. Raises TooLate when it has left, or a worker has it in hand."""
    mail = db.session.scalar(select(OutboxMail).where(OutboxMail.once == _once_of_step(order, taken_at)))
    if mail is None:
        return
    waits = (OutboxMail.id == mail.id, OutboxMail.sent_at.is_(None), OutboxMail.tries == 0)
    untouched = mail.next_try_at == mail.written_at + UNDO_WITHIN
    if not (untouched and changed(delete(OutboxMail).where(*waits, OutboxMail.next_try_at == mail.next_try_at))):
        raise TooLate


def _corrected(order: Order, old_email: str) -> None:
    """What has not left for the wrong address goes to the right one."""
    waits = (OutboxMail.order_id == order.id, OutboxMail.sent_at.is_(None), OutboxMail.recipient == old_email)
    if order.email:
        changed(update(OutboxMail).where(*waits).values(recipient=order.email))


def _once_of_step(order: Order, taken_at: datetime | None) -> str:
    return f"step-{order.id}-{taken_at:%Y%m%d%H%M%S%f}"


def _told(order: Order, words: str, once: str) -> None:
    _to_buyer(order, "note", f"A message about your order {order.number}", f"note-{order.id}-{once}", words=words)


def _cancelled(order: Order) -> None:
    _to_buyer(order, "cancelled", f"Your order {order.number} was cancelled", f"cancelled-{order.id}")


def _given_back(entry: MoneyEntry) -> None:
    subject = f"Money given back for your order {entry.order.number}"
    _to_buyer(entry.order, "refunded", subject, f"given-back-{entry.id}", entry=entry)


def _rest_asked_for(order: Order) -> None:
    once = f"rest-{order.id}-{order.received}"
    subject = f"{shillings(order.rest_asked)} remains to be paid for your order {order.number}"
    _to_buyer(order, "remaining_payment", subject, once)


def _taken_back(order: Order) -> None:
    """Its receipt was not true. What waits to be sent is not sent; whoever has it already is told."""
    written = (OutboxMail.order_id == order.id, OutboxMail.once.in_((f"paid-{order.id}", f"ready-{order.id}")))
    untouched = (OutboxMail.sent_at.is_(None), OutboxMail.tries == 0)
    db.session.execute(delete(OutboxMail).where(*written, *untouched))
    order.receipt_mail = ""
    left = db.session.scalars(select(OutboxMail).where(*written)).all()
    for mail in left:
        mail.once = f"{mail.once}-void-{mail.id}"  # the true one is another mail
    if left:
        _to_buyer(order, "not_paid", f"Your order {order.number} is not paid yet", f"not-paid-{left[-1].id}")


def _to_typed(order: Order, kind: str, subject: str, once: str, **words: Any) -> None:
    """Write a mail that anybody can cause, unless its address has had its day's share; the order page says the same.

    Who types a stranger's address at the checkout must not fill their mailbox. The order is not refused: then the same
    person could shut the stranger out of the shop. Mails about money and goods are never held back.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.ratelimit_enabled or _written_today(order.email) < MOST_UNPROVEN:
        _to_buyer(order, kind, subject, once, **words)


def _written_today(address: str) -> int:
    recent = OutboxMail.written_at > utcnow() - DAY
    to = func.lower(OutboxMail.recipient) == func.lower(address)
    return db.session.scalar(select(func.count(OutboxMail.id)).where(to, recent, text(UNPROVEN))) or 0


def _to_buyer(order: Order, kind: str, subject: str, once: str, **words: Any) -> None:
    _write(order.email, order, kind, subject, once, **words)


def _write(recipient: str, order: Order, kind: str, subject: str, once: str, **words: Any) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    link = f"{settings.shop_url}/orders/{order.token}"
    post(recipient, kind, subject, once, order.id, order=order, link=link, **words)


def post(
    recipient: str,
    kind: str,
    subject: str,
    once: str,
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
    if not recipient or db.session.scalar(select(OutboxMail.id).where(OutboxMail.once == once)):
        return  # nobody to write to (the buyer was forgotten, or gave no address), or written already
    settings: Settings = current_app.config["SETTINGS"]
    now = utcnow()
    body = render_template(f"emails/{kind}.txt", shop_url=settings.shop_url, **words)
    mail = OutboxMail(
        order_id=order_id,
        kind=kind,
        once=once,
        recipient=recipient,
        subject=subject,
        body=sealer("email").seal(body, once) if encrypted else body,
        encrypted=encrypted,
        message_id=f"<{token_hex(16)}@{urlsplit(settings.shop_url).hostname}>",
        written_at=now,
        next_try_at=now + wait,
    )
    with suppress(IntegrityError), db.session.begin_nested():  # the same event, heard twice at the same moment
        db.session.add(mail)
