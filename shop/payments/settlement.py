"""What one callback does: its record and its effects, in one transaction."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, update

from shop.chpter import Callback, Charged, Claim, Unreadable, read_callback, reason_of, result_of
from shop.core.database import db, updated, write
from shop.core.money import shillings
from shop.core.signals import payment_failed, payment_needs_review
from shop.orders import reservations, transitions
from shop.orders.models import Order
from shop.orders.states import AttemptState, Payment
from shop.payments import money_ledger, mpesa_codes, shortfalls, unmatched_callbacks
from shop.payments.callback_intake import IncomingCallback
from shop.payments.models import CallbackRecord, PaymentAttempt
from shop.payments.review_flags import flag_callback
from shop.payments.settlement_rules import Decision, Facts, decide

log = logging.getLogger(__name__)
TRIES = 5  # how often a decision is taken afresh because somebody moved the order meanwhile
MOST_KEPT = 50  # of one attempt; more are kept only when they change something, or one address could fill the disk


@dataclass(frozen=True)
class Outcome:
    """How to answer: 400 or 413 for a body that can't be read, else 200."""

    row: str
    status: int


def settle_callback(posted: IncomingCallback, card_paid_false: Literal["paid", "review"]) -> Outcome:
    """Record a callback and do what the table says.

    Raises sqlalchemy.exc.DBAPIError when the database refuses, and StaleState when the order moved at every try.
    Whatever it raises, nothing was kept then, and the caller spools it.
    """
    callback = _read(posted, card_paid_false)
    for _ in range(TRIES - 1):
        try:
            return write(lambda: _settle_once(posted, callback))
        except transitions.StaleState:
            continue
    return write(lambda: _settle_once(posted, callback))


def settle_in_transaction(posted: IncomingCallback, card_paid_false: Literal["paid", "review"]) -> Outcome:
    """As `settle`, once, inside the caller's transaction. Raises StaleState when the order moved meanwhile."""
    return _settle_once(posted, _read(posted, card_paid_false))


def _read(posted: IncomingCallback, card_paid_false: Literal["paid", "review"]) -> Callback | Unreadable:
    try:
        return read_callback(posted.raw, posted.content_type, card_paid_false=card_paid_false)
    except Unreadable as unreadable:
        return unreadable


def _settle_once(posted: IncomingCallback, callback: Callback | Unreadable) -> Outcome:
    attempt = db.session.scalar(select(PaymentAttempt).where(PaymentAttempt.secret_hash == posted.secret_hash))
    whole = not (posted.oversized or posted.broken_off)
    if attempt is None:
        understood = callback if whole and isinstance(callback, Callback) else None
        unmatched_callbacks.keep_unmatched(posted, understood)
        return Outcome("R12", 200 if understood else _unreadable_status(posted))
    if posted.spool_name and _replayed(posted.spool_name):
        return Outcome("R8", 200)
    if not whole or isinstance(callback, Unreadable):
        return _unreadable(attempt, posted, callback)
    order = attempt.order
    decision = _decided(attempt, order, callback, posted.from_browser)
    changes = (decision.attempt, decision.order) != (attempt.state, order.payment)
    _apply(decision, attempt, order, callback, posted.received_at)
    if changes or _room(attempt):
        words = f"{decision.reason} {_sums(attempt, callback)}".strip()
        _keep(attempt, posted, callback, decision.row, words, decision.alert)
    log.info("callback settled row=%s attempt=%s order=%s", decision.row, decision.attempt, decision.order)
    return Outcome(decision.row, 200)


def _decided(attempt: PaymentAttempt, order: Order, callback: Callback, from_browser: bool) -> Decision:
    """Lock the order in the state it was read in, then decide. Late money takes its goods here, if they are there."""
    seen = order.payment
    transitions.lock_order(order, seen)
    rest = shortfalls.completes(order, attempt)
    facts = Facts(
        claim=callback.claim,
        reference_matches=callback.order_id == str(attempt.reference),
        amount_matches=callback.amount == attempt.amount,
        from_browser=from_browser,
        attempt=AttemptState(attempt.state),
        order=Payment(seen),
        completes=rest,
    )
    decision = decide(facts)
    takes = decision.row == "R3a" or (decision.row == "R3d" and order.paid_late)
    if takes and not reservations.try_take(order.lines):
        decision = decide(replace(facts, stock_free=False))
    return decision


def _apply(decision: Decision, attempt: PaymentAttempt, order: Order, callback: Callback, now: datetime) -> None:
    before_attempt, before_order = attempt.state, order.payment
    reason = reason_of(callback.message, callback.method)
    if callback.claim is Claim.YES and decision.row != "R2":
        mpesa_codes.keep_code(attempt, callback.code)
    if decision.attempt != before_attempt:
        values: dict[str, object] = {"state": decision.attempt, "method": callback.method}
        if decision.attempt == AttemptState.FAILED:
            values |= {"reason": reason, "failed_at": now}
        elif decision.attempt == AttemptState.REVIEW:
            values["reported_amount"] = callback.amount
        guarded = update(PaymentAttempt).where(PaymentAttempt.id == attempt.id, PaymentAttempt.state == before_attempt)
        if not updated(guarded.values(values)):
            raise transitions.StaleState
        db.session.expire(attempt)
        if decision.attempt == AttemptState.PAID:
            code = mpesa_codes.code_to_book(attempt)
            money_ledger.enter_payment(order, attempt.amount, attempt=attempt, method=callback.method, code=code)
    if decision.order != before_order:
        transitions.transition(order, before_order, decision.order)
        if decision.row == "R3" or (decision.row == "R3d" and not order.paid_late):
            transitions.complete_payment(order, now)
        elif decision.row in ("R3a", "R3d"):
            transitions.complete_late_payment(order, now)
        else:
            order.record("The payment is being checked by a person", for_buyer=True)
    if decision.refund_due:
        money_ledger.add_refund_due(order, attempt.amount)
    if decision.row == "R3b":
        order.paid_late = True
    if decision.row == "R6" and before_attempt != AttemptState.FAILED:
        charged = result_of(reason).charged
        words = "did not go through" if charged is Charged.NO else "was not confirmed"
        order.record(f"The payment {words}", for_buyer=True)
        if order.payable and before_attempt != AttemptState.SUPERSEDED:
            db.session.flush()
            payment_failed.send(attempt)  # where nothing can be tried again, or is being tried, nobody is asked to


def _unreadable(attempt: PaymentAttempt, posted: IncomingCallback, why: Callback | Unreadable) -> Outcome:
    words = "The body broke off before its end." if posted.broken_off else str(why)
    if posted.oversized:
        words = "The body is larger than 16 KiB."
    if _room(attempt):
        _keep(attempt, posted, None, "R1", words, True)
    return Outcome("R1", _unreadable_status(posted))


def _unreadable_status(posted: IncomingCallback) -> int:
    return 413 if posted.oversized else 400


def _room(attempt: PaymentAttempt) -> bool:
    kept = select(func.count()).select_from(CallbackRecord).where(CallbackRecord.attempt_id == attempt.id)
    if (db.session.scalar(kept) or 0) < MOST_KEPT:
        return True
    log.warning("a callback that changes nothing is not kept: its attempt has %d already", MOST_KEPT)
    return False


def _keep(
    attempt: PaymentAttempt, posted: IncomingCallback, callback: Callback | None, row: str, reason: str, alert: bool
) -> None:
    forgotten = attempt.order.anonymised_at is not None  # then nothing that may tell of the buyer is kept any more
    db.session.add(
        CallbackRecord(
            attempt_id=attempt.id,
            received_at=posted.received_at,
            raw=b"" if forgotten else posted.raw,
            headers="" if forgotten else posted.headers,
            claim=callback.claim if callback else "",
            amount=callback.amount if callback else None,
            row=row,
            reason=reason,
            alert=alert,
            spool_name=posted.spool_name,
        )
    )
    if alert:
        attempt.order.record(f"Callback, row {row}: {reason}", warning=True)
        db.session.flush()
        payment_needs_review.send(attempt.order, row=row, reason=reason)
    if alert or row == "R3a":
        flag_callback(row, attempt, reason)


def _sums(attempt: PaymentAttempt, callback: Callback) -> str:
    if callback.claim is Claim.NO or callback.amount == attempt.amount:
        return ""
    said = shillings(callback.amount) if callback.amount is not None else f"“{callback.amount_text}”"
    return f"Asked for {shillings(attempt.amount)}, it says {said}."


def _replayed(spool_name: str) -> bool:
    seen = select(CallbackRecord.id).where(CallbackRecord.spool_name == spool_name)
    return db.session.scalar(seen) is not None
