"""Reading M-PESA codes and messages, as people paste them. A text proves nothing: anybody can write one."""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from shop.core.clock import NAIROBI
from shop.core.phones import kenyan_mobile
from shop.core.text import one_line

LONGEST_MESSAGE = 1000  # characters looked at
LARGEST_SUM = 999_999_999  # shillings; the admin reads no larger one either
YEARS = range(2000, 2200)  # of messages


class Direction(StrEnum):
    """What a message says that the money did. A bare code says nothing of it."""

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


NO_PAYMENT = {  # directions that pay for nothing, in words that end a sentence
    Direction.REVERSED: "a payment that was reversed",
    Direction.FAILED: "a payment that failed",
    Direction.WITHDRAWN: "cash taken out at an agent",
    Direction.DEPOSITED: "cash paid in at an agent",
    Direction.AIRTIME: "airtime",
    Direction.MOVED: "money moved to or from savings",
    Direction.LOAN: "a Fuliza loan",
}
_WORDS = {  # the first that fits counts; only the part before the new balance is looked at, advertising follows it
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
_SUM = re.compile(
    r"\b(?:KSHS?|KES|SHS?)\.?\s?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:\.([0-9]{2}))?(?![0-9])", re.ASCII
)
_WHEN = re.compile(
    r"\b([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})\s+(?:(?:AT|SAA|MNAMO)\s+)?([0-9]{1,2}):([0-9]{2})\s?(AM|PM)?",
    re.ASCII,
)
_PHONE = re.compile(r"(?<![0-9])(?:\+?254|0)[17][0-9]{8}(?![0-9])", re.ASCII)
_LOOKALIKES = str.maketrans("0I158", "OLLSB")


class CodeError(ValueError):
    """The text holds no M-PESA code of a payment. Its message names the cure."""


@dataclass(frozen=True)
class Message:
    """What a pasted text says. Each part is None when it does not say it. The sum is whole shillings."""

    code: str | None
    amount: int | None = None
    at: datetime | None = None  # UTC
    phone: str | None = field(default=None, repr=False)  # 2547XXXXXXXX, of the other side
    direction: Direction = Direction.UNKNOWN
    reverses: str | None = None  # the code of the payment that a reversal takes back

    @property
    def no_payment(self) -> str:
        """What it is about instead, where it is about no payment; else ""."""
        return NO_PAYMENT.get(self.direction, "")


def read_message(text: str) -> Message:
    """What an M-PESA message, in English or Swahili, or a bare code says."""
    said = _capitals(text[: 2 * LONGEST_MESSAGE])
    if " " not in said or re.search("[0-9]", said):  # two words of ten letters are no code
        with suppress(CodeError):
            return Message(_bare_code(said))
    header = _HEADER.search(said)
    found = header or _ANY_CODE.search(said)
    code = (found.group(1) if header else found.group()) if found else None
    rest = said[found.end() :] if header and found else said
    phone = _PHONE.search(_before_balance(rest))
    direction = _direction_of(_before_balance(said))
    reverses = next((one for one in _ANY_CODE.findall(rest) if one != code), None)
    return Message(
        code,
        _sum_in(rest),
        _moment_in(rest),
        kenyan_mobile(phone.group()) if phone else None,
        direction,
        reverses if direction == Direction.REVERSED else None,
    )


def read_code(text: str, also: Direction | None = None) -> str:
    """The code of a payment, in capitals: typed alone, with a word beside it, or in the whole message.

    Raises CodeError where there is none, and where the message is about no payment, such as a reversal; `also` names a
    direction that is taken all the same.
    """
    message = read_message(text)
    if message.no_payment and message.direction != also:
        raise CodeError(f"That message is about {message.no_payment}. Paste the message of the payment")
    if message.code is None:
        raise CodeError("M-PESA code must be 10 letters and digits, like SKA1B2C3D4")
    return message.code


def is_code(text: str) -> bool:
    """Whether a text is an M-PESA code as the money book keeps it."""
    return _CODE.fullmatch(text) is not None


def lookalike(code: str) -> str:
    """One spelling for all codes that look the same on a phone's screen: 0 and O, 1, I and L, 5 and S, 8 and B."""
    return code.translate(_LOOKALIKES)


def _capitals(text: str) -> str:
    return one_line(unicodedata.normalize("NFKC", text), LONGEST_MESSAGE).upper()


def _bare_code(said: str) -> str:
    code = re.sub(r"\s", "", said).strip(".,;:!'\"()")
    if not _CODE.fullmatch(code):
        raise CodeError
    return code


def _before_balance(said: str) -> str:
    balance = _BALANCE.search(said)
    return said[: balance.start()] if balance else said


def _direction_of(said: str) -> Direction:
    return next((direction for direction, words in _DIRECTIONS if words.search(said)), Direction.UNKNOWN)


def _sum_in(said: str) -> int | None:
    """The first sum named; one with cents that are not zero is none of ours."""
    named = _SUM.search(said)
    if not named or named.group(2) not in (None, "00"):
        return None
    amount = int(named.group(1).replace(",", ""))
    return amount if 0 < amount <= LARGEST_SUM else None


def _moment_in(said: str) -> datetime | None:
    when = _WHEN.search(said)
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
