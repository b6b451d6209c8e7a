"""The admin's labels: states as badges, reasons as sentences."""

from dataclasses import dataclass
from datetime import datetime

from shop.cart.models import SharedCart
from shop.chpter import ERROR_TEXTS, Charged, WrongRequest, plain_words, result_of
from shop.core.clock import nairobi
from shop.core.money import shillings
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.payment_summary import PAYMENT_METHODS
from shop.orders.states import Fulfilment, Payment
from shop.payments.models import AttemptState, PaymentAttempt, ReviewReason
from shop.payments.review_queue import ReviewItem
from shop.pricing.models import DiscountCode
from shop.reports.queries import BY_HAND


@dataclass(frozen=True)
class Badge:
    """A state in words. `tone` is waiting, ready, good, bad or quiet, and repeats what the words say."""

    words: str
    tone: str = "quiet"


PAYMENTS = {
    Payment.REVIEW: Badge("To review", "bad"),
    Payment.AWAITING: Badge("Waiting for payment", "waiting"),
    Payment.PAID: Badge("Paid", "good"),
    Payment.EXPIRED: Badge("Expired"),
    Payment.CANCELLED: Badge("Cancelled"),
    Payment.REFUNDED: Badge("Refunded"),
}
FULFILMENTS = {
    Fulfilment.UNFULFILLED: Badge("Not packed yet", "waiting"),
    Fulfilment.PACKED: Badge("Packed", "ready"),
    Fulfilment.SENT: Badge("Sent", "good"),
    Fulfilment.DELIVERED: Badge("Delivered", "good"),
    Fulfilment.COLLECTED: Badge("Collected", "good"),
}
ATTEMPTS = {
    AttemptState.CREATING: Badge("Opening the payment page", "waiting"),
    AttemptState.CREATE_FAILED: Badge("No payment page"),
    AttemptState.OPEN: Badge("Payment page open", "waiting"),
    AttemptState.PAID: Badge("Money received", "good"),
    AttemptState.FAILED: Badge("Failed"),
    AttemptState.REVIEW: Badge("To review", "bad"),
    AttemptState.SUPERSEDED: Badge("Replaced by a newer attempt"),
}
CLAIMS = {"yes": "Says paid", "no": "Says not paid", "unclear": "Contradicts itself", "": "Can’t be read"}
WRONG_REQUEST = "A field of the request was not valid for Chpter; nothing was sent. The timeline names the field."
REPEATED_LINK = "Chpter returned a payment link that it had returned before; the shop did not use it."


def attempt_badge(attempt: PaymentAttempt, order: Order) -> Badge:
    """The state of a payment attempt, and whether its money has to be refunded."""
    if attempt.state != AttemptState.PAID or order.payment in (Payment.PAID, Payment.REVIEW):
        return ATTEMPTS[AttemptState(attempt.state)]
    return Badge("Money received, refund due", "waiting") if order.refund_due else Badge("Money received, refunded")


def why_no_page(code: str) -> str:
    """Why the payment page could not be opened, for the stored error code."""
    texts = {**ERROR_TEXTS, WrongRequest.code: WRONG_REQUEST, "repeated_link": REPEATED_LINK}
    return texts.get(code, f"The payment page could not be opened ({code}).")


def why_failed(reason: str, method: str) -> str:
    """Why a payment failed, for the stored reason."""
    return plain_words(reason, method)


def was_charged(reason: str) -> str:
    """Whether the buyer was charged, for the stored reason of a failed payment."""
    if result_of(reason).charged is Charged.NO:
        return "No"
    return "Not known. Look in your Chpter account before you ask the buyer to pay again."


@dataclass(frozen=True)
class ReviewLabel(Badge):
    """A reason for review, and what to do."""

    cure: str = ""


IN_CHPTER = "Look for the payment in your Chpter account."
IN_PHONE = "Look for the code in your own M-PESA messages or your Chpter account."
IN_STATEMENT = "Find the payment in your Chpter account or on the M-PESA statement."
REVIEW_REASONS = {
    ReviewReason.REVIEW: ReviewLabel(
        "To decide", "bad", f"{IN_CHPTER} Then accept or refuse it. Send nothing before that."
    ),
    ReviewReason.CODE: ReviewLabel(
        "Code from a buyer", "waiting", f"{IN_PHONE} If the payment is there, mark the order paid."
    ),
    ReviewReason.UNSEEN: ReviewLabel(
        "To verify", "bad", f"{IN_STATEMENT} The amount must be the same. Send nothing before that."
    ),
    ReviewReason.TWICE: ReviewLabel("Paid twice", "bad", "Refund the second payment, then record the refund here."),
    ReviewReason.REFUND_DUE: ReviewLabel("Refund due", "bad", "Refund the money, then record the refund here."),
    ReviewReason.STRAY: ReviewLabel(
        "Payment on a closed order", "bad", f"{IN_CHPTER} Then press Received or Not received."
    ),
    ReviewReason.OTHER_SUM: ReviewLabel(
        "Different amount", "waiting", "Look in your Chpter account for a second payment. If there is one, refund it."
    ),
    ReviewReason.CONTRADICTION: ReviewLabel("Contradiction", "waiting", f"{IN_CHPTER} Your Chpter account is right."),
    ReviewReason.MISMATCH: ReviewLabel(
        "Callback for another order",
        "waiting",
        "Look up both orders in your Chpter account. Do not send an order because of this callback.",
    ),
    ReviewReason.CODE_TWICE: ReviewLabel(
        "M-PESA code used twice",
        "waiting",
        "Compare both payments in your Chpter account and in the M-PESA messages.",
    ),
    ReviewReason.FREE: ReviewLabel(
        "Free with a discount code",
        "waiting",
        "Should the discount code pay for the whole order? If not, switch it off, and send nothing.",
    ),
    ReviewReason.OPENED: ReviewLabel(
        "Callback address opened",
        "waiting",
        f"{IN_CHPTER} A person who knows the callback address could send “paid” to it.",
    ),
    ReviewReason.UNREADABLE: ReviewLabel(
        "Unreadable callback", "waiting", f"{IN_CHPTER} If this happens often, ask Chpter what they send."
    ),
    ReviewReason.LATE: ReviewLabel(
        "Paid late", "quiet", "The payment is correct. Make sure that you still have the goods."
    ),
    ReviewReason.WARNING: ReviewLabel(
        "Warning", "waiting", "Open the order and read its timeline. Then press “Resolve”."
    ),
    ReviewReason.WAITING: ReviewLabel(
        "No callback yet", "quiet", f"{IN_CHPTER} If it is there, mark the order paid; if not, the order expires."
    ),
}


def review_reason(item: ReviewItem) -> str:
    """Why a person has to look at this, in a sentence or two."""
    order = item.order
    if item.words:
        return item.words
    match item.kind:
        case ReviewReason.REVIEW if order.remaining_requested:
            received = f"{shillings(order.total - order.remaining_requested)} of {shillings(order.total)} was received"
            return f"{received}. The buyer was asked for the remaining {shillings(order.remaining_requested)}."
        case ReviewReason.REVIEW if order.paid_late:
            return "Paid in full after the order expired, and out of stock now: restock the goods, or refund the money."
        case ReviewReason.UNSEEN:
            return "This is a large payment: an owner has to verify it before you send the order."
        case ReviewReason.TWICE:
            return f"More than one payment was received: {shillings(order.refund_due_amount)} has to be refunded."
        case ReviewReason.REFUND_DUE:
            return f"{shillings(order.refund_due_amount)} was received that this order does not need."
        case ReviewReason.WAITING:
            back = " and came back" if order.returned_at else ""
            return f"The buyer opened the payment page on {nairobi(item.since)}{back}. Chpter has not called back."
        case _:
            return "A person has to look at this payment."


def email_badge(email: OutboxEmail) -> Badge:
    """Whether an email was sent."""
    if email.sent_at:
        return Badge("Kept as a file, not sent") if email.kept_as_file else Badge("Sent", "good")
    if email.unanswered:
        return Badge("May have arrived", "bad" if email.ended_at else "waiting")
    return Badge("Not sent", "bad") if email.ended_at else Badge("Waiting", "waiting")


def discount_code_badge(code: DiscountCode, now: datetime) -> Badge:
    """Whether buyers can use a discount code now."""
    if not code.active:
        return Badge("Off")
    if code.expires_at and code.expires_at <= now:
        return Badge("Ended")
    if code.max_uses is not None and code.uses >= code.max_uses:
        return Badge("Used up")
    if code.starts_at and code.starts_at > now:
        return Badge("Not started", "waiting")
    return Badge("Active", "good")


def cart_link_badge(cart: SharedCart, now: datetime) -> Badge:
    """Whether a cart link can be opened."""
    if not cart.active:
        return Badge("Off")
    return Badge("Expired") if cart.expires_at <= now else Badge("Open", "good")


def reported_method(method: str) -> str:
    """A payment method of the report; "" if there was no payment attempt."""
    if method.startswith(BY_HAND):
        how = method.removeprefix(BY_HAND)
        return f"By hand: {PAYMENT_METHODS.get(how, how)}"
    return PAYMENT_METHODS.get(method, method) if method else "Method not known, or nothing to pay"


def reported_ending(state: str, reason: str) -> str:
    """How a payment attempt ended, with any method."""
    if state == AttemptState.FAILED:
        return why_failed(reason, "").rstrip(".")
    known = {AttemptState.CREATE_FAILED: "No payment page could be opened", AttemptState.OPEN: "No callback yet"}
    words = known.get(AttemptState(state)) or ATTEMPTS[AttemptState(state)].words
    return f"{words}, after a failure: {why_failed(reason, '').rstrip('.')}" if reason else words


def drilldown_title(of: str, value: str) -> str:
    """What the orders of a drill-down have in common."""
    match of:
        case "state":
            return PAYMENTS[Payment(value)].words
        case "refunded":
            return "Refunded since"
        case "written-off":
            return "Accepted with less than the total"
        case "refunds-made":
            return "Refunds made"
        case "method":
            return f"Paid: {reported_method(value)[:40]}"
        case "ending":
            state, _, reason = value.partition(".")
            return f"Payment attempts: {reported_ending(state, reason)}"
        case _:
            return f"With {value[:40]}"
