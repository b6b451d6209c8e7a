"""The page on which a buyer writes or changes a review of one product of an order."""

from functools import partial

from flask import abort, redirect, render_template, url_for
from sqlalchemy.orm import selectinload
from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import Length, ValidationError

from shop.catalog.reviews import MAX_REVIEW_LENGTH, MAX_REVIEW_NAME_LENGTH, MAX_STARS, ReviewChanged
from shop.core.text import name_problem, trimmed, typed_line, typed_text
from shop.orders.lookup import order_by_token
from shop.orders.models import Order
from shop.orders.reviews import ReviewRequest, WrittenReview, review_requests, write_review
from shop.orders.views import orders
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.extensions import csrf, limiter
from shop.web.idempotency import make_once

STARS = {str(number): f"{number} star{'s' if number > 1 else ''}" for number in range(1, MAX_STARS + 1)}


class ReviewForm(BaseForm):
    """A review of one product. The ids of its fields end in the product's, since a page may show several forms."""

    class Meta:
        csrf = False  # the order's token is the permission, as for the other forms of the order page

    stars = RadioField("How many stars?", validate_choice=False)
    text = TextAreaField(
        "Your review",
        [Length(max=MAX_REVIEW_LENGTH, message=f"Your review must be {MAX_REVIEW_LENGTH:,} characters or fewer")],
        filters=[typed_text],
    )
    name = StringField(
        "Name to show",
        [Length(max=MAX_REVIEW_NAME_LENGTH, message=f"Name must be {MAX_REVIEW_NAME_LENGTH} characters or fewer")],
        filters=[typed_line, trimmed],
    )

    picks = STARS

    def __init__(self, product_id: int) -> None:
        super().__init__()
        for field in self:
            field.id = f"{field.name}-{product_id}"

    def validate_stars(self, field: RadioField) -> None:
        if field.data not in STARS:
            raise ValidationError("Choose from 1 to 5 stars")

    def validate_name(self, field: StringField) -> None:
        if problem := name_problem(field.data):
            raise ValidationError(f"Name {problem}")

    def fill(self, review: WrittenReview) -> None:
        """Show what was written."""
        self.stars.data, self.text.data, self.name.data = str(review.stars), review.text, review.name

    def written(self) -> WrittenReview:
        """The valid answers."""
        return WrittenReview(int(self.stars.data), self.name.data, self.text.data)


def empty_review_form(order: Order, product_id: int) -> ReviewForm:
    """A form with the first name of the buyer, for the order page."""
    form = ReviewForm(product_id)
    form.name.data = "".join(order.full_name.split()[:1])[:MAX_REVIEW_NAME_LENGTH]
    return form


@orders.get("/orders/<token>/reviews/<int:product_id>")
def review(token: str, product_id: int) -> ViewResponse:
    """Write a review, or change it until the merchant has decided about it."""
    order, asked = _asked(token, product_id)
    if not asked.open:
        return redirect(_back(token), 303)
    form = empty_review_form(order, product_id)
    if asked.review:
        form.fill(WrittenReview(asked.review.stars, asked.review.name, asked.review.text))
    return _page(order, asked, form)


@orders.post("/orders/<token>/reviews/<int:product_id>")
@csrf.exempt  # the order's token is the permission; email readers open the page without a session
def save_review(token: str, product_id: int) -> ViewResponse:
    """Save a review."""
    order, asked = _asked(token, product_id)
    form = ReviewForm(product_id)
    with limiter.limit("60 per hour", key_func=lambda: token):
        valid = form.validate()
    if valid:
        try:
            return redirect(make_once(partial(_write, order, product_id, form.written())).address, 303)
        except ReviewChanged:
            form.stars.errors = ["The shop has read this review already, so it can no longer be changed"]
    return _page(order, asked, form)


def _write(order: Order, product_id: int, written: WrittenReview) -> str:
    write_review(order, product_id, written)
    return _back(order.token)


def _back(token: str) -> str:
    return url_for("orders.show", token=token, _anchor="reviews")


def _asked(token: str, product_id: int) -> tuple[Order, ReviewRequest]:
    order = order_by_token(token, selectinload(Order.lines)) or abort(404)
    asked = next((one for one in review_requests(order) if one.product.id == product_id), None)
    return order, asked or abort(404)


def _page(order: Order, asked: ReviewRequest, form: ReviewForm) -> ViewResponse:
    page = render_template("orders/review.html", order=order, asked=asked, form=form, problems=form.problems)
    return (page, 422) if form.problems else page
