"""What needs a person, in words: its name, and what to do about it."""

from dataclasses import dataclass

from shop.admin.money.finding import Matter
from shop.clock import nairobi
from shop.money import shillings
from shop.payments.checking import Kind


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
    Kind.REVIEW: Why("To decide", f"{IN_CHPTER} Then accept or refuse. Send nothing before.", "bad"),
    Kind.CODE: Why("Code from a buyer", f"{IN_PHONE} If the money is there, mark the order paid."),
    Kind.UNSEEN: Why("To be seen", f"{IN_STATEMENT} It has to stand there with this sum. Send nothing before.", "bad"),
    Kind.TWICE: Why("Paid twice", "Give the second payment back, then record it here.", "bad"),
    Kind.REFUND_DUE: Why("Refund due", "Give the money back, then record it here.", "bad"),
    Kind.STRAY: Why("Money apart", f"{IN_CHPTER} Then say whether it came.", "bad"),
    Kind.OTHER_SUM: Why("Other sum", "Look in your Chpter account for a second payment. If so, give it back."),
    Kind.CONTRADICTION: Why("Contradiction", f"{IN_CHPTER} What it says counts."),
    Kind.MISMATCH: Why("Mix-up", "Look up both orders in your Chpter account. Send nothing because of this callback."),
    Kind.CODE_TWICE: Why("M-PESA code twice", "Compare both payments in your Chpter account and the M-PESA messages."),
    Kind.FREE: Why(
        "Free by a code", "Was the code meant to pay for all of it? If not, switch it off, and send nothing."
    ),
    Kind.OPENED: Why("Address known", f"{IN_CHPTER} Whoever knows the address could have said that it is paid."),
    Kind.UNREADABLE: Why("Unreadable", f"{IN_CHPTER} If it comes often, ask Chpter what they send."),
    Kind.LATE: Why("Paid late", "Nothing is wrong with the money. Make sure that the goods are really there.", "quiet"),
    Kind.WARNING: Why("Warning", "Open the order and read what happened. Then press “Looked at it”."),
    Kind.WAITING: Why("No word yet", f"{IN_CHPTER} If so, mark the order paid; if not, it ends by itself.", "quiet"),
}


def reason_of(matter: Matter) -> str:
    """Why a person has to look, in a sentence or two."""
    order = matter.order
    if matter.words:
        return matter.words
    match matter.kind:
        case Kind.REVIEW if order.rest_asked:
            came = f"{shillings(order.total - order.rest_asked)} of {shillings(order.total)} came"
            return f"{came}. The buyer was asked for the remaining {shillings(order.rest_asked)}."
        case Kind.REVIEW if order.late:
            return (
                "Paid in full after the order expired, and the goods are gone: make them again, or give the money back."
            )
        case Kind.UNSEEN:
            return "It is paid, and dear: its goods do not leave before an owner has seen the money."
        case Kind.TWICE:
            return f"More than one payment came for it: {shillings(order.due_back)} is to be given back."
        case Kind.REFUND_DUE:
            return f"{shillings(order.due_back)} came that this order does not need."
        case Kind.WAITING:
            back = ", and came back" if order.returned_at else ""
            return f"The buyer went to pay on {nairobi(matter.since)}{back}. Chpter has not said how it ended."
        case _:
            return "A person has to look at this payment."
