"""Reviews of products: which are shown, the merchant's decision and reply, and the average of each product.

A product's row has the number and the stars of its shown reviews, changed in the transaction that shows or hides one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import joinedload

from shop.catalog.models import Product, Review, ReviewState
from shop.core.database import db, updated

MAX_REVIEW_LENGTH = 1000  # characters, like the others
MAX_REVIEW_NAME_LENGTH = 60
MAX_REPLY_LENGTH = 300
NO_NAME = "A buyer"  # shown for a buyer who gives no name, or who was anonymised
MAX_STARS = 5
PER_PAGE = 10
NEWEST = 3  # on the product page


class ReviewChanged(Exception):
    """The review changed since it was read. Nothing was written."""


@dataclass(frozen=True)
class Rating:
    """The shown reviews of a product: how many there are, and the sum of their stars."""

    count: int
    stars: int

    @property
    def average(self) -> str:
        """The average with one decimal, like "4.5"; "" without a review."""
        if not self.count:
            return ""
        tenths = (20 * self.stars + self.count) // (2 * self.count)
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True)
class ReviewList:
    """Reviews, newest first; `older` is where the next page begins, None on the last one."""

    reviews: Sequence[Review]
    older: int | None


def reviews_of_product(product_id: int, limit: int = PER_PAGE, before: int | None = None) -> ReviewList:
    """The shown reviews of a product: one page, which begins before the review with the id `before`."""
    return _page([Review.product_id == product_id, Review.state == ReviewState.SHOWN], limit, before)


def reviews_in_state(state: str, before: int | None) -> ReviewList:
    """One page of the reviews in a state, of all products, with their products."""
    return _page([Review.state == state], PER_PAGE, before)


def count_reviews() -> dict[str, int]:
    """The number of reviews by state."""
    counted = db.session.execute(select(Review.state, func.count(Review.id)).group_by(Review.state))
    return {**dict.fromkeys(ReviewState, 0), **{ReviewState(state): number for state, number in counted}}


def review_state(review_id: int) -> str | None:
    """The state of a review; None if there is none with this id."""
    return db.session.scalar(select(Review.state).where(Review.id == review_id))


def decide_review(review_id: int, version: int, to: str | None, reply: str) -> Review:
    """Move a review to the state `to`, or leave its state (None), and save the merchant's reply.

    Runs inside the caller's transaction. Raises ReviewChanged when `version` is not the review's: its buyer or another
    user was quicker.
    """
    before = review_state(review_id)
    same = update(Review).where(Review.id == review_id, Review.version == version, Review.state == before)
    if not updated(same.values(state=to or before, reply=reply, version=version + 1)):
        raise ReviewChanged
    review = db.session.get_one(Review, review_id, populate_existing=True)
    shown = int(review.state == ReviewState.SHOWN) - int(before == ReviewState.SHOWN)
    if shown:
        counted = {
            "review_count": Product.review_count + shown,
            "review_stars": Product.review_stars + shown * review.stars,
        }
        updated(update(Product).where(Product.id == review.product_id).values(counted))
    return review


def _page(conditions: list[ColumnElement[bool]], limit: int, before: int | None) -> ReviewList:
    query = select(Review).where(*conditions).options(joinedload(Review.product)).order_by(Review.id.desc())
    if before is not None:
        query = query.where(Review.id < before)
    rows = db.session.scalars(query.limit(limit + 1)).all()
    return ReviewList(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
