"""Payment attempts: an attempt is committed first; then, outside any transaction, Chpter opens its payment page."""

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
from shop.orders.states import OPENING_TIMEOUT
from shop.payments import alerts, callback_intake
from shop.payments.chpter_contact import contact_to_send, shop_contact
from shop.payments.models import AttemptState, PaymentAttempt

log = logging.getLogger(__name__)
MIN_REFERENCE, MAX_REFERENCE = 100_000_000, 2**31 - 1
DOUBLE_CLICK = timedelta(seconds=10)  # a second click so soon after the first gets the same payment page


@dataclass(frozen=True)
class NewAttempt:
    """A new attempt, and the only copy of its callback secret."""

    attempt: PaymentAttempt
    secret: str = field(repr=False)


def new_attempt(order: Order, now: datetime) -> NewAttempt:
    """Write an attempt for the amount to pay and supersede older ones, inside the caller's transaction."""
    of_order = PaymentAttempt.order_id == order.id
    for before, after in (
        (AttemptState.OPEN, AttemptState.SUPERSEDED),
        (AttemptState.CREATING, AttemptState.CREATE_FAILED),
    ):
        updated(update(PaymentAttempt).where(of_order, PaymentAttempt.state == before).values(state=after))
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
    return MIN_REFERENCE + secrets.randbelow(MAX_REFERENCE - MIN_REFERENCE)


def reopen(order: Order, now: datetime, *, corrected: bool = False) -> NewAttempt | None:
    """Start another attempt to pay an order, in its own transaction.

    None when the order cannot be paid, or when an attempt was started a moment ago (a second click). A second click is
    not assumed when the data sent to Chpter has been `corrected` since.
    """
    opened = order.attempts_opened

    def start() -> NewAttempt | None:
        latest = order.latest_attempt
        if latest and not corrected and _is_double_click(latest, order, now):
            return None
        # the counter lets exactly one of two simultaneous clicks start the next attempt
        guarded = update(Order).where(Order.id == order.id, may_be_paid(), Order.attempts_opened == opened)
        hold = timedelta(minutes=current_app.config["SETTINGS"].order_hold_minutes)
        expires_at = max(order.expires_at, min(now + hold, order.placed_at + timedelta(hours=24)))
        if not updated(guarded.values(attempts_opened=opened + 1, expires_at=expires_at, returned_at=None)):
            return None
        db.session.expire(order)
        return new_attempt(order, now)

    return write(start)


def _is_double_click(latest: PaymentAttempt, order: Order, now: datetime) -> bool:
    age = now - latest.created_at
    if latest.state == AttemptState.CREATING:
        return age < OPENING_TIMEOUT
    return latest.state == AttemptState.OPEN and order.returned_at is None and age < DOUBLE_CLICK


def open_page(new: NewAttempt) -> str | None:
    """Ask Chpter for the payment page of an attempt. Returns its address, or None when Chpter gave none.

    Called outside any transaction. Every failure of the provider ends here: the order remains, and the buyer may try
    again. The error, with the host of a refused link or the wrong field, is logged and recorded on the order.
    """
    settings: Settings = current_app.config["SETTINGS"]
    client: ChpterClient = current_app.extensions["chpter"]
    request, attempt_id = _session_request(new, settings), new.attempt.id
    db.session.rollback()  # no open transaction while Chpter answers
    details = ""
    try:
        link: str | None = client.open_session(request).checkout_link
        values = {"state": AttemptState.OPEN, "checkout_link": link}
        alerts.note_token_accepted(settings.instance_path)
        outage("Chpter").recovered()
    except (ChpterError, WrongRequest) as error:
        details = _details(error)
        if isinstance(error, ChpterError) and (error.outage or isinstance(error, BreakerOpen)):
            outage("Chpter").failed(f"no payment page: {error.code}")
            alerts.note_unreachable(settings.instance_path, error.code)
        else:
            log.warning("no payment page: %s%s", error.code, details and f", {details}")
        if isinstance(error, RefusedCredentials):
            alerts.note_token_refused(settings.instance_path)
        link, values = None, {"state": AttemptState.CREATE_FAILED, "create_error": error.code}
    try:
        opened = write(lambda: _record_opening(attempt_id, values, details))
    except IntegrityError:
        # another attempt has the same link: two buyers must never pay on one page
        log.error("no payment page: Chpter repeated the link of another payment")
        failed = {"state": AttemptState.CREATE_FAILED, "create_error": "repeated_link"}
        write(lambda: _record_opening(attempt_id, failed))
        return None
    return link if opened else None


def _details(error: ChpterError | WrongRequest) -> str:
    """What the merchant needs to correct the error, beside its code; no personal data."""
    if isinstance(error, UnsafeLink) and error.host:
        return f"the link points to {error.host}"
    return str(error) if isinstance(error, WrongRequest) else ""


def _record_opening(attempt_id: int, values: Mapping[str, str | None], details: str = "") -> bool:
    creating = update(PaymentAttempt).where(
        PaymentAttempt.id == attempt_id, PaymentAttempt.state == AttemptState.CREATING
    )
    if not updated(creating.values(values)):
        return False
    if values["state"] == AttemptState.CREATE_FAILED:
        attempt = db.session.get_one(PaymentAttempt, attempt_id)
        error = f"{values['create_error']}{details and f': {details}'}"
        attempt.order.record(f"No payment page could be opened ({error})", warning=True)
        attempt.order.record("The payment page could not be opened", for_buyer=True)
    return True


def _session_request(new: NewAttempt, settings: Settings) -> SessionRequest:
    order, keys = new.attempt.order, settings.secret_keys
    contact = contact_to_send(order.phone_number, order.email, shop_contact())
    order_page = f"{settings.shop_url}/orders/{order.token}"
    return SessionRequest(
        order_id=new.attempt.reference,
        customer=Customer(order.full_name, contact.phone_number, contact.email, order.location),
        delivery_fee=0 if order.remaining_requested else order.delivery_fee,  # the remaining amount has no parts
        discount_fee=0 if order.remaining_requested else order.discount,
        total=new.attempt.amount,
        success_url=f"{order_page}?from=payment",
        failed_url=f"{order_page}?from=payment",
        callback_url=f"{settings.shop_url}/chpter/callbacks/{callback_intake.callback_token(new.secret, keys)}",
    )


def try_again(order: Order, *, corrected: bool = False) -> str | None:
    """Start another attempt and open its page, or None. A second click gets the page that is open."""
    new = reopen(order, utcnow(), corrected=corrected)
    if new:
        return open_page(new)
    latest = order.latest_attempt
    if order.payable and latest and (latest.state, latest.amount) == (AttemptState.OPEN, order.to_pay):
        return latest.checkout_link
    return None
