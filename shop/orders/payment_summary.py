"""What the money of an order came to, for every paper that says so: page, receipt, slip, mail, export."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop.core.money import shillings
from shop.orders.models import Order
from shop.orders.states import Payment

if TYPE_CHECKING:
    from shop.payments.models import LedgerEntry

PAYMENT_METHODS = {"MPESA": "M-PESA", "CARD": "Card", "CASH": "Cash", "BANK": "Bank"}


@dataclass(frozen=True)
class PaymentSummary:
    """The sums of one order, in whole shillings."""

    total: int
    received: int
    written_off: int
    refunded: int
    refund_due: int

    @property
    def in_full(self) -> bool:
        """Whether exactly its total came, and all of it stayed."""
        return self.received == self.total and not (self.written_off or self.refunded or self.refund_due)

    @property
    def rows(self) -> Sequence[tuple[str, int]]:
        """What a paper says below the total: label and sum, without what is 0."""
        sums = (
            ("Received", self.received),
            ("Written off", self.written_off),
            ("Refunded", self.refunded),
            ("To be refunded", self.refund_due),
        )
        return [(label, amount) for label, amount in sums if amount]


def payment_summary(order: Order) -> PaymentSummary:
    """An order's account. What was let off counts only while the order is had for its money."""
    let_off = order.shortfall if order.payment in (Payment.PAID, Payment.REFUNDED) else 0
    return PaymentSummary(order.total, order.received, let_off, order.refunded, order.refund_due_amount)


def payments_of(order: Order) -> list["LedgerEntry"]:
    """The lines of the money book that brought what is counted for an order, oldest first; none that was corrected."""
    by_hand = [entry for entry in order.money if entry.kind == "by_hand"]
    standing = sum(entry.amount for entry in order.money if entry.kind in ("by_hand", "correction"))
    counted = [entry for entry in order.money if entry.kind == "callback"] + (by_hand[-1:] if standing > 0 else [])
    return sorted(counted, key=lambda entry: entry.id)


def payment_words(entry: "LedgerEntry") -> str:
    """How a payment came: the way, and what it is found by at M-PESA or Chpter."""
    way = PAYMENT_METHODS.get(entry.method, entry.method.capitalize() or "Payment")
    if entry.code:
        return f"{way}, code {entry.code}"
    return f"{way}, reference {entry.attempt.reference}" if entry.attempt else way


def paid_words(order: Order) -> str:
    """How a receipt says that an order is paid: in full only where it was."""
    account = payment_summary(order)
    if not account.total:
        return "Nothing to pay"
    if account.in_full:
        return "Paid in full"
    kept = account.received - account.refunded - account.refund_due
    return f"Paid {shillings(kept)}"
