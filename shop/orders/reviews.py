"""Asks the buyer of an order that arrived for a review of each product. Its secret address is the proof of purchase."""

from dataclasses import dataclass

from sqlalchemy import select, update

from shop.catalog.models import Product, Review, ReviewState, Variant
from shop.catalog.reviews import NO_NAME, ReviewChanged
from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment

ARRIVED = (Fulfilment.DELIVERED, Fulfilment.COLLECTED)


@dataclass(frozen=True)
class ReviewRequest:
    """A product of an order, and its buyer's review of it; None if there is none yet."""

    product: Product
    image: str  # path of the image that the order has
    review: Review | None

    @property
    def open(self) -> bool:
        """Whether the buyer may write or change it: until the merchant has decided about it."""
        return self.review is None or self.review.state == ReviewState.WAITING


@dataclass(frozen=True)
class WrittenReview:
    """What a buyer writes; `name` is shown with it, and may be empty."""

    stars: int
    name: str
    text: str


def review_requests(order: Order) -> list[ReviewRequest]:
    """The products of an order to ask about, in its order. None before it arrived, or for an anonymised buyer.

    Products are found by their SKUs, so a renamed one has its new name, and a deleted one is left out.
    """
    if order.payment != Payment.PAID or order.fulfilment not in ARRIVED or order.anonymised_at:
        return []
    images = {line.sku: line.image for line in order.lines}
    found = select(Variant.sku, Product).join(Product, Product.id == Variant.product_id).where(Variant.sku.in_(images))
    products: dict[str, Product] = dict(db.session.execute(found).all())
    reviews = {one.product_id: one for one in db.session.scalars(select(Review).where(Review.order_id == order.id))}
    requests = {}
    for line in order.lines:
        product = products.get(line.sku)
        if product and product.id not in requests:
            requests[product.id] = ReviewRequest(product, line.image, reviews.get(product.id))
    return list(requests.values())


def write_review(order: Order, product_id: int, written: WrittenReview) -> None:
    """Save the review of a product, or change it while it waits. Runs inside the caller's transaction.

    Raises ReviewChanged when the merchant has decided about it; then nothing is written.
    """
    db.session.execute(select(Order.id).where(Order.id == order.id).with_for_update())  # two at once are one review
    mine = (Review.order_id == order.id, Review.product_id == product_id)
    values = {"stars": written.stars, "name": written.name or NO_NAME, "text": written.text, "written_at": utcnow()}
    if db.session.scalar(select(Review.id).where(*mine)) is None:
        db.session.add(Review(order_id=order.id, product_id=product_id, **values))
        return
    waiting = update(Review).where(*mine, Review.state == ReviewState.WAITING)
    if not updated(waiting.values(version=Review.version + 1, **values)):
        raise ReviewChanged
