"""The catalogue of payment results: what a failure's message means, in words a buyer understands.

Two messages are known from the provider: "Insufficient funds" (documented) and "Request cancelled by user" (from its
own sample). The other patterns are the usual result texts of M-PESA, in English and Swahili, and of card payments. A
result says "not charged" only where its wording proves it: the payment was refused before any money moved. A message
that no pattern matches is UNKNOWN: the buyer may or may not have been charged.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a payment did not go through."""

    OUTCOME_UNKNOWN = "outcome_unknown"
    ANOTHER_IN_PROGRESS = "another_in_progress"
    PROMPT_NOT_SENT = "prompt_not_sent"
    TIMED_OUT = "timed_out"
    PROVIDER_ERROR = "provider_error"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    PIN_BLOCKED = "pin_blocked"
    WRONG_PIN = "wrong_pin"
    NOT_CONFIRMED = "not_confirmed"
    CANCELLED_BY_USER = "cancelled_by_user"
    NO_ANSWER = "no_answer"
    EXPIRED = "expired"
    LIMIT_EXCEEDED = "limit_exceeded"
    NO_ACCOUNT = "no_account"
    CARD_EXPIRED = "card_expired"
    CARD_DETAILS = "card_details"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class Category(StrEnum):
    """Where the cause lies."""

    BUYER = "buyer"
    PHONE = "phone"
    ACCOUNT = "account"  # of the buyer, at M-PESA or the bank
    PROVIDER = "provider"
    UNKNOWN = "unknown"


class Charged(StrEnum):
    """Whether money left the buyer's account."""

    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """What one reason means. The words are one sentence each: for M-PESA, for a card, and where neither is known."""

    category: Category
    charged: Charged
    words: str
    mpesa: str = ""
    card: str = ""

    @property
    def safe_to_pay_again(self) -> str:
        """Either "yes", or "not yet" while a charge may still be on its way."""
        return "yes" if self.charged is Charged.NO else "not yet"


_NO, _UNKNOWN = Charged.NO, Charged.UNKNOWN
RESULTS: dict[Reason, Result] = {
    Reason.OUTCOME_UNKNOWN: Result(Category.UNKNOWN, _UNKNOWN, "How the payment ended is not known yet."),
    Reason.ANOTHER_IN_PROGRESS: Result(
        Category.PHONE,
        _UNKNOWN,
        "Another payment was still being worked on.",
        "Another M-PESA payment of this phone was still being worked on.",
    ),
    Reason.PROMPT_NOT_SENT: Result(
        Category.PROVIDER,
        _UNKNOWN,
        "The request to pay could not be sent properly.",
        "M-PESA could not send the request to the phone properly.",
    ),
    Reason.TIMED_OUT: Result(
        Category.PROVIDER,
        _UNKNOWN,
        "The payment took too long.",
        "M-PESA took too long to answer.",
        "The bank took too long to answer.",
    ),
    Reason.PROVIDER_ERROR: Result(
        Category.PROVIDER,
        _UNKNOWN,
        "The payment system had a fault.",
        "M-PESA had a fault or was too busy.",
        "The bank or its card system had a fault.",
    ),
    Reason.INSUFFICIENT_FUNDS: Result(
        Category.ACCOUNT,
        _NO,
        "There was not enough money for the payment.",
        "The M-PESA balance was too low.",
        "The card did not have enough money on it.",
    ),
    Reason.PIN_BLOCKED: Result(
        Category.ACCOUNT,
        _NO,
        "The PIN is blocked after too many wrong tries.",
        "The M-PESA PIN is blocked after too many wrong tries. Safaricom can unblock it.",
        "The card’s PIN is blocked after too many wrong tries. The bank can unblock it.",
    ),
    Reason.WRONG_PIN: Result(
        Category.BUYER,
        _NO,
        "The PIN was not right.",
        "The M-PESA PIN was not right.",
        "The card’s PIN or code was not right.",
    ),
    Reason.NOT_CONFIRMED: Result(
        Category.BUYER, _NO, "The payment was not confirmed.", card="The bank’s check of the card was not completed."
    ),
    Reason.CANCELLED_BY_USER: Result(
        Category.BUYER, _NO, "The payment was cancelled.", "The payment was cancelled on the phone."
    ),
    Reason.NO_ANSWER: Result(
        Category.PHONE,
        _NO,
        "The payment was not confirmed in time.",
        "The M-PESA request on the phone was not answered in time.",
    ),
    Reason.EXPIRED: Result(
        Category.BUYER,
        _NO,
        "The request to pay ended before it was confirmed.",
        "The M-PESA request ended before the PIN was entered.",
    ),
    Reason.LIMIT_EXCEEDED: Result(
        Category.ACCOUNT,
        _NO,
        "The payment was over a limit.",
        "The payment was over an M-PESA limit.",
        "The payment was over the card’s limit.",
    ),
    Reason.NO_ACCOUNT: Result(
        Category.ACCOUNT,
        _NO,
        "The account cannot pay.",
        "This phone number cannot pay by M-PESA.",
        "The card’s account cannot pay.",
    ),
    Reason.CARD_EXPIRED: Result(Category.ACCOUNT, _NO, "The card has expired."),
    Reason.CARD_DETAILS: Result(Category.BUYER, _NO, "The card’s number, date or code was not right."),
    Reason.DECLINED: Result(Category.ACCOUNT, _NO, "The payment was declined.", card="The bank declined the card."),
    Reason.UNKNOWN: Result(
        Category.UNKNOWN, _UNKNOWN, "We were not told why.", "M-PESA did not say why.", "The bank did not say why."
    ),
}

_WHO = "(?:the )?(?:user|customer|buyer|payer|subscriber|client|mteja|mtumiaji)"
# The first reason one of whose patterns is found in the message. Those whose outcome is unknown come first: a message
# that names two reasons proves nothing.
PATTERNS: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    (
        Reason.OUTCOME_UNKNOWN,
        (
            r"(?:outcome|status|result) (?:is )?(?:un|not )known",
            r"pending|being processed|(?:still|under) process|duplicate|already (?:been )?(?:paid|processed)|\bsuccess",
            r"inashughulikiwa|inasubiri|\bimekamilika|\bimefanikiwa",
        ),
    ),
    (
        Reason.ANOTHER_IN_PROGRESS,
        (
            r"unable to lock|lock (?:the )?subscriber|(?:already in|in) pro(?:cess|gress)|another transaction",
            "mwingine",
        ),
    ),
    (
        Reason.PROMPT_NOT_SENT,
        (r"push (?:request|message|notification|error)|sending (?:a |the )?push|character limit",),
    ),
    (
        Reason.PROVIDER_ERROR,
        (
            r"\binternal\b|system (?:error|failure|fault|malfunction|busy)|(?:un|not )available|inoperative|traffic",
            r"too many requests|rate limit|network (?:error|failure)|unable to process|hitilafu|mfumo|mtandao",
        ),
    ),
    (
        Reason.NO_ANSWER,
        (
            r"(?:user|subscriber|phone|msisdn|number) (?:can ?not|could not) be reached",
            rf"no response from {_WHO}|{_WHO} (?:did not|didn.t|has not) (?:respond|answer|enter)",
            r"hakujibu|hapatikani|haipatikani",
        ),
    ),
    (Reason.TIMED_OUT, (r"time ?out|timed out|no response|muda umeisha|imechukua muda",)),
    (
        Reason.INSUFFICIENT_FUNDS,
        (
            r"insufficient (?:account )?(?:fund|balance|money)|not sufficient funds|low balance",
            r"(?:balance|funds?) (?:is |are )?(?:insufficient|(?:too )?low)",
            r"not (?:have )?(?:enough|sufficient) (?:money|funds?|balance)",
            r"(?:salio|pesa|fedha|hela)\b.{0,20}\bha(?:li|i|zi)toshi|(?:huna|hauna|hana) (?:pesa|fedha|hela|salio)",
        ),
    ),
    (
        Reason.PIN_BLOCKED,
        (
            r"pin (?:tries|attempts|retries).{0,20}exceed|(?:too many|exceeded).{0,20}pin",
            r"pin (?:is |has been |was )?(?:blocked|locked)|pin (?:yako )?(?:imefungwa|imezuiwa|imezuiliwa)",
        ),
    ),
    (
        Reason.WRONG_PIN,
        (
            r"(?:wrong|invalid|incorrect|bad) (?:m-?pesa )?(?:pin|credential|password)",
            r"initiator information is invalid|pin (?:is |was )?(?:wrong|invalid|incorrect|not right)",
            r"(?:pin|na(?:mbari|mba) ya siri)\b.{0,12}\b(?:si|sio|siyo|isiyo) sahihi",
        ),
    ),
    (Reason.CARD_EXPIRED, (r"expired card|card (?:has |is |was )?expired",)),
    (
        Reason.NOT_CONFIRMED,
        (
            r"3-?d ?-?s|3-?d[ -]?secure|authentication (?:failed|failure|required|was not)|not authenticated",
            r"(?:wrong|invalid|incorrect) otp|otp (?:failed|expired|is wrong)",
        ),
    ),
    (
        Reason.CARD_DETAILS,
        (r"(?:invalid|incorrect|wrong) (?:card|cvv|cvc|cv2|security code|expiry|expiration|account number)",),
    ),
    (
        Reason.CANCELLED_BY_USER,
        (
            rf"cancell?ed by {_WHO}|{_WHO} (?:has )?cancell?ed|request (?:was )?cancell?ed|dismissed",
            r"^(?:the )?(?:payment |transaction )?(?:was |is )?cancell?ed\.?$",
            rf"(?:ume|ame|ime)ghairi|(?:ime|ame|ume)(?:futwa|katishwa) na {_WHO}",
        ),
    ),
    (Reason.EXPIRED, (r"(?:transaction|request|session|payment) (?:has |is |was )?expired|expired transaction",)),
    (
        Reason.LIMIT_EXCEEDED,
        (
            r"limit|(?:more|less) than (?:the )?(?:maximum|minimum)|(?:maximum|minimum) (?:amount|transaction|balance)",
            r"\bexceed|kikomo|kiwango cha (?:juu|chini)|umezidi(?:sha)? kiwango",
        ),
    ),
    (
        Reason.NO_ACCOUNT,
        (
            r"unresolved primary party|debit account invalid|invalid (?:phone|msisdn)|not registered|haijasajiliwa",
            r"(?:subscriber|customer) (?:was |is )?not found|account (?:is )?(?:inactive|suspended|dormant|closed)",
        ),
    ),
    (
        Reason.DECLINED,
        (
            r"declined|do not hono(?:u)?r|not (?:permitted|allowed)|refer to (?:card )?issuer",
            r"suspected fraud|imekataliwa|stolen|lost card|pick ?up card|restricted card|card (?:is )?blocked",
        ),
    ),
)
_FOUND_BY = tuple((reason, re.compile("|".join(patterns))) for reason, patterns in PATTERNS)
_ONLY_CARDS = (Reason.DECLINED, Reason.CARD_EXPIRED, Reason.CARD_DETAILS, Reason.NOT_CONFIRMED)


def reason_of(message: str, method: str) -> Reason:
    """The reason a failure's `message` gives. `method` is "MPESA", "CARD" or ""; only a bank declines."""
    words = " ".join(message.casefold().replace("_", " ").replace("’", "'").split())
    found = (reason for reason, pattern in _FOUND_BY if pattern.search(words))
    reason = next(found, Reason.UNKNOWN)
    return Reason.UNKNOWN if method == "MPESA" and reason in _ONLY_CARDS else reason


def result_of(reason: str) -> Result:
    """What a kept reason means; one that is not known any more means UNKNOWN."""
    return RESULTS[Reason(reason)] if reason in set(Reason) else RESULTS[Reason.UNKNOWN]


def plain_words(reason: str, method: str) -> str:
    """One sentence for the buyer, fitting the way they tried to pay."""
    result = result_of(reason)
    return {"MPESA": result.mpesa, "CARD": result.card}.get(method, "") or result.words
