"""The product search index: the words of each product, each with a weight for where it stands.

A word is indexed as typed and as its English stem: "mugs" finds "mug", "necklaces" finds "necklace". Words of other
languages are found as they are written; the merchant adds them as search words of the product ("kikapu").
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from sqlalchemy import delete, insert, select

from shop.catalog.models import Category, Product, ProductSearchTerm, Variant
from shop.core.database import db

MAX_WORD_LENGTH = 40  # characters; the rest is ignored
NAME, OWN_WORDS, SKU, LABEL, CATEGORY, DESCRIPTION = 8, 6, 6, 5, 3, 1  # weights
STOP_WORDS = frozenset(
    [
        *("a", "an", "and", "at", "by", "for", "from", "in", "is", "it", "of", "on", "or"),
        *("our", "the", "this", "to", "with", "you", "your"),
    ]
)
BATCH = 500  # products whose words are written by one statement

_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a text in order: lower case, without accents, apostrophes and stop words."""
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return [word[:MAX_WORD_LENGTH] for word in _WORD.findall(plain) if word not in STOP_WORDS]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The English stem of a word of `words_of`: "baskets" and "basket" have the same."""
    import snowballstemmer  # 3 MB of memory, needed only for a search or an edit

    return str(snowballstemmer.stemmer("english").stemWord(word)) if word.isalpha() else word


def index_products(product_ids: Iterable[int]) -> None:
    """Write the words of these products again, inside the caller's transaction."""
    ids = sorted(set(product_ids))
    db.session.flush()
    for start in range(0, len(ids), BATCH):
        _index(ids[start : start + BATCH])


def _index(ids: Sequence[int]) -> None:
    columns = (Product.id, Product.name, Product.search_words, Product.description, Category.name)
    weights: dict[tuple[int, str], int] = {}

    def add(product_id: int, text: str, weight: int) -> None:
        for word in words_of(text):
            weights[product_id, word] = max(weight, weights.get((product_id, word), 0))

    for product_id, name, own_words, description, category in db.session.execute(
        select(*columns).join(Category, Category.id == Product.category_id).where(Product.id.in_(ids))
    ):
        for text, weight in ((name, NAME), (own_words, OWN_WORDS), (category, CATEGORY), (description, DESCRIPTION)):
            add(product_id, text, weight)
    of_products = Variant.product_id.in_(ids)
    labels = (Variant.product_id, Variant.sku, Variant.label)
    for product_id, sku, label in db.session.execute(select(*labels).where(of_products, Variant.active)):
        add(product_id, label, LABEL)
        add(product_id, sku, SKU)
    db.session.execute(delete(ProductSearchTerm).where(ProductSearchTerm.product_id.in_(ids)))
    if weights:
        db.session.execute(
            insert(ProductSearchTerm),
            [
                {"product_id": product_id, "word": word, "stem": stem(word), "weight": weight}
                for (product_id, word), weight in weights.items()
            ],
        )
