"""The provider's messages in words a buyer understands."""

import pytest

from shop.chpter import Reason, plain_words, reason_of


@pytest.mark.parametrize(
    ("message", "method", "words"),
    [
        ("Insufficient funds", "MPESA", "The M-PESA balance was too low."),
        ("Insufficient funds", "CARD", "The card did not have enough money on it."),
        ("Insufficient funds", "", "There was not enough money for the payment."),
        ("Request cancelled by user", "MPESA", "The payment was cancelled on the phone."),
        ("Request cancelled by user", "CARD", "The payment was cancelled."),
        ("The balance is insufficient for the transaction.", "MPESA", "The M-PESA balance was too low."),
        ("The initiator information is invalid.", "MPESA", "The M-PESA PIN was not right."),
        (
            "DS timeout user cannot be reached",
            "MPESA",
            "Nobody answered the M-PESA request on the phone in time.",
        ),
        ("Declined due to account rule: limit rule", "MPESA", "The payment was over an M-PESA limit."),
        ("Do not honor", "CARD", "The bank declined the card."),
        ("Card declined", "CARD", "The bank declined the card."),
        ("Declined", "MPESA", "The payment did not go through."),
        ("Cancelled by the system", "MPESA", "The payment did not go through."),
        ("", "MPESA", "The payment did not go through."),
        ("<script>alert(1)</script>", "CARD", "The payment did not go through."),
    ],
)
def test_a_failure_is_said_in_plain_words(message, method, words):
    assert plain_words(reason_of(message, method), method) == words


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("method", ["MPESA", "CARD", "", "OTHER"])
def test_every_reason_has_a_sentence_for_every_method(reason, method):
    assert plain_words(reason, method).endswith(".")
