"""The product search: which products a typed query finds, and in which order.

A product is found when it has every word of the query: the word itself, another form of it ("mugs": "mug") or, from
three letters on, a word that begins like it ("neckl"). When a word is in no product, the most similar word of the
catalogue is searched instead. When no product has all words, those that have some of them are found.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Subquery, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from shop.catalog.models import Product, ProductSearchTerm, ProductStatus, Variant
from shop.catalog.search_index import DESCRIPTION, stem, words_of
from shop.core.database import db

MAX_QUERY_LENGTH = 80  # characters of a search that are used
MAX_WORDS = 6  # of a search that are used, the first ones
MIN_PREFIX = 3  # letters from which a word also finds the words that begin with it
EXACT = 4  # how much more an exact word counts than a word that begins with it
MAX_VOCABULARY = 50_000  # words compared with a mistyped one
_VOWELS = re.compile("[aeiouy]")
LAST = "\U0010ffff"  # sorts after every other character


@dataclass(frozen=True)
class ProductQuery:
    """A search as it is carried out."""

    words: tuple[str, ...]
    corrected: str = ""  # the query with the words that were searched instead of mistyped ones, for the page
    some: bool = False  # no product has all words: those with some of them are found

    @property
    def scores(self) -> Subquery:
        """The products found (`product_id`) with their `score`: the higher, the better the match."""
        words = [_scores_of(word, place) for place, word in enumerate(self.words)]
        if self.some:
            every = union_all(*(select(one.c.product_id, one.c.score) for one in words)).subquery("any_word")
            return (
                select(every.c.product_id, func.sum(every.c.score).label("score"))
                .group_by(every.c.product_id)
                .subquery("found")
            )
        score: ColumnElement[Any] = reduce(lambda total, one: total + one, (one.c.score for one in words))
        query = select(words[0].c.product_id, score.label("score"))
        for one in words[1:]:
            query = query.join(one, one.c.product_id == words[0].c.product_id)
        return query.subquery("found")


def read_query(typed: str) -> ProductQuery | None:
    """How a typed search is carried out; None for a text without words."""
    words = tuple(words_of(typed[:MAX_QUERY_LENGTH])[:MAX_WORDS])
    if not words:
        return None
    query = ProductQuery(words)
    if _finds(query):
        return query
    if corrected := _corrected(words):
        query = ProductQuery(corrected, corrected=" ".join(corrected))
        if _finds(query):
            return query
    return ProductQuery(query.words, query.corrected, some=True)


def _finds(query: ProductQuery) -> bool:
    found = query.scores
    one = select(Product.id).join(found, found.c.product_id == Product.id).where(*for_sale_conditions()).limit(1)
    return db.session.scalar(one) is not None


def for_sale_conditions() -> tuple[ColumnElement[bool], ...]:
    """The conditions for a product to be shown: it is published and has an active variant."""
    return Product.status == ProductStatus.PUBLISHED, Product.variants.any(Variant.active)


def _scores_of(word: str, place: int) -> Subquery:
    """The products that have a word, with the weight of its best place."""
    term = ProductSearchTerm
    parts = [select(term.product_id, (term.weight * EXACT).label("score")).where(term.stem == stem(word))]
    if len(word) >= MIN_PREFIX:
        parts.append(select(term.product_id, term.weight.label("score")).where(_begins(term.word, word)))
    every = union_all(*parts).subquery(f"word_{place}")
    best = select(every.c.product_id, func.max(every.c.score).label("score")).group_by(every.c.product_id)
    return best.subquery(f"best_{place}")


def _begins(column: InstrumentedAttribute[str], prefix: str) -> ColumnElement[bool]:
    """The condition that a word begins so, as a range, which uses the index."""
    return (column >= prefix) & (column < prefix + LAST)


def _corrected(words: Sequence[str]) -> tuple[str, ...]:
    """The words with each unknown one replaced by the most similar of the catalogue; empty when none is changed.

    Two words that are one in the catalogue ("tea pot") are joined.
    """
    known = {word for word in words if _finds(ProductQuery((word,)))}
    fixed: list[str] = []
    for word in words:
        joined = fixed[-1] + word if fixed else ""
        if joined and not {fixed[-1], word} <= known and _finds(ProductQuery((joined,))):
            fixed[-1] = joined
        else:
            fixed.append(word)
    fixed = [word if word in known or _finds(ProductQuery((word,))) else _most_similar(word) or word for word in fixed]
    return () if tuple(fixed) == tuple(words) else tuple(fixed)


def _most_similar(word: str) -> str | None:
    """The known word that is most similar to a mistyped one, or None. Words that only descriptions have do not count.

    It has the fewest typing mistakes; of equals, the same first letter, then the most products. One mistake is allowed
    in words of four or five letters, two in longer ones if one of them is a vowel: "sandle" is "sandal", "carpet" is
    not "carved".
    """
    from rapidfuzz.distance import OSA  # 6 MB of memory, needed only for a mistyped word

    allowed = 0 if len(word) < 4 or not word.isalpha() else 1 if len(word) < 6 else 2
    if not allowed:
        return None
    term = ProductSearchTerm
    vocabulary = (
        select(term.word, func.count())
        .join(Product, Product.id == term.product_id)
        .where(Product.published, term.weight > DESCRIPTION)
        .where(func.length(term.word).between(len(word) - allowed, len(word) + allowed))
        .group_by(term.word)
        .limit(MAX_VOCABULARY)
    )
    near = [
        (distance, known[0] != word[0], -count, known)
        for known, count in db.session.execute(vocabulary)
        if (distance := OSA.distance(word, known, score_cutoff=allowed)) <= allowed
        and OSA.distance(_VOWELS.sub("", word), _VOWELS.sub("", known)) <= 1
    ]
    return min(near)[3] if near else None
