"""What other rooms may want to hear of an order.

Sent inside the transaction that makes it true, so that what a listener writes is kept or lost with it.
"""

from blinker import Namespace

_signals = Namespace()

order_placed = _signals.signal("order-placed")  # sender: the Order
order_paid = _signals.signal("order-paid")  # sender: the Order
order_cancelled = _signals.signal("order-cancelled")  # sender: the Order
order_link_requested = _signals.signal("link-asked-for")  # sender: the Order whose buyer lost its link
order_fulfilment_changed = _signals.signal("order-moved")  # sender: the Order whose goods went one step on
order_step_undone = _signals.signal("order-step-undone")  # sender: the Order; `taken_at`: when the step was
order_corrected = _signals.signal("order-corrected")  # sender: the Order, its email new; `old_email`
message_to_buyer = _signals.signal("buyer-told")  # sender: the Order; with words and their one-time key, once

payment_failed = _signals.signal("payment-failed")  # sender: the PaymentAttempt
payment_needs_review = _signals.signal("payment-doubted")  # sender: the Order; with the settling `row` and its `reason`
payment_unmatched = _signals.signal("payment-unmatched")  # sender: the UnmatchedCallback, which may be money
remaining_payment_requested = _signals.signal(
    "rest-asked-for"
)  # sender: the Order in review whose buyer is asked for the rest
manual_payment_undone = _signals.signal("mark-taken-back")  # sender: the Order that was marked paid by mistake
refund_recorded = _signals.signal("money-given-back")  # sender: the LedgerEntry
