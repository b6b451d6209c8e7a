"""The states of an order. docs/states.md shows the transitions between them."""

from datetime import timedelta
from enum import StrEnum

OPENING_TIMEOUT = timedelta(
    seconds=12
)  # the longest an attempt is `creating`: the deadline of the call to Chpter, and 2 seconds
UNDO_WITHIN = timedelta(minutes=1)  # while a fulfilment step can be undone its email waits

PAY_AGAIN_AFTER = timedelta(minutes=10)  # after a failure that does not say whether the buyer was charged


class Payment(StrEnum):
    """Payment state of an order."""

    AWAITING = "awaiting"
    PAID = "paid"
    REVIEW = "review"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Fulfilment(StrEnum):
    """Fulfilment state of a paid order."""

    UNFULFILLED = "unfulfilled"
    PACKED = "packed"
    SENT = "sent"
    DELIVERED = "delivered"
    COLLECTED = "collected"


class ReceiptEmail(StrEnum):
    """State of the email with an order's receipt."""

    NONE = ""  # no email address, no mail server, or held back
    WAITING = "waiting"
    SENT = "sent"
    DOUBTFUL = "doubtful"  # the mail server got it and did not confirm
    REFUSED = "refused"
