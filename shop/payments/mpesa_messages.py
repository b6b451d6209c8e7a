"""Reads pasted M-PESA codes and messages. A text proves nothing: anyone can write one."""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from shop.core.clock import NAIROBI
from shop.core.phones import kenyan_mobile
from shop.core.text import one_line

MAX_MESSAGE_LENGTH = 1000  # characters
MAX_AMOUNT = 999_999_999  # shillings, the maximum of the admin's forms too
YEARS = range(2000, 2200)


class Direction(StrEnum):
    """What a message says happened to the money; unknown for a bare code."""

    UNKNOWN = "unknown"
    SENT = "sent"  # from the phone that got the message
    RECEIVED = "received"  # by that phone
    REVERSED = "reversed"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # as cash
    DEPOSITED = "deposited"  # in cash
    AIRTIME = "airtime"
    MOVED = "moved"  # to or from savings
    LOAN = "loan"


NO_PAYMENT = {  # the directions that are no payment, as the end of a sentence
    Direction.REVERSED: "a payment that was reversed",
    Direction.FAILED: "a payment that failed",
    Direction.WITHDRAWN: "cash taken out at an agent",
    Direction.DEPOSITED: "cash paid in at an agent",
    Direction.AIRTIME: "airtime",
    Direction.MOVED: "money moved to or from savings",
    Direction.LOAN: "a Fuliza loan",
}
_WORDS = {  # the first match counts, in the part before the new balance: advertisements follow it
    Direction.FAILED: r"\bFAILED\b|\bCANCELLED\b|\bIMESHINDIKANA\b|\bHAIKUFAULU\b|\bHAIJAFAULU\b|\bUMESHINDWA\b",
    Direction.REVERSED: r"\bREVERSAL\b|\bREVERSED\b|BATILISHWA\b|\bUREJESHO\b|REJESHWA\b",
    Direction.LOAN: r"\bFULIZA M-?PESA (?:AMOUNT|LIMIT)\b|\bFULIZA M-?PESA ?(?:LOAN|NI)\b",
    Direction.AIRTIME: r"\bOF AIRTIME\b|\bBOUGHT AIRTIME\b|\bMUDA WA MAONGEZI\b|\bYA AIRTIME\b",
    Direction.WITHDRAWN: r"WITHDRAW|\bUMETOA\b|\bKUTOA\b|\bIMETOLEWA\b|\bTOA KSH",
    Direction.DEPOSITED: r"\bGIVE\b.{1,40}\bCASH TO\b|\bUMEWEKA\b|\bWEKA\b",
    Direction.MOVED: r"\bTRANSFERRED (?:TO|FROM)\b|\bM-?SHWARI\b|\bHAMISHWA\b|\b(?:IME|UME)HAMISH",
    Direction.RECEIVED: r"\bRECEIVED\b|\bSENT FROM\b|\bUMEPOKEA\b|\bIMEPOKEWA\b",
    Direction.SENT: r"\b(?:SENT|PAID)\b|\bIMETUMWA\b|\bIMELIPWA\b|\bUMETUMA\b|\bUMELIPA\b",
}
_DIRECTIONS = [(direction, re.compile(words, re.ASCII)) for direction, words in _WORDS.items()]
_BALANCE = re.compile(
    r"\b(?:NEW|YOUR) (?:M-?PESA |ACCOUNT |WALLET )*BALANCE\b|\bSALIO\b|\bTRANSACTION COST\b", re.ASCII
)
_CODE = re.compile(r"(?=[0-9]*[A-Z])[A-Z0-9]{10}", re.ASCII)
_HEADER = re.compile(r"\b([A-Z0-9]{10})\b[ ,.:]*(?:CONFIRMED|IMETHIBITISHWA|FAILED|IMESHINDIKANA)\b", re.ASCII)
_ANY_CODE = re.compile(r"\b(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{10}\b", re.ASCII)
_AMOUNT = re.compile(
    r"\b(?:KSHS?|KES|SHS?)\.?\s?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:\.([0-9]{2}))?(?![0-9])", re.ASCII
)
_WHEN = re.compile(
    r"\b([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})\s+(?:(?:AT|SAA|MNAMO)\s+)?([0-9]{1,2}):([0-9]{2})\s?(AM|PM)?",
    re.ASCII,
)
_PHONE = re.compile(r"(?<![0-9])(?:\+?254|0)[17][0-9]{8}(?![0-9])", re.ASCII)
_LOOKALIKES = str.maketrans("0I158", "OLLSB")


class CodeError(ValueError):
    """The text has no M-PESA code of a payment. The message says how to correct it."""


@dataclass(frozen=True)
class Message:
    """The parts of a pasted text, each None when it is missing. `amount` is whole shillings."""

    code: str | None
    amount: int | None = None
    at: datetime | None = None  # UTC
    phone: str | None = field(default=None, repr=False)  # 2547XXXXXXXX, of the other party
    direction: Direction = Direction.UNKNOWN
    reverses: str | None = None  # the code of the payment that was reversed

    @property
    def no_payment(self) -> str:
        """What the message is about, if it is not a payment; else ""."""
        return NO_PAYMENT.get(self.direction, "")


def read_message(text: str) -> Message:
    """Read an M-PESA message, in English or Swahili, or a bare code."""
    words = _capitals(text[: 2 * MAX_MESSAGE_LENGTH])
    if " " not in words or re.search("[0-9]", words):  # two words of ten letters together are not a code
        with suppress(CodeError):
            return Message(_bare_code(words))
    header = _HEADER.search(words)
    found = header or _ANY_CODE.search(words)
    code = (found.group(1) if header else found.group()) if found else None
    rest = words[found.end() :] if header and found else words
    phone = _PHONE.search(_before_balance(rest))
    direction = _direction_of(_before_balance(words))
    reverses = next((one for one in _ANY_CODE.findall(rest) if one != code), None)
    return Message(
        code,
        _amount_in(rest),
        _time_in(rest),
        kenyan_mobile(phone.group()) if phone else None,
        direction,
        reverses if direction == Direction.REVERSED else None,
    )


def read_code(text: str, also: Direction | None = None) -> str:
    """Read the code of a payment, in capitals: typed alone, with other words, or in the whole message.

    Raises CodeError when there is none, and when the message is not about a payment; `also` is a direction to accept
    in addition.
    """
    message = read_message(text)
    if message.no_payment and message.direction != also:
        raise CodeError(f"That message is about {message.no_payment}. Paste the message of the payment")
    if message.code is None:
        raise CodeError("M-PESA code must be 10 letters and digits, like SKA1B2C3D4")
    return message.code


def is_code(text: str) -> bool:
    """Whether a text is an M-PESA code in the form that the ledger stores."""
    return _CODE.fullmatch(text) is not None


def lookalike(code: str) -> str:
    """Give codes that look the same on a phone's screen one spelling: 0 and O, 1, I and L, 5 and S, 8 and B."""
    return code.translate(_LOOKALIKES)


def _capitals(text: str) -> str:
    return one_line(unicodedata.normalize("NFKC", text), MAX_MESSAGE_LENGTH).upper()


def _bare_code(words: str) -> str:
    code = re.sub(r"\s", "", words).strip(".,;:!'\"()")
    if not _CODE.fullmatch(code):
        raise CodeError
    return code


def _before_balance(words: str) -> str:
    balance = _BALANCE.search(words)
    return words[: balance.start()] if balance else words


def _direction_of(words: str) -> Direction:
    return next((direction for direction, pattern in _DIRECTIONS if pattern.search(words)), Direction.UNKNOWN)


def _amount_in(words: str) -> int | None:
    """The first amount, or None when it has cents: the shop asks for whole shillings."""
    found = _AMOUNT.search(words)
    if not found or found.group(2) not in (None, "00"):
        return None
    amount = int(found.group(1).replace(",", ""))
    return amount if 0 < amount <= MAX_AMOUNT else None


def _time_in(words: str) -> datetime | None:
    when = _WHEN.search(words)
    if not when:
        return None
    day, month, year, hour, minute = (int(part) for part in when.groups()[:5])
    year = year + 2000 if year < 100 else year
    if year not in YEARS:
        return None
    if when.group(6):
        hour = hour % 12 + (12 if when.group(6) == "PM" else 0)
    try:
        return datetime(year, month, day, hour, minute, tzinfo=NAIROBI).astimezone(UTC)
    except ValueError:
        return None
