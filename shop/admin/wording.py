"""Where things stand, in the merchant's words, with the tone they are said in."""

from dataclasses import dataclass

from shop.chpter import Charged, ChpterError, WrongRequest, plain_words, result_of
from shop.orders.models import Order
from shop.orders.states import AttemptState, Fulfilment, Payment
from shop.payments.models import PaymentAttempt


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
    """The kept code of a failed attempt to open a payment page, in words."""
    known = {kind.code: kind.__doc__ for kind in ChpterError.__subclasses__()}
    known |= {"repeated_link": REPEATED_LINK, WrongRequest.code: WRONG_REQUEST}
    return known.get(code) or f"The payment page could not be opened ({code})."


def why_failed(reason: str, method: str) -> str:
    """The kept reason of a failed payment, in words."""
    return plain_words(reason, method)


def was_charged(reason: str) -> str:
    """What the kept reason of a failed payment says about the buyer's money."""
    if result_of(reason).charged is Charged.NO:
        return "No"
    return "Not known. Look in your Chpter account before you ask the buyer to pay again."
