"""The words an order is found by, and how what people type is read as such words.

Both sides spell alike: in lower case, without accents and apostrophes. A search looks for words that begin with what
was typed, so of a text with inner punctuation ("Njeri-Kamau", an e-mail) the whole and its later pieces are kept.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress

from sqlalchemy import delete, insert, select

from shop.core.database import db
from shop.core.money import AmountError, read_shillings
from shop.core.text import one_line
from shop.orders.models import Order, OrderSearchTerm

LONGEST_WORD = 60  # characters; the rest neither kept nor looked at
MOST_WORDS = 6  # looked for at once
LONGEST_SEARCH = 400  # characters looked at: room for so many words, and blanks between
_OUTER = re.compile(r"^[\W_]+|[\W_]+$")
_NUMBER = re.compile(r"(?<![0-9])([0-9]{4})[\s.-]?([0-9]{4})(?![0-9])", re.ASCII)
_LINK = re.compile(r"/orders/([A-Za-z0-9_-]{10,40})(?![A-Za-z0-9_-])", re.ASCII)
_ORDER = re.compile(r"(?<![^\W\d_])(?:order|ord|oda|agizo|number|nambari|namba|no)(?![^\W\d_])", re.IGNORECASE)
_BEFORE_NUMBERS = re.compile(rf"(?:{_ORDER.pattern}|\b(?:kshs?|kes|shs?))(?=[\s.:#]*[0-9])|#", re.IGNORECASE)
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")


def order_number_in(text: str) -> str | None:
    """The order number in what people write: "1234 5678", "Order no. 1234-5678", a whole sentence; None without one."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_SEARCH])
    found = _NUMBER.search(plain)
    return "".join(found.groups()) if found else None


def order_token_in(text: str) -> str | None:
    """The token in a pasted link to an order's page; None where there is no such link."""
    found = _LINK.search(text[:LONGEST_SEARCH])
    return found[1] if found else None


def add_search_terms(order: Order, *texts: str) -> None:
    """Let the order be found by every word of these texts from now on. Runs inside the caller's transaction."""
    _note(order, search_terms(*texts))


def index_order(order: Order) -> None:
    """Let an order that was just written be found by its buyer, its number, total, goods, address and discount code."""
    db.session.flush()  # a new order gets its id here, and what was left out its default
    _note(order, [*_words_of_buyer(order), *_words_of_things(order)])


def reindex_buyer(order: Order, reread: Callable[[], None]) -> None:
    """Let the order be found by its buyer as it is now, and by the old one no more. `reread` shows what was written."""
    old = _words_of_buyer(order)
    reread()
    stale = old - _words_of_buyer(order) - _words_of_things(order)
    mine = (OrderSearchTerm.order_id == order.id, OrderSearchTerm.word.in_(sorted(stale)))
    db.session.execute(delete(OrderSearchTerm).where(*mine))
    _note(order, _words_of_buyer(order))


def remove_search_terms(order: Order) -> None:
    """Let the order be found by its number, its payment references and its goods only: its buyer is forgotten."""
    db.session.execute(delete(OrderSearchTerm).where(OrderSearchTerm.order_id == order.id))
    references = search_terms(*(str(attempt.reference) for attempt in order.attempts))
    _note(order, [*_words_of_things(order), *references])


def search_terms(*texts: str) -> set[str]:
    """Every word of some texts, and the later pieces of those with punctuation inside."""
    wholes = {whole for text in texts for part in one_line(text, 1000).split() if (whole := spelled(part))}
    return wholes | {piece for whole in wholes for piece in re.split(r"\W+", whole)[1:] if piece}


def search_terms_of_row(number: str, full_name: str, phone_number: str, email: str) -> set[str]:
    """The words of an order's own row. People say the end of a phone or order number as often as the whole."""
    local, _, domain = email.partition("@")
    national = phone_number.removeprefix("254")
    exact = {number, number[-4:], national, national[-6:], national[-4:], spelled(email), spelled(domain)}
    return ({word for word in exact if word} | search_terms(full_name, local)) - {
        spelled(local)
    }  # the whole begins with it


def spelled(word: str) -> str:
    """A word as it is kept; "" for one of punctuation only."""
    plain = unicodedata.normalize("NFKD", word.translate(_APOSTROPHES).casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return _OUTER.sub("", letters)[:LONGEST_WORD]


def query_terms(typed: str) -> list[tuple[str, ...]]:
    """What to look for: for each thing typed the beginnings of which an order has to have one.

    Blanks and hyphens between digits part nothing: "0712 345-678" is one number, here as 0712345678 and 712345678. Of
    a sentence that names an order by its number only the number counts; a sum in any spelling is its digits.
    """
    typed = unicodedata.normalize("NFKC", typed[:LONGEST_SEARCH])
    if _ORDER.search(typed) and (number := order_number_in(typed)):
        return [(number,)]
    if re.search(r"[,/]|[a-z]", typed, re.IGNORECASE):  # else it is a number anyway
        with suppress(AmountError):
            return [(str(read_shillings(typed)),)]
    typed = _BEFORE_NUMBERS.sub(" ", typed)
    things: list[str] = []
    digits_before = False
    for part in typed.split():
        digits = bool(re.search(r"[0-9]", part)) and not re.search(r"[^\W\d_]|@", part)
        if digits and digits_before:
            things[-1] += part
        else:
            things.append(part)
        digits_before = digits
    found = (_number(thing) or (spelled(thing),) for thing in things[:MOST_WORDS])
    return [beginnings for beginnings in found if beginnings != ("",)]


def _number(thing: str) -> tuple[str, ...]:
    """The spellings of a number; none for what is not one."""
    if re.search(r"[^\W\d_]|@", thing) or not (digits := re.sub(r"[^0-9]", "", thing)[:LONGEST_WORD]):
        return ()
    national = digits.removeprefix("00").removeprefix("254").removeprefix("0")
    return (digits, national) if national and national != digits else (digits,)


def _words_of_buyer(order: Order) -> set[str]:
    of_row = search_terms_of_row(order.number, order.full_name, order.phone_number, order.email)
    return of_row | search_terms(order.location, order.note)


def _words_of_things(order: Order) -> set[str]:
    names = search_terms(*(line.name for line in order.lines))
    return {
        order.number,
        order.number[-4:],
        str(order.total),
        *names,
        *search_terms(order.discount_code),
        *(spelled(line.sku) for line in order.lines),
    }


def _note(order: Order, words: Iterable[str]) -> None:
    db.session.flush()
    known = set(db.session.scalars(select(OrderSearchTerm.word).where(OrderSearchTerm.order_id == order.id)))
    fresh = {word[:LONGEST_WORD] for word in words} - known
    if fresh:
        db.session.execute(insert(OrderSearchTerm), [{"word": word, "order_id": order.id} for word in sorted(fresh)])
