"""What the provider's messages mean: why, in words a buyer understands, and whether money may have left."""

import pytest

from shop.chpter import Charged, Reason, plain_words, reason_of, result_of

NO, UNKNOWN = Charged.NO, Charged.UNKNOWN

MPESA = [
    ("Insufficient funds", NO, "The M-PESA balance was too low."),
    ("The balance is insufficient for the transaction.", NO, "The M-PESA balance was too low."),
    ("You do not have enough money in your account", NO, "The M-PESA balance was too low."),
    ("Salio lako halitoshi kukamilisha muamala huu", NO, "The M-PESA balance was too low."),
    ("Huna pesa za kutosha", NO, "The M-PESA balance was too low."),
    ("Request cancelled by user", NO, "The payment was cancelled on the phone."),
    ("Request Cancelled by customer.", NO, "The payment was cancelled on the phone."),
    ("Cancelled", NO, "The payment was cancelled on the phone."),
    ("Transaction canceled", NO, "The payment was cancelled on the phone."),
    ("Umeghairi ombi la malipo", NO, "The payment was cancelled on the phone."),
    ("The initiator information is invalid.", NO, "The M-PESA PIN was not right."),
    ("Wrong credentials", NO, "The M-PESA PIN was not right."),
    ("PIN si sahihi", NO, "The M-PESA PIN was not right."),
    ("PIN tries exceeded", NO, "The M-PESA PIN is blocked after too many wrong tries. Safaricom can unblock it."),
    ("DS timeout user cannot be reached", NO, "The M-PESA request on the phone was not answered in time."),
    ("No response from user", NO, "The M-PESA request on the phone was not answered in time."),
    ("Transaction has expired", NO, "The M-PESA request ended before the PIN was entered."),
    ("Declined due to account rule: limit rule", NO, "The payment was over an M-PESA limit."),
    ("Would Exceed Daily Transfer Limit.", NO, "The payment was over an M-PESA limit."),
    ("More than maximum transaction value", NO, "The payment was over an M-PESA limit."),
    ("Umezidi kiwango cha juu", NO, "The payment was over an M-PESA limit."),
    ("Unresolved Primary Party.", NO, "This phone number cannot pay by M-PESA."),
    ("Unable to lock subscriber, a transaction is already in process for the current subscriber", UNKNOWN, "Another"),
    ("An error occurred while sending a push request", UNKNOWN, "M-PESA could not send the request"),
    ("Push message error: character limit", UNKNOWN, "M-PESA could not send the request"),
    ("Internal Error", UNKNOWN, "M-PESA had a fault"),
    ("System busy. Please try again in few minutes", UNKNOWN, "M-PESA had a fault"),
    ("Traffic blocking condition in place", UNKNOWN, "M-PESA had a fault"),
    ("Request timed out, outcome unknown", UNKNOWN, "How the payment ended is not known yet."),
    ("The transaction is still under processing", UNKNOWN, "How the payment ended is not known yet."),
    ("Duplicate detected", UNKNOWN, "How the payment ended is not known yet."),
    ("Gateway timeout", UNKNOWN, "M-PESA took too long to answer."),
    ("Internal error: no response from user", UNKNOWN, "M-PESA had a fault"),
    ("Insufficient funds, status unknown", UNKNOWN, "How the payment ended is not known yet."),
    ("Insufficient stock of tokens", UNKNOWN, "M-PESA did not say why."),
    ("Declined", UNKNOWN, "M-PESA did not say why."),
    ("Cancelled by the system", UNKNOWN, "M-PESA did not say why."),
    ("M-PESA Payment Successful", UNKNOWN, "How the payment ended is not known yet."),
    ("Payment unsuccessful", UNKNOWN, "M-PESA did not say why."),
    ("", UNKNOWN, "M-PESA did not say why."),
    ("<script>alert(1)</script>", UNKNOWN, "M-PESA did not say why."),
]
CARDS = [
    ("Insufficient funds", NO, "The card did not have enough money on it."),
    ("insufficient_funds", NO, "The card did not have enough money on it."),
    ("Request cancelled by user", NO, "The payment was cancelled."),
    ("Do not honor", NO, "The bank declined the card."),
    ("Card declined", NO, "The bank declined the card."),
    ("Stolen card, pick up", NO, "The bank declined the card."),
    ("Refer to card issuer", NO, "The bank declined the card."),
    ("International card not permitted", NO, "The bank declined the card."),
    ("Card expired", NO, "The card has expired."),
    ("Invalid CVV", NO, "The card’s number, date or code was not right."),
    ("3DS authentication failed", NO, "The bank’s check of the card was not completed."),
    ("Exceeds withdrawal limit", NO, "The payment was over the card’s limit."),
    ("Issuer or switch inoperative", UNKNOWN, "The bank or its card system had a fault."),
    ("3DS timeout", UNKNOWN, "The bank took too long to answer."),
    ("Approved?", UNKNOWN, "The bank did not say why."),
]
EITHER = [
    ("Insufficient funds", NO, "There was not enough money for the payment."),
    ("Whatever", UNKNOWN, "We were not told why."),
]


@pytest.mark.parametrize(
    ("message", "charged", "words", "method"),
    [(*one, method) for method, known in (("MPESA", MPESA), ("CARD", CARDS), ("", EITHER)) for one in known],
)
def test_a_failure_is_said_in_plain_words_and_not_charged_only_where_it_is_proved(message, charged, words, method):
    reason = reason_of(message, method)

    assert plain_words(reason, method).startswith(words)
    assert result_of(reason).charged is charged
    assert result_of(reason).safe_to_pay_again == ("yes" if charged is NO else "not yet")


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("method", ["MPESA", "CARD", "", "OTHER"])
def test_every_reason_has_a_sentence_of_its_own_for_every_method(reason, method):
    words = plain_words(reason, method)

    assert words.endswith(".")
    assert words not in ("The payment did not go through.", "The payment was not confirmed yet.")


def test_a_reason_that_is_not_known_any_more_means_that_nothing_is_known():
    assert result_of("a reason of long ago") == result_of(Reason.UNKNOWN)
    assert result_of("").charged is UNKNOWN
