"""Signals about orders and payments, for packages that the sender must not import.

Sent inside the sender's transaction: what a receiver writes is committed or rolled back with it.
"""

from blinker import Namespace

_signals = Namespace()

order_placed = _signals.signal("order-placed")  # sender: the Order
order_paid = _signals.signal("order-paid")  # sender: the Order
order_cancelled = _signals.signal("order-cancelled")  # sender: the Order
order_link_requested = _signals.signal("order-link-requested")  # sender: the Order
order_fulfilment_changed = _signals.signal("order-fulfilment-changed")  # sender: the Order
order_step_undone = _signals.signal("order-step-undone")  # sender: the Order; `taken_at`: when the step was made
order_corrected = _signals.signal("order-corrected")  # sender: the Order with its new email; `old_email`
message_to_buyer = _signals.signal("message-to-buyer")  # sender: the Order; `words`, `idempotency_key`

payment_failed = _signals.signal("payment-failed")  # sender: the PaymentAttempt
payment_needs_review = _signals.signal("payment-needs-review")  # sender: the Order; settlement `row`, `reason`
payment_unmatched = _signals.signal("payment-unmatched")  # sender: the UnmatchedCallback
remaining_payment_requested = _signals.signal("remaining-payment-requested")  # sender: the Order in review
manual_payment_undone = _signals.signal("manual-payment-undone")  # sender: the Order
refund_recorded = _signals.signal("refund-recorded")  # sender: the LedgerEntry
