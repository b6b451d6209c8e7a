"""The settling table: what one callback changes. A pure function, the first row that matches wins.

docs/settling.md prints the same table. Rows R0 (bad address) and R1 (unreadable body) never come this far.
"""

from dataclasses import dataclass

from shop.chpter import Claim
from shop.orders.states import AttemptState, Payment

SETTLED = (Payment.PAID, Payment.REFUNDED)
NEVER_SHOWN = (AttemptState.CREATING, AttemptState.CREATE_FAILED)


@dataclass(frozen=True)
class Facts:
    """All that a decision looks at."""

    claim: Claim
    reference_matches: bool  # the body names the attempt its address belongs to
    amount_matches: bool  # the body names the sum that was asked for
    from_browser: bool  # it bears the marks of a browser, which the provider's server does not have
    attempt: AttemptState
    order: Payment
    stock_free: bool = True  # asked only for an order that holds no goods: can it still be supplied?
    completes: bool = False  # of an order in review: a part came, its rest was asked for, and this attempt is that rest


@dataclass(frozen=True)
class Decision:
    """What to write: the states afterwards, and what a person should know. Every row answers HTTP 200."""

    row: str
    attempt: AttemptState
    order: Payment
    reason: str
    alert: bool = False
    refund_due: bool = False


def decide(facts: Facts) -> Decision:
    """Find the row of the table."""
    if not facts.reference_matches:
        return _same(facts, "R2", "The order_id in it is missing or another's: a mix-up, or an attack.", alert=True)
    if facts.claim is Claim.NO:
        return _failure(facts)
    if facts.claim is Claim.UNCLEAR:
        return _unclear(facts)
    return _success(facts)


def _failure(facts: Facts) -> Decision:
    decided = facts.order in SETTLED or (facts.order is Payment.REVIEW and not facts.completes)
    if facts.attempt in (AttemptState.PAID, AttemptState.REVIEW) or decided:
        return _same(facts, "R7", "It says the payment failed, but a failure never undoes money.")
    return Decision("R6", AttemptState.FAILED, facts.order, "The payment failed; the buyer may try again.")


def _unclear(facts: Facts) -> Decision:
    if facts.order in SETTLED:
        return _same(facts, "R5", "It contradicts itself, and the order is settled already.", alert=True)
    return _to_review(facts, "R5", "It contradicts itself, so a person decides.")


def _success(facts: Facts) -> Decision:
    if facts.attempt is AttemptState.PAID:
        return _same(facts, "R8", *_duplicate(facts))
    if not facts.amount_matches:
        return _to_review(facts, "R4", "The sum paid is not the sum asked for, so a person decides.")
    if facts.from_browser:
        return _to_review(facts, "R4", "It was sent by a browser, not by Chpter's server, so a person decides.")
    if facts.attempt in NEVER_SHOWN:
        return _to_review(facts, "R3c", "No payment page was ever shown for this attempt, so a person decides.")
    rest = facts.order is Payment.REVIEW and facts.completes and facts.stock_free
    if rest and facts.attempt is not AttemptState.REVIEW:
        return Decision("R3d", AttemptState.PAID, Payment.PAID, "The rest that was asked for came: paid in full.")
    if facts.attempt is AttemptState.REVIEW or facts.order is Payment.REVIEW:
        attempt = AttemptState.REVIEW if facts.attempt is AttemptState.REVIEW else AttemptState.PAID
        return Decision(
            "R9", attempt, facts.order, "It says paid: more evidence for the person who decides.", alert=True
        )
    return _money(facts)


def _money(facts: Facts) -> Decision:
    """A believable success: what it means depends on the order."""
    match facts.order:
        case Payment.AWAITING:
            return Decision("R3", AttemptState.PAID, Payment.PAID, "Paid in full.")
        case Payment.EXPIRED if facts.stock_free:
            return Decision(
                "R3a",
                AttemptState.PAID,
                Payment.PAID,
                "Paid in full after the order expired; the goods were still there.",
            )
        case Payment.EXPIRED:
            reason = "Paid in full after the order expired, and the goods are gone: refund it or make them again."
            return Decision("R3b", AttemptState.PAID, Payment.REVIEW, reason, alert=True)
        case Payment.CANCELLED:
            reason = "Paid after the order was cancelled: the money is to be given back."
            return Decision("R10", AttemptState.PAID, facts.order, reason, alert=True, refund_due=True)
        case _:
            reason = "The order was paid already: this money is to be given back."
            return Decision("R11", AttemptState.PAID, facts.order, reason, alert=True, refund_due=True)


def _duplicate(facts: Facts) -> tuple[str, bool]:
    if facts.amount_matches:
        return "A repeat of what is known.", False
    return "A repeat, but with another sum than the one that was paid.", True


def _to_review(facts: Facts, row: str, reason: str) -> Decision:
    attempt = AttemptState.PAID if facts.attempt is AttemptState.PAID else AttemptState.REVIEW
    order = Payment.REVIEW if facts.order in (Payment.AWAITING, Payment.REVIEW) else facts.order
    return Decision(row, attempt, order, reason, alert=True)


def _same(facts: Facts, row: str, reason: str, alert: bool = False) -> Decision:
    return Decision(row, facts.attempt, facts.order, reason, alert)
