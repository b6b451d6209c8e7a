"""Opening a payment: the attempt is written first; then, outside any transaction, Chpter is asked for a page."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from shop.chpter import (
    BreakerOpen,
    ChpterClient,
    ChpterError,
    Customer,
    RefusedCredentials,
    SessionRequest,
    UnsafeLink,
    WrongRequest,
)
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, draw_unused, updated, write
from shop.core.outages import outage
from shop.orders.models import Order, may_be_paid
from shop.orders.search_index import add_search_terms
from shop.orders.states import BEING_OPENED, AttemptState
from shop.payments import alerts, callback_intake
from shop.payments.models import PaymentAttempt
from shop.store.settings import current_store

log = logging.getLogger(__name__)
SMALLEST_REFERENCE, LARGEST_REFERENCE = 100_000_000, 2**31 - 1
SECOND_CLICK = timedelta(seconds=10)  # a press so soon after a page was opened leads to that same page


@dataclass(frozen=True)
class NewAttempt:
    """An attempt that was written, with the one copy of its callback secret there is."""

    attempt: PaymentAttempt
    secret: str = field(repr=False)


def new_attempt(order: Order, now: datetime) -> NewAttempt:
    """Write a fresh attempt for what is to be paid, inside the caller's transaction. Older open ones are superseded."""
    of_order = PaymentAttempt.order_id == order.id
    for was, becomes in (
        (AttemptState.OPEN, AttemptState.SUPERSEDED),
        (AttemptState.CREATING, AttemptState.CREATE_FAILED),
    ):
        updated(update(PaymentAttempt).where(of_order, PaymentAttempt.state == was).values(state=becomes))
    secret = callback_intake.new_secret()
    attempt = PaymentAttempt(
        order_id=order.id,
        reference=draw_unused(PaymentAttempt.reference, _draw_reference),
        secret_hash=callback_intake.hash_of(secret),
        amount=order.to_pay,
        created_at=now,
    )
    db.session.add(attempt)
    add_search_terms(order, str(attempt.reference))
    return NewAttempt(attempt, secret)


def _draw_reference() -> int:
    return SMALLEST_REFERENCE + secrets.randbelow(LARGEST_REFERENCE - SMALLEST_REFERENCE)


def reopen(order: Order, now: datetime, *, corrected: bool = False) -> NewAttempt | None:
    """Begin another try to pay an order, in its own transaction.

    None when there is nothing to begin: it can no longer be paid, or a try has begun a moment ago (a second click). A
    page that was opened a moment ago is no reason when what Chpter was told has been `corrected` since.
    """
    seen = order.attempts_opened

    def begin() -> NewAttempt | None:
        latest = order.latest_attempt
        if latest and not corrected and _under_way(latest, order, now):
            return None
        # counts the tries, and lets exactly one of two clicks at the same moment begin the next
        mine = update(Order).where(Order.id == order.id, may_be_paid(), Order.attempts_opened == seen)
        hold = timedelta(minutes=current_app.config["SETTINGS"].order_hold_minutes)
        longer = max(order.expires_at, min(now + hold, order.placed_at + timedelta(hours=24)))
        if not updated(mine.values(attempts_opened=seen + 1, expires_at=longer, returned_at=None)):
            return None
        db.session.expire(order)
        return new_attempt(order, now)

    return write(begin)


def _under_way(latest: PaymentAttempt, order: Order, now: datetime) -> bool:
    age = now - latest.created_at
    if latest.state == AttemptState.CREATING:
        return age < BEING_OPENED
    return latest.state == AttemptState.OPEN and order.returned_at is None and age < SECOND_CLICK


def open_page(new: NewAttempt) -> str | None:
    """Ask Chpter for the payment page of an attempt: its address, or None when there is none to be had.

    Called outside any transaction. Every failure of the provider ends here: the order stands and may be tried again.
    What the merchant needs to know, the host of a refused link or the wrong field, is logged and noted on the order.
    """
    settings: Settings = current_app.config["SETTINGS"]
    client: ChpterClient = current_app.extensions["chpter"]
    request, attempt_id = _session_request(new, settings), new.attempt.id
    db.session.rollback()  # no transaction stays open while the provider thinks
    known = ""
    try:
        link: str | None = client.open_session(request).checkout_link
        values = {"state": AttemptState.OPEN, "checkout_link": link}
        alerts.note_token_accepted(settings.instance_path)
        outage("Chpter").recovered()
    except (ChpterError, WrongRequest) as error:
        known = _to_know(error)
        if isinstance(error, ChpterError) and (error.outage or isinstance(error, BreakerOpen)):
            outage("Chpter").failed(f"no payment page: {error.code}")
            alerts.note_unreachable(settings.instance_path, error.code)
        else:
            log.warning("no payment page: %s%s", error.code, known and f", {known}")
        if isinstance(error, RefusedCredentials):
            alerts.note_token_refused(settings.instance_path)
        link, values = None, {"state": AttemptState.CREATE_FAILED, "create_error": error.code}
    try:
        opened = write(lambda: _opened(attempt_id, values, known))
    except IntegrityError:
        # the link is another attempt's: two buyers must never pay on one page
        log.error("no payment page: Chpter gave a link it had given before")
        failed = {"state": AttemptState.CREATE_FAILED, "create_error": "repeated_link"}
        write(lambda: _opened(attempt_id, failed))
        return None
    return link if opened else None


def _to_know(error: ChpterError | WrongRequest) -> str:
    """What a merchant needs to mend it, beside the code: nothing of the buyer, no address."""
    if isinstance(error, UnsafeLink) and error.host:
        return f"the link leads to {error.host}"
    return str(error) if isinstance(error, WrongRequest) else ""


def _opened(attempt_id: int, values: Mapping[str, str | None], known: str = "") -> bool:
    creating = update(PaymentAttempt).where(
        PaymentAttempt.id == attempt_id, PaymentAttempt.state == AttemptState.CREATING
    )
    if not updated(creating.values(values)):
        return False
    if values["state"] == AttemptState.CREATE_FAILED:
        attempt = db.session.get_one(PaymentAttempt, attempt_id)
        why = f"{values['create_error']}{known and f': {known}'}"
        attempt.order.record(f"No payment page could be opened ({why})", warning=True)
        attempt.order.record("The payment page could not be opened", for_buyer=True)
    return True


def _session_request(new: NewAttempt, settings: Settings) -> SessionRequest:
    order, keys = new.attempt.order, settings.secret_keys
    back = f"{settings.shop_url}/orders/{order.token}"
    return SessionRequest(
        order_id=new.attempt.reference,
        customer=Customer(order.full_name, order.phone_number, _mail_of(order, settings), order.location),
        delivery_fee=0 if order.remaining_requested else order.delivery_fee,  # of a rest no part is the delivery's
        discount_fee=0 if order.remaining_requested else order.discount,
        total=new.attempt.amount,
        success_url=f"{back}?from=payment",
        failed_url=f"{back}?from=payment",
        callback_url=f"{settings.shop_url}/chpter/callbacks/{callback_intake.callback_token(new.secret, keys)}",
    )


def _mail_of(order: Order, settings: Settings) -> str:
    """Chpter asks for an address with every payment. Of a buyer who gave none, the shop's own is named."""
    return order.email or current_store().email or settings.mail_from


def try_again(order: Order, *, corrected: bool = False) -> str | None:
    """Begin another try and open its page; None when there is none. A second click gets the page that is open."""
    new = reopen(order, utcnow(), corrected=corrected)
    if new:
        return open_page(new)
    latest = order.latest_attempt
    ours = order.payable and latest is not None and (latest.state, latest.amount) == (AttemptState.OPEN, order.to_pay)
    return latest.checkout_link if latest is not None and ours else None
