"""What other rooms may want to hear of a payment; sent inside the transaction that makes it true."""

from blinker import Namespace

_signals = Namespace()

payment_failed = _signals.signal("payment-failed")  # sender: the PaymentAttempt
payment_doubted = _signals.signal("payment-doubted")  # sender: the Order; with the settling `row` and its `reason`
payment_unmatched = _signals.signal("payment-unmatched")  # sender: the UnmatchedCallback, which may be money
rest_asked_for = _signals.signal("rest-asked-for")  # sender: the Order in review whose buyer is asked for the rest
mark_taken_back = _signals.signal("mark-taken-back")  # sender: the Order that was marked paid by mistake
money_given_back = _signals.signal("money-given-back")  # sender: the MoneyEntry
