"""What other rooms may want to hear of a payment; sent inside the transaction that makes it true."""

from blinker import Namespace

payment_failed = Namespace().signal("payment-failed")  # sender: the PaymentAttempt
