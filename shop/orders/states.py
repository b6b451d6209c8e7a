"""The words for where an order stands. docs/states.md draws the moves between them."""

from datetime import timedelta
from enum import StrEnum

BEING_OPENED = timedelta(seconds=12)  # as long as an attempt may be `creating`: Chpter's deadline and a little
UNDO_WITHIN = timedelta(minutes=1)  # so long a step of the goods can be undone, and its email waits

PAY_AGAIN_AFTER = timedelta(minutes=10)  # after a failure that does not say whether the buyer was charged


class Payment(StrEnum):
    """Whether an order is paid."""

    AWAITING = "awaiting"
    PAID = "paid"
    REVIEW = "review"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Fulfilment(StrEnum):
    """Where a paid order's goods are."""

    UNFULFILLED = "unfulfilled"
    PACKED = "packed"
    SENT = "sent"
    DELIVERED = "delivered"
    COLLECTED = "collected"


class ReceiptEmail(StrEnum):
    """Where the mail with an order's receipt stands."""

    NONE = ""  # there is none: no address, no mail server, or held back
    WAITING = "waiting"
    SENT = "sent"
    DOUBTFUL = "doubtful"  # the mail server took it and did not say what became of it
    REFUSED = "refused"
