"""M-PESA codes and messages, as people paste them. A text proves nothing: anybody can write one.

Codes are kept in capitals. Of one code there is one line in the money book, by a UNIQUE constraint; buyers may offer
one, which only makes a person look.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from shop.chpter.text import one_line
from shop.clock import NAIROBI, utcnow
from shop.database import db
from shop.money import shillings
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.words import note_words
from shop.payments.checking import Kind, look_at
from shop.payments.models import MoneyEntry, OfferedCode
from shop.phones import kenyan_mobile

LONGEST_MESSAGE = 1000  # characters looked at
LARGEST_SUM = 999_999_999  # shillings; the desk reads no larger one either
YEARS = range(2000, 2200)  # of messages
MOST_OFFERED = 5  # codes for one order; whoever needs more has to talk to the shop
MAY_OFFER = (Payment.AWAITING, Payment.EXPIRED)

_CODE = re.compile(r"(?=[0-9]*[A-Z])[A-Z0-9]{10}", re.ASCII)
_CONFIRMED = re.compile(r"\b([A-Z0-9]{10})\b[ ,.:]*(?:CONFIRMED|IMETHIBITISHWA)\b", re.ASCII)
_ANY_CODE = re.compile(r"\b(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{10}\b", re.ASCII)
_SUM = re.compile(r"\bKSH[S.]*\s?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:\.([0-9]{2}))?(?![0-9])", re.ASCII)
_WHEN = re.compile(
    r"\b([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})\s+(?:(?:AT|SAA|MNAMO)\s+)?([0-9]{1,2}):([0-9]{2})\s?(AM|PM)?",
    re.ASCII,
)
_PHONE = re.compile(r"(?<![0-9])(?:\+?254|0)[17][0-9]{8}(?![0-9])", re.ASCII)


class CodeError(ValueError):
    """The text is no M-PESA code. Its message names the cure."""


class NoMoreCodes(Exception):
    """So many codes were offered for the order that another one helps nobody. Nothing was written."""


@dataclass(frozen=True)
class Message:
    """What a pasted text says. Each part is None when it does not say it. The sum is whole shillings."""

    code: str | None
    amount: int | None = None
    at: datetime | None = None  # UTC
    phone: str | None = field(default=None, repr=False)  # 2547XXXXXXXX


def read_code(text: str) -> str:
    """The code in capitals, without blanks. Raises CodeError for anything else than ten letters and digits."""
    code = re.sub(r"\s", "", text[:60]).upper()
    if not _CODE.fullmatch(code):
        raise CodeError("M-PESA code must be 10 letters and digits, like SKA1B2C3D4")
    return code


def read_message(text: str) -> Message:
    """What an M-PESA message, in English or Swahili, or a bare code says."""
    said = one_line(text[: 2 * LONGEST_MESSAGE], LONGEST_MESSAGE).upper()
    if " " not in said or re.search("[0-9]", said):  # two words of ten letters are no code
        with suppress(CodeError):
            return Message(read_code(said))
    confirmed = _CONFIRMED.search(said)
    found = confirmed or _ANY_CODE.search(said)
    code = (found.group(1) if confirmed else found.group()) if found else None
    rest = said[found.end() :] if confirmed and found else said
    phone = _PHONE.search(rest)
    return Message(code, _sum_in(rest), _moment_in(rest), kenyan_mobile(phone.group()) if phone else None)


def offer_code(order: Order, typed: str) -> str:
    """Take down the code a buyer says they paid with, and have a person look; the code.

    Runs inside the caller's transaction. The same code offered again changes nothing. Raises CodeError and
    NoMoreCodes.
    """
    code = read_code(typed)
    known = [offered.code for offered in order.offered_codes]
    if order.payment not in MAY_OFFER or code in known:
        return code
    if len(known) >= MOST_OFFERED:
        raise NoMoreCodes
    try:
        with db.session.begin_nested():
            db.session.add(OfferedCode(order_id=order.id, code=code, at=utcnow()))
    except IntegrityError:  # the same form, sent twice at one moment: the other has seen to it
        return code
    finally:
        db.session.expire(order, ["offered_codes"])
    note_words(order, code)
    order.record(f"You gave us the M-PESA code {code}. A person looks for the payment", for_buyer=True)
    look_at(order, Kind.CODE, f"The buyer says it was paid with M-PESA code {code}.{_elsewhere(code, order)}")
    return code


def entry_with(code: str) -> MoneyEntry | None:
    """The line of the money book with this code."""
    return db.session.scalar(select(MoneyEntry).where(MoneyEntry.code == code).options(joinedload(MoneyEntry.order)))


def offers_of(code: str) -> list[OfferedCode]:
    """Whoever offered this code, oldest first; ten at most."""
    offered = select(OfferedCode).where(OfferedCode.code == code).options(joinedload(OfferedCode.order))
    return list(db.session.scalars(offered.order_by(OfferedCode.id).limit(10)))


def _elsewhere(code: str, order: Order) -> str:
    """What speaks against a code: it was used, or somebody else offers it too."""
    words = ""
    if entry := entry_with(code):
        words += f" That code was used already, for order {entry.order.number} ({shillings(abs(entry.amount))})."
    others = [offered.order.number for offered in offers_of(code) if offered.order_id != order.id]
    if others:
        words += f" The same code was offered for order {', '.join(others)} too."
    return words


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
