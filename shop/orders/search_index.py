"""The search index: the words of each order, and how a typed query is read as such words.

Both are normalised: lower case, no accents, no apostrophes. A search matches prefixes of words, so a word with inner
punctuation ("Njeri-Kamau", an email address) is indexed as a whole and by its later parts.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress

from sqlalchemy import delete, insert, select

from shop.core.database import db
from shop.core.money import AmountError, read_shillings
from shop.core.phones import is_kenyan_mobile, national_digits
from shop.core.text import one_line
from shop.orders.models import Order, OrderSearchTerm

MAX_WORD_LENGTH = 60  # characters; the rest is ignored
MAX_TERMS = 6  # of one search
MAX_SEARCH_LENGTH = 400  # characters that are read: MAX_TERMS words and the blanks between them
_OUTER = re.compile(r"^[\W_]+|[\W_]+$")
_NUMBER = re.compile(r"(?<![0-9])([0-9]{4})[\s.-]?([0-9]{4})(?![0-9])", re.ASCII)
_LINK = re.compile(r"/orders/([A-Za-z0-9_-]{10,40})(?![A-Za-z0-9_-])", re.ASCII)
_ORDER = re.compile(r"(?<![^\W\d_])(?:order|ord|oda|agizo|number|nambari|namba|no)(?![^\W\d_])", re.IGNORECASE)
_BEFORE_NUMBERS = re.compile(rf"(?:{_ORDER.pattern}|\b(?:kshs?|kes|shs?))(?=[\s.:#]*[0-9])|#", re.IGNORECASE)
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")


def order_number_in(text: str) -> str | None:
    """The order number in a text like "1234 5678", "Order no. 1234-5678" or a sentence; None without one."""
    plain = unicodedata.normalize("NFKC", text[:MAX_SEARCH_LENGTH])
    found = _NUMBER.search(plain)
    return "".join(found.groups()) if found else None


def order_token_in(text: str) -> str | None:
    """The token in a pasted link to an order page; None without one."""
    found = _LINK.search(text[:MAX_SEARCH_LENGTH])
    return found[1] if found else None


def add_search_terms(order: Order, *texts: str) -> None:
    """Index an order by every word of these texts. Runs inside the caller's transaction."""
    _add_terms(order, search_terms(*texts))


def index_order(order: Order) -> None:
    """Index a new order by its number, total, buyer, address, lines and discount code."""
    db.session.flush()  # sets the order's id and the defaults of its columns
    _add_terms(order, [*_buyer_terms(order), *_order_terms(order)])


def reindex_buyer(order: Order, reread: Callable[[], None]) -> None:
    """Replace the search terms of an order's buyer. `reread` refreshes the order with the new values."""
    old = _buyer_terms(order)
    reread()
    stale = old - _buyer_terms(order) - _order_terms(order)
    of_order = (OrderSearchTerm.order_id == order.id, OrderSearchTerm.word.in_(sorted(stale)))
    db.session.execute(delete(OrderSearchTerm).where(*of_order))
    _add_terms(order, _buyer_terms(order))


def remove_search_terms(order: Order) -> None:
    """Remove the search terms of the buyer: the number, payment references, total and lines of the order stay."""
    db.session.execute(delete(OrderSearchTerm).where(OrderSearchTerm.order_id == order.id))
    references = search_terms(*(str(attempt.reference) for attempt in order.attempts))
    _add_terms(order, [*_order_terms(order), *references])


def search_terms(*texts: str) -> set[str]:
    """The normalised words of some texts, and the later parts of words with inner punctuation."""
    wholes = {whole for text in texts for part in one_line(text, 1000).split() if (whole := normalised_word(part))}
    return wholes | {piece for whole in wholes for piece in re.split(r"\W+", whole)[1:] if piece}


def search_terms_of_row(number: str, full_name: str, phone_number: str, email: str) -> set[str]:
    """The terms of an order's own columns. Phone and order numbers are also indexed by their last digits."""
    local, _, domain = email.partition("@")
    exact = {number, number[-4:], *_phone_terms(phone_number), normalised_word(email), normalised_word(domain)}
    terms = {word for word in exact if word} | search_terms(full_name, local)
    return terms - {normalised_word(local)}  # a prefix of the whole address


def normalised_word(word: str) -> str:
    """A normalised word; "" for punctuation only."""
    plain = unicodedata.normalize("NFKD", word.translate(_APOSTROPHES).casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return _OUTER.sub("", letters)[:MAX_WORD_LENGTH]


def query_terms(typed: str) -> list[tuple[str, ...]]:
    """Parse a search: each term is a tuple of prefixes, of which an order must have one.

    Blanks and hyphens between digits are ignored: "0712 345-678" is one term (0712345678 or 712345678). In a sentence
    with an order number only the number counts. An amount becomes its digits.
    """
    typed = unicodedata.normalize("NFKC", typed[:MAX_SEARCH_LENGTH])
    if _ORDER.search(typed) and (number := order_number_in(typed)):
        return [(number,)]
    if re.search(r"[,/]|[a-z]", typed, re.IGNORECASE):  # else it is a number anyway
        with suppress(AmountError):
            return [(str(read_shillings(typed)),)]
    typed = _BEFORE_NUMBERS.sub(" ", typed)
    parts: list[str] = []
    digits_before = False
    for part in typed.split():
        digits = bool(re.search(r"[0-9]", part)) and not re.search(r"[^\W\d_]|@", part)
        if digits and digits_before:
            parts[-1] += part
        else:
            parts.append(part)
        digits_before = digits
    terms = (_number(part) or (normalised_word(part),) for part in parts[:MAX_TERMS])
    return [term for term in terms if term != ("",)]


def _number(text: str) -> tuple[str, ...]:
    """The spellings of a phone or order number; none for other texts."""
    if re.search(r"[^\W\d_]|@", text) or not (digits := re.sub(r"[^0-9]", "", text)[:MAX_WORD_LENGTH]):
        return ()
    national = digits.removeprefix("00").removeprefix("254").removeprefix("0")
    return (digits, national) if national and national != digits else (digits,)


def _phone_terms(number: str) -> set[str]:
    """How a phone number is searched: without its country code, by its last digits, and a foreign one as a whole."""
    national = national_digits(number)
    whole = set() if is_kenyan_mobile(number) else {number}
    return {national, national[-6:], national[-4:]} | whole


def _buyer_terms(order: Order) -> set[str]:
    of_row = search_terms_of_row(order.number, order.full_name, order.phone_number, order.email)
    receiver = {term for term in _phone_terms(order.receiver_phone) if term} | search_terms(order.receiver_name)
    return of_row | receiver | search_terms(order.location, order.note)


def _order_terms(order: Order) -> set[str]:
    names = search_terms(*(line.name for line in order.lines))
    return {
        order.number,
        order.number[-4:],
        str(order.total),
        *names,
        *search_terms(order.discount_code),
        *(normalised_word(line.sku) for line in order.lines),
    }


def _add_terms(order: Order, words: Iterable[str]) -> None:
    db.session.flush()
    present = set(db.session.scalars(select(OrderSearchTerm.word).where(OrderSearchTerm.order_id == order.id)))
    missing = {word[:MAX_WORD_LENGTH] for word in words} - present
    if missing:
        db.session.execute(insert(OrderSearchTerm), [{"word": word, "order_id": order.id} for word in sorted(missing)])
