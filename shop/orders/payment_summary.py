"""The payments of an order in sums and texts, for the order page, receipt, slip, email and export."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop.core.clock import nairobi
from shop.core.money import shillings
from shop.orders.models import Order
from shop.orders.states import Payment

if TYPE_CHECKING:
    from shop.payments.models import LedgerEntry

PAYMENT_METHODS = {"MPESA": "M-PESA", "CARD": "Card", "CASH": "Cash", "BANK": "Bank"}


@dataclass(frozen=True)
class PaymentSummary:
    """The amounts of one order, in whole shillings."""

    total: int
    received: int
    written_off: int
    refunded: int
    refund_due: int

    @property
    def in_full(self) -> bool:
        """True when exactly the total was received and nothing was written off or refunded."""
        return self.received == self.total and not (self.written_off or self.refunded or self.refund_due)

    @property
    def rows(self) -> Sequence[tuple[str, int]]:
        """The rows below the total as (label, amount), without those of 0."""
        amounts = (
            ("Received", self.received),
            ("Written off", self.written_off),
            ("Refunded", self.refunded),
            ("To be refunded", self.refund_due),
        )
        return [(label, amount) for label, amount in amounts if amount]


def payment_summary(order: Order) -> PaymentSummary:
    """Summarise an order. The shortfall counts only while the order is paid or refunded."""
    written_off = order.shortfall if order.payment in (Payment.PAID, Payment.REFUNDED) else 0
    return PaymentSummary(order.total, order.received, written_off, order.refunded, order.refund_due_amount)


def payments_of(order: Order) -> list["LedgerEntry"]:
    """The ledger entries of an order's payments, oldest first, without corrected ones."""
    manual = [entry for entry in order.money if entry.kind == "by_hand"]
    balance = sum(entry.amount for entry in order.money if entry.kind in ("by_hand", "correction"))
    payments = [entry for entry in order.money if entry.kind == "callback"] + (manual[-1:] if balance > 0 else [])
    return sorted(payments, key=lambda entry: entry.id)


def refunds_of(order: Order) -> list["LedgerEntry"]:
    """The ledger entries of an order's refunds, oldest first. Their amounts are negative."""
    return [entry for entry in order.money if entry.kind == "refund"]


def payment_words(entry: "LedgerEntry") -> str:
    """The method of a payment or refund, with its M-PESA code or its number at Chpter."""
    method = PAYMENT_METHODS.get(entry.method, entry.method.capitalize() or "Payment")
    if entry.code:
        return f"{method}, code {entry.code}"
    return f"{method}, Chpter’s number {entry.attempt.reference}" if entry.attempt else method


def placed_and_paid(order: Order) -> str:
    """When an order was placed and paid: "Placed 24 Nov 2026, 14:05, paid at 14:07". A free order was only placed."""
    placed, paid = nairobi(order.placed_at), nairobi(order.paid_at) if order.paid_at and order.total else ""
    if placed == paid:
        return f"Placed and paid {placed}"
    day, _, time = paid.rpartition(", ")
    if paid and placed.startswith(day):
        return f"Placed {placed}, paid at {time}"
    return f"Placed {placed}, paid {paid}" if paid else f"Placed {placed}"


def paid_words(order: Order) -> str:
    """The text of a receipt about an order's payment."""
    summary = payment_summary(order)
    if not summary.total:
        return "Nothing to pay"
    if summary.in_full:
        return "Paid in full"
    kept = summary.received - summary.refunded - summary.refund_due
    return f"Paid {shillings(kept)}"
