"""The words for where an order stands. docs/states.md draws the moves between them."""

from enum import StrEnum


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


class AttemptState(StrEnum):
    """Where one try to pay an order stands."""

    CREATING = "creating"
    CREATE_FAILED = "create_failed"
    OPEN = "open"
    PAID = "paid"
    FAILED = "failed"
    REVIEW = "review"
    SUPERSEDED = "superseded"
