"""Where things stand, in the merchant's words, with the tone they are said in."""

from dataclasses import dataclass

from shop.chpter import ERROR_TEXTS, Charged, WrongRequest, plain_words, result_of
from shop.core.clock import nairobi
from shop.core.money import shillings
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.payments.models import AttemptState, PaymentAttempt, ReviewReason
from shop.payments.review_queue import ReviewItem


@dataclass(frozen=True)
class Badge:
    """A state in words. `tone` is waiting, ready, good, bad or quiet, and only underlines what the words say."""

    words: str
    tone: str = "quiet"


PAYMENTS = {
    Payment.REVIEW: Badge("To check", "bad"),
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
    AttemptState.PAID: Badge("Money came", "good"),
    AttemptState.FAILED: Badge("Failed"),
    AttemptState.REVIEW: Badge("To check", "bad"),
    AttemptState.SUPERSEDED: Badge("Replaced by a newer try"),
}
CLAIMS = {"yes": "Says paid", "no": "Says not paid", "unclear": "Contradicts itself", "": "Can’t be read"}
METHODS = {"MPESA": "M-PESA", "CARD": "Card"}
WRONG_REQUEST = "A field of the request was not as Chpter asks; nothing was sent. The timeline names it."
REPEATED_LINK = "The provider gave a payment link it had given before; it was not used."


def attempt_badge(attempt: PaymentAttempt, order: Order) -> Badge:
    """Where a try to pay stands. Money that came for an order that is not had for it pays nothing: that is said."""
    if attempt.state != AttemptState.PAID or order.payment in (Payment.PAID, Payment.REVIEW):
        return ATTEMPTS[AttemptState(attempt.state)]
    return Badge("Money came, to be refunded", "waiting") if order.refund_due else Badge("Money came, refunded")


def why_no_page(code: str) -> str:
    """The text for the stored code of a failed attempt to open a payment page."""
    texts = {**ERROR_TEXTS, WrongRequest.code: WRONG_REQUEST, "repeated_link": REPEATED_LINK}
    return texts.get(code, f"The payment page could not be opened ({code}).")


def why_failed(reason: str, method: str) -> str:
    """The kept reason of a failed payment, in words."""
    return plain_words(reason, method)


def was_charged(reason: str) -> str:
    """What the kept reason of a failed payment says about the buyer's money."""
    if result_of(reason).charged is Charged.NO:
        return "No"
    return "Not known. Look in your Chpter account before you ask the buyer to pay again."


@dataclass(frozen=True)
class Why:
    """A kind of matter. `tone` is bad, waiting or quiet, and only underlines what the words say."""

    words: str
    cure: str
    tone: str = "waiting"


IN_CHPTER = "Look in your Chpter account whether the money is there."
IN_PHONE = "Look for the code in your own M-PESA messages or your Chpter account."
IN_STATEMENT = "Find the payment in your Chpter account or on the M-PESA statement."
KINDS = {
    ReviewReason.REVIEW: Why("To decide", f"{IN_CHPTER} Then accept or refuse. Send nothing before.", "bad"),
    ReviewReason.CODE: Why("Code from a buyer", f"{IN_PHONE} If the money is there, mark the order paid."),
    ReviewReason.UNSEEN: Why(
        "To be seen", f"{IN_STATEMENT} It has to stand there with this sum. Send nothing before.", "bad"
    ),
    ReviewReason.TWICE: Why("Paid twice", "Give the second payment back, then record it here.", "bad"),
    ReviewReason.REFUND_DUE: Why("Refund due", "Give the money back, then record it here.", "bad"),
    ReviewReason.STRAY: Why("Money apart", f"{IN_CHPTER} Then say whether it came.", "bad"),
    ReviewReason.OTHER_SUM: Why("Other sum", "Look in your Chpter account for a second payment. If so, give it back."),
    ReviewReason.CONTRADICTION: Why("Contradiction", f"{IN_CHPTER} What it says counts."),
    ReviewReason.MISMATCH: Why(
        "Mix-up", "Look up both orders in your Chpter account. Send nothing because of this callback."
    ),
    ReviewReason.CODE_TWICE: Why(
        "M-PESA code twice", "Compare both payments in your Chpter account and the M-PESA messages."
    ),
    ReviewReason.FREE: Why(
        "Free by a code", "Was the code meant to pay for all of it? If not, switch it off, and send nothing."
    ),
    ReviewReason.OPENED: Why(
        "Address known", f"{IN_CHPTER} Whoever knows the address could have said that it is paid."
    ),
    ReviewReason.UNREADABLE: Why("Unreadable", f"{IN_CHPTER} If it comes often, ask Chpter what they send."),
    ReviewReason.LATE: Why(
        "Paid late", "Nothing is wrong with the money. Make sure that the goods are really there.", "quiet"
    ),
    ReviewReason.WARNING: Why("Warning", "Open the order and read what happened. Then press “Looked at it”."),
    ReviewReason.WAITING: Why(
        "No word yet", f"{IN_CHPTER} If so, mark the order paid; if not, it ends by itself.", "quiet"
    ),
}


def reason_of(matter: ReviewItem) -> str:
    """Why a person has to look, in a sentence or two."""
    order = matter.order
    if matter.words:
        return matter.words
    match matter.kind:
        case ReviewReason.REVIEW if order.remaining_requested:
            came = f"{shillings(order.total - order.remaining_requested)} of {shillings(order.total)} came"
            return f"{came}. The buyer was asked for the remaining {shillings(order.remaining_requested)}."
        case ReviewReason.REVIEW if order.paid_late:
            return (
                "Paid in full after the order expired, and the goods are gone: make them again, or give the money back."
            )
        case ReviewReason.UNSEEN:
            return "It is paid, and dear: its goods do not leave before an owner has seen the money."
        case ReviewReason.TWICE:
            return f"More than one payment came for it: {shillings(order.refund_due_amount)} is to be given back."
        case ReviewReason.REFUND_DUE:
            return f"{shillings(order.refund_due_amount)} came that this order does not need."
        case ReviewReason.WAITING:
            back = ", and came back" if order.returned_at else ""
            return f"The buyer went to pay on {nairobi(matter.since)}{back}. Chpter has not said how it ended."
        case _:
            return "A person has to look at this payment."


def standing(mail: OutboxEmail) -> Badge:
    """Where it stands."""
    if mail.sent_at:
        return Badge("Kept as a file, not sent") if mail.kept_as_file else Badge("Sent", "good")
    if mail.unanswered:
        return Badge("May have arrived", "bad" if mail.ended_at else "waiting")
    return Badge("Not sent", "bad") if mail.ended_at else Badge("Waiting", "waiting")
