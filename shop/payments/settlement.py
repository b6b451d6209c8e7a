"""Settles incoming callbacks: the record of a callback and its effects are written in one transaction."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app
from sqlalchemy import func, select, update

from shop.chpter import Callback, Charged, Claim, Unreadable, read_callback, reason_of, result_of
from shop.config import Settings
from shop.core.database import db, updated, write
from shop.core.money import shillings
from shop.core.signals import payment_failed, payment_needs_review
from shop.orders import reservations, transitions
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments import manual_payments, money_ledger, mpesa_codes, unmatched_callbacks
from shop.payments.callback_intake import IncomingCallback
from shop.payments.models import AttemptState, CallbackRecord, PaymentAttempt
from shop.payments.review_flags import flag_order
from shop.payments.settlement_rules import Decision, Facts, decide, decide_unreadable

log = logging.getLogger(__name__)
MAX_TRIES = 5  # when the order changes between the decision and its UPDATE
MAX_KEPT = 50  # records of an attempt that change nothing: one address must not fill the disk


@dataclass(frozen=True)
class Outcome:
    """The row of the settlement table and the HTTP status: 400 or 413 for an unreadable body, else 200."""

    row: str
    status: int


def settle_callback(incoming: IncomingCallback) -> Outcome:
    """Record a callback and apply the row of the settlement table that it meets.

    Raises sqlalchemy.exc.DBAPIError when the database fails, and StaleState when the order changed at every try. Then
    nothing is written, and the caller spools the callback.
    """
    callback = _read(incoming)
    tries = 0
    while True:
        tries += 1
        try:
            return write(lambda: _settle_once(incoming, callback))
        except transitions.StaleState:
            if tries == MAX_TRIES:
                raise


def _read(incoming: IncomingCallback) -> Callback | Unreadable:
    settings: Settings = current_app.config["SETTINGS"]
    if incoming.oversized:
        return Unreadable("The body is larger than 16 KiB.")
    if incoming.broken_off:
        return Unreadable("The body broke off before its end.")
    try:
        return read_callback(incoming.raw, incoming.content_type, card_paid_false=settings.chpter_card_paid_false)
    except Unreadable as unreadable:
        return unreadable


def _settle_once(incoming: IncomingCallback, callback: Callback | Unreadable) -> Outcome:
    attempt = db.session.scalar(select(PaymentAttempt).where(PaymentAttempt.secret_hash == incoming.secret_hash))
    status = 200 if isinstance(callback, Callback) else 413 if incoming.oversized else 400
    if attempt is None:
        unmatched_callbacks.keep_unmatched(incoming, callback if isinstance(callback, Callback) else None)
        return Outcome("R12", status)
    if incoming.spool_name and _is_recorded(incoming.spool_name):
        return Outcome("R8", 200)
    order = attempt.order
    if isinstance(callback, Unreadable):
        decision = decide_unreadable(AttemptState(attempt.state), Payment(order.payment), str(callback))
        if _has_room(attempt):
            _record(attempt, incoming, None, decision, decision.reason)
        return Outcome(decision.row, status)
    decision = _decide(attempt, order, callback, incoming.from_browser)
    changes = (decision.attempt, decision.order) != (attempt.state, order.payment)
    _apply(decision, attempt, order, callback, incoming.received_at)
    if changes or _has_room(attempt):
        reason = f"{decision.reason} {_amounts(attempt, callback)}".strip()
        _record(attempt, incoming, callback, decision, reason)
    log.info("callback settled row=%s attempt=%s order=%s", decision.row, decision.attempt, decision.order)
    return Outcome(decision.row, status)


def _decide(attempt: PaymentAttempt, order: Order, callback: Callback, from_browser: bool) -> Decision:
    """Lock the order in the state in which it was read, decide, and take the order's stock if the row needs it."""
    state = order.payment
    transitions.lock_order(order, state)
    facts = Facts(
        claim=callback.claim,
        reference_matches=callback.order_id == str(attempt.reference),
        amount_matches=callback.amount == attempt.amount,
        from_browser=from_browser,
        attempt=AttemptState(attempt.state),
        order=Payment(state),
        completes=manual_payments.completes(order, attempt),
        late=order.paid_late,
    )
    decision = decide(facts)
    if decision.takes_stock and not reservations.try_take(order.lines):
        return decide(replace(facts, stock_free=False))
    return decision


def _apply(decision: Decision, attempt: PaymentAttempt, order: Order, callback: Callback, now: datetime) -> None:
    attempt_before, order_before = attempt.state, order.payment
    if decision.keeps_code:
        mpesa_codes.keep_code(attempt, callback.code)
    if decision.attempt != attempt_before:
        _move_attempt(decision, attempt, callback, now)
    if decision.order != order_before:
        transitions.transition(order, order_before, decision.order)
        if decision.order is Payment.PAID:
            transitions.complete_payment(order, now, late=decision.late)
        else:
            order.paid_late = order.paid_late or decision.late
            order.record("The payment is being checked by a person", for_buyer=True)
    if decision.refund_due:
        money_ledger.add_refund_due(order, attempt.amount)
    if decision.notify_failure:
        charged = result_of(attempt.reason).charged
        outcome = "did not go through" if charged is Charged.NO else "was not confirmed"
        order.record(f"The payment {outcome}", for_buyer=True)
        if order.payable and attempt_before != AttemptState.SUPERSEDED:  # else there is nothing to try again
            db.session.flush()
            payment_failed.send(attempt)


def _move_attempt(decision: Decision, attempt: PaymentAttempt, callback: Callback, now: datetime) -> None:
    """Write the attempt's new state, and the ledger entry of a payment. Raises StaleState."""
    values: dict[str, object] = {"state": decision.attempt, "method": callback.method}
    if decision.attempt is AttemptState.FAILED:
        values |= {"reason": reason_of(callback.message, callback.method), "failed_at": now}
    elif decision.attempt is AttemptState.REVIEW:
        values["reported_amount"] = callback.amount
    guarded = update(PaymentAttempt).where(PaymentAttempt.id == attempt.id, PaymentAttempt.state == attempt.state)
    if not updated(guarded.values(values)):
        raise transitions.StaleState
    db.session.expire(attempt)
    if decision.attempt is AttemptState.PAID:
        money_ledger.enter_attempt_payment(attempt, attempt.amount)


def _has_room(attempt: PaymentAttempt) -> bool:
    kept = select(func.count()).select_from(CallbackRecord).where(CallbackRecord.attempt_id == attempt.id)
    if (db.session.scalar(kept) or 0) < MAX_KEPT:
        return True
    log.warning("a callback that changes nothing was not kept: its attempt has %d already", MAX_KEPT)
    return False


def _record(
    attempt: PaymentAttempt, incoming: IncomingCallback, callback: Callback | None, decision: Decision, reason: str
) -> None:
    anonymised = attempt.order.anonymised_at is not None
    db.session.add(
        CallbackRecord(
            attempt_id=attempt.id,
            received_at=incoming.received_at,
            raw=b"" if anonymised else incoming.raw,
            headers="" if anonymised else incoming.headers,
            claim=callback.claim if callback else "",
            amount=callback.amount if callback else None,
            row=decision.row,
            reason=reason,
            alert=decision.alert,
            spool_name=incoming.spool_name,
        )
    )
    if decision.alert:
        attempt.order.record(f"Callback, row {decision.row}: {reason}", warning=True)
        db.session.flush()
        payment_needs_review.send(attempt.order, row=decision.row, reason=reason)
    if decision.review_reason:
        flag_order(attempt.order, decision.review_reason, reason, attempt)


def _amounts(attempt: PaymentAttempt, callback: Callback) -> str:
    if callback.claim is Claim.NO or callback.amount == attempt.amount:
        return ""
    reported = shillings(callback.amount) if callback.amount is not None else f"“{callback.amount_text}”"
    return f"Requested {shillings(attempt.amount)}, Chpter reports {reported}."


def _is_recorded(spool_name: str) -> bool:
    recorded = select(CallbackRecord.id).where(CallbackRecord.spool_name == spool_name)
    return db.session.scalar(recorded) is not None
