"""The settlement table: what one callback changes. A pure function; the first row that matches wins.

docs/settling.md prints the same table. Rows R0 (bad address) and R12 (unknown attempt) are
decided elsewhere.
"""

from dataclasses import dataclass, replace

from shop.chpter import Claim
from shop.orders.states import Payment
from shop.payments.models import AttemptState, ReviewReason

SETTLED = (Payment.PAID, Payment.REFUNDED)
REVIEW_ROWS = ("R3c", "R4", "R5")  # put an attempt into review
NEVER_OPENED = (AttemptState.CREATING, AttemptState.CREATE_FAILED)


@dataclass(frozen=True)
class Facts:
    """Everything a decision depends on."""

    claim: Claim
    reference_matches: bool  # the body names the attempt of its address
    amount_matches: bool  # the body names the amount that was requested
    from_browser: bool  # it has headers that only browsers send
    attempt: AttemptState
    order: Payment
    stock_free: bool = True  # for an order that holds no stock: whether its stock can still be taken
    completes: bool = False  # for an order in review: whether this attempt is the remaining payment that was requested
    late: bool = False  # the order had expired before it went to review


@dataclass(frozen=True)
class Decision:
    """The states to write and what else to do. Every row but R1 answers HTTP 200."""

    row: str
    attempt: AttemptState
    order: Payment
    reason: str
    alert: bool = False  # warn the merchant
    refund_due: bool = False  # the amount must be refunded
    late: bool = False  # the payment came after the order had expired
    takes_stock: bool = False  # only if the order's stock can be taken again; else decide with stock_free=False
    keeps_code: bool = False  # store the transaction code of the callback
    notify_failure: bool = False  # tell the buyer that the payment failed
    review_reason: ReviewReason | None = None  # flag the order for review


def decide(facts: Facts) -> Decision:
    """Return the decision of the first row that matches."""
    if not facts.reference_matches:
        reason = "The order_id is missing or belongs to another payment: a mix-up or an attack."
        return _unchanged(facts, "R2", reason, alert=True, review_reason=ReviewReason.MISMATCH)
    if facts.claim is Claim.NO:
        return _failure(facts)
    if facts.claim is Claim.UNCLEAR:
        return _unclear(facts)
    return replace(_success(facts), keeps_code=True)


def decide_unreadable(attempt: AttemptState, order: Payment, reason: str) -> Decision:
    """Return row R1: the body cannot be read."""
    return Decision("R1", attempt, order, reason, alert=True, review_reason=ReviewReason.UNREADABLE)


def _failure(facts: Facts) -> Decision:
    decided = facts.order in SETTLED or (facts.order is Payment.REVIEW and not facts.completes)
    if facts.attempt in (AttemptState.PAID, AttemptState.REVIEW) or decided:
        return _unchanged(facts, "R7", "It reports a failure, but a failure never undoes a payment.")
    reason = "The payment failed; the buyer may try again."
    repeated = facts.attempt is AttemptState.FAILED
    return Decision("R6", AttemptState.FAILED, facts.order, reason, notify_failure=not repeated)


def _unclear(facts: Facts) -> Decision:
    if facts.order in SETTLED:
        reason = "It contradicts itself, but the order is already settled."
        decision = _unchanged(facts, "R5", reason, alert=True)
    else:
        decision = _to_review(facts, "R5", "It contradicts itself, so a person must decide.")
    if decision.attempt is AttemptState.REVIEW or decision.order is Payment.REVIEW:
        return decision  # the state alone puts it into the review queue
    return replace(decision, review_reason=ReviewReason.CONTRADICTION)


def _success(facts: Facts) -> Decision:
    if facts.attempt is AttemptState.PAID:
        return _repeat(facts)
    if not facts.amount_matches:
        return _to_review(facts, "R4", "The amount paid is not the amount requested, so a person must decide.")
    if facts.from_browser:
        return _to_review(facts, "R4", "A browser sent it, not Chpter's server, so a person must decide.")
    if facts.attempt in NEVER_OPENED:
        return _to_review(facts, "R3c", "This attempt never had a payment page, so a person must decide.")
    if facts.attempt is AttemptState.REVIEW:
        return _more_evidence(facts, AttemptState.REVIEW)
    if facts.order is Payment.REVIEW:
        if facts.completes and facts.stock_free:
            reason = "The remaining amount was paid: paid in full."
            return Decision("R3d", AttemptState.PAID, Payment.PAID, reason, late=facts.late, takes_stock=facts.late)
        return _more_evidence(facts, AttemptState.PAID)
    return _payment(facts)


def _repeat(facts: Facts) -> Decision:
    if facts.amount_matches:
        return _unchanged(facts, "R8", "A repeat of a known payment.")
    reason = "A repeat with another amount than the one that was paid."
    flag = None if facts.order is Payment.REVIEW else ReviewReason.OTHER_SUM
    return _unchanged(facts, "R8", reason, alert=True, review_reason=flag)


def _more_evidence(facts: Facts, attempt: AttemptState) -> Decision:
    return Decision("R9", attempt, facts.order, "It reports a payment that a person already reviews.", alert=True)


def _payment(facts: Facts) -> Decision:
    """Decide on a full payment by the state of an order that is not in review."""
    match facts.order:
        case Payment.AWAITING:
            return Decision("R3", AttemptState.PAID, Payment.PAID, "Paid in full.")
        case Payment.EXPIRED if facts.stock_free:
            return Decision(
                "R3a",
                AttemptState.PAID,
                Payment.PAID,
                "Paid in full after the order expired; the stock was still available.",
                late=True,
                takes_stock=True,
                review_reason=ReviewReason.LATE,
            )
        case Payment.EXPIRED:
            reason = "Paid in full after the order expired, and the stock is gone: refund it or make the goods again."
            return Decision("R3b", AttemptState.PAID, Payment.REVIEW, reason, alert=True, late=True)
        case Payment.CANCELLED:
            reason = "Paid after the order was cancelled: a refund is due."
            return Decision("R10", AttemptState.PAID, facts.order, reason, alert=True, refund_due=True)
        case _:
            reason = "The order was already paid: a refund is due."
            return Decision("R11", AttemptState.PAID, facts.order, reason, alert=True, refund_due=True)


def _to_review(facts: Facts, row: str, reason: str) -> Decision:
    attempt = AttemptState.PAID if facts.attempt is AttemptState.PAID else AttemptState.REVIEW
    order = Payment.REVIEW if facts.order in (Payment.AWAITING, Payment.REVIEW) else facts.order
    return Decision(row, attempt, order, reason, alert=True)


def _unchanged(
    facts: Facts, row: str, reason: str, alert: bool = False, review_reason: ReviewReason | None = None
) -> Decision:
    return Decision(row, facts.attempt, facts.order, reason, alert, review_reason=review_reason)
