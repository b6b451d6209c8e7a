"""What other rooms may want to hear of a payment; sent inside the transaction that makes it true."""

from blinker import Namespace

_signals = Namespace()

payment_failed = _signals.signal("payment-failed")  # sender: the PaymentAttempt
payment_doubted = _signals.signal("payment-doubted")  # sender: the Order; with the settling `row` and its `reason`
payment_unmatched = _signals.signal("payment-unmatched")  # sender: the UnmatchedCallback, which may be money
money_given_back = _signals.signal("money-given-back")  # sender: the MoneyEntry
