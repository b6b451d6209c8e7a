"""Reviews by buyers whose order has arrived: asked on the order page, shown when the merchant agrees."""

import json
import re

import pytest
from sqlalchemy import func, select, update

from shop.catalog.models import Product, Review
from shop.catalog.reviews import Rating, ReviewChanged, decide_review
from shop.core.database import db, write
from shop.orders.models import Order, OrderLine
from shop.orders.reviews import WrittenReview, review_requests, write_review
from tests import both_databases
from tests.admin_client import AdminClient
from tests.at_once import at_once
from tests.page_checks import CANARY
from tests.product_factory import problems
from tests.shopper import hidden_fields

KIONDO = "/products/kiondo-classic"


@pytest.fixture
def arrived(app, shopper):
    """An order of a kiondo that was delivered."""
    bought = shopper.buy(full_name="Wanjiru Test")
    bought.post_callback(bought.callback())
    with app.app_context():
        write(lambda: db.session.execute(update(Order).values(fulfilment="delivered")))
    return bought


@pytest.fixture
def form_address(app, arrived):
    with app.app_context():
        product_id = db.session.scalar(select(Product.id).where(Product.slug == "kiondo-classic"))
    return f"{arrived.order_path}/reviews/{product_id}"


def review(shopper, address, **answers):
    """Fill in the form of a review."""
    hidden = hidden_fields(shopper.get(address).text)
    return shopper.post(address, {**hidden, "stars": "4", "text": "Strong handles", "name": "Wanjiru", **answers})


def decide(owner, act, tab="waiting", **answers):
    """Press a button of the first review in a tab."""
    page = owner.get(f"/admin/reviews?tab={tab}").text
    hidden = hidden_fields(page, "/admin/reviews")
    return owner.post("/admin/reviews", {**hidden, "reply": "", "act": act, **answers})


def rating_of(app):
    with app.app_context():
        kiondo = db.session.scalars(select(Product).where(Product.slug == "kiondo-classic")).one()
        return kiondo.review_count, kiondo.review_stars


def count(app):
    with app.app_context():
        return db.session.scalar(select(func.count(Review.id)))


def test_only_the_buyer_of_an_order_that_arrived_is_asked(app, shopper, arrived):
    page = shopper.get(arrived.order_path)
    assert "How do you like it?" in page.text
    assert 'value="Wanjiru"' in page.text

    for fields in ({"fulfilment": "sent"}, {"payment": "refunded"}):
        with app.app_context():
            write(
                lambda fields=fields: db.session.execute(update(Order).values(**{"fulfilment": "delivered", **fields}))
            )
        assert "How do you like it?" not in shopper.get(arrived.order_path).text


def test_a_product_that_was_deleted_is_not_asked_about_and_two_variants_of_one_are_one(app, arrived):
    with app.app_context():
        order = db.session.query(Order).one()
        for place, sku in enumerate(("KIO-CLA-IND", "NO-LONGER"), 1):
            values = {"name": "x", "label": "", "image": "img/logo.svg", "unit_price": 1, "quantity": 1}
            order.lines.append(OrderLine(position=place, sku=sku, **values))

        assert [asked.product.slug for asked in review_requests(order)] == ["kiondo-classic"]


@both_databases
def test_a_review_is_shown_when_the_merchant_agrees_and_counts_in_the_average(
    app, owner, shopper, arrived, form_address
):
    assert review(shopper, form_address).status_code == 303
    assert "Strong handles" not in shopper.get(KIONDO).text
    assert "Thank you. We read it before it is shown" in shopper.get(arrived.order_path).text

    assert decide(owner, "show", reply="Asante sana").status_code == 303
    page = shopper.get(KIONDO).text
    for words in ("Strong handles", "Asante sana", "4 out of 5 stars"):
        assert words in page
    [data] = [
        one for one in map(json.loads, re.findall(r'ld\+json">(.*?)</script>', page, re.DOTALL)) if "offers" in one
    ]
    assert (data["aggregateRating"]["ratingValue"], data["aggregateRating"]["reviewCount"]) == ("4.0", 1)
    assert "out of 5, 1 review" in shopper.get("/categories/baskets").text
    assert rating_of(app) == (1, 4)

    assert decide(owner, "hide", tab="shown").status_code == 303
    assert "Strong handles" not in shopper.get(KIONDO).text
    assert "aggregateRating" not in shopper.get(KIONDO).text
    assert rating_of(app) == (0, 0)


def test_a_review_can_be_changed_until_the_merchant_has_decided(owner, shopper, form_address):
    review(shopper, form_address)
    opened = hidden_fields(shopper.get(form_address).text)
    review(shopper, form_address, stars="2", text="The handle broke")
    decide(owner, "show")

    reply = shopper.post(form_address, {**opened, "stars": "5", "text": "Never mind", "name": ""})
    assert reply.status_code == 422
    assert problems(reply) == ["The shop has read this review already, so it can no longer be changed"]
    assert "Never mind" in reply.text
    assert shopper.get(form_address).status_code == 303, "the form is closed"
    assert "The handle broke" in shopper.get(KIONDO).text


@both_databases
def test_a_review_that_is_sent_several_times_counts_once(app, shopper, form_address):
    form = {**hidden_fields(shopper.get(form_address).text), "stars": "5", "text": "", "name": ""}

    replies = [*at_once([lambda: app.test_client().post(form_address, data=form)] * 3), review(shopper, form_address)]

    assert {reply.status_code for reply in replies} == {303}
    assert count(app) == 1


def test_a_wrong_review_is_shown_again_with_what_was_typed(app, shopper, form_address):
    for answers, words in (
        ({"stars": "6"}, "Choose from 1 to 5 stars"),
        ({"stars": ""}, "Choose from 1 to 5 stars"),
        ({"text": "x" * 1001}, "Your review must be 1,000 characters or fewer"),
        ({"name": "Mary.example.com"}, "Name must be a name, without a web address. Put a space after each full stop"),
    ):
        reply = review(shopper, form_address, **{"text": "Typed before", **answers})
        assert reply.status_code == 422
        assert problems(reply) == [words]
        assert answers.get("text", "Typed before") in reply.text

    assert count(app) == 0
    assert review(shopper, form_address, text=CANARY, stars="5").status_code == 303  # the page checker looks for it
    assert shopper.get(form_address).status_code == 200


def test_two_users_who_decide_at_the_same_time_do_not_overwrite_each_other(app, provider, owner, shopper, form_address):
    review(shopper, form_address)
    page = owner.get("/admin/reviews").text
    mine = {**hidden_fields(page, "/admin/reviews"), "reply": "Typed by me", "act": "show"}
    other = AdminClient(app, provider)
    other.sign_in()
    decide(other, "hide")

    reply = owner.post("/admin/reviews", mine)

    assert reply.status_code == 409
    assert "Typed by me" in reply.text
    assert rating_of(app) == (0, 0)


def test_the_admin_lists_reviews_by_state_and_counts_those_that_wait(owner, shopper, form_address):
    review(shopper, form_address)
    page = owner.get("/admin/").text
    assert re.search(r'href="/admin/reviews">Reviews <span class="admin-nav__count">1<', page)

    reply = decide(owner, "show", reply="x" * 301)
    assert reply.status_code == 422
    assert problems(reply) == ["Your reply has 301 characters; 300 fit"]
    decide(owner, "show")
    assert "Strong handles" in owner.get("/admin/reviews?tab=shown").text
    assert "No review waits" in owner.get("/admin/reviews").text


def test_lists_of_reviews_have_pages(app, shopper):
    from tests import order_factory

    order_factory.keep(app, *(order_factory.order(payment="paid", fulfilment="delivered") for _ in range(12)))
    with app.app_context():
        product_id = db.session.scalar(select(Product.id).where(Product.slug == "kiondo-classic"))
        for place, order in enumerate(db.session.query(Order).order_by(Order.id).all()):
            write(
                lambda order=order, place=place: write_review(order, product_id, WrittenReview(5, f"N{place:02}", ""))
            )
        for one in list(db.session.scalars(select(Review.id))):
            write(lambda one=one: decide_review(one, 0, "shown", ""))
        with pytest.raises(ReviewChanged):
            write(lambda: decide_review(1, 0, "hidden", ""))

    assert "N11" in shopper.get(KIONDO).text
    assert f'href="{KIONDO}/reviews">More reviews' in shopper.get(KIONDO).text
    first = shopper.get(f"{KIONDO}/reviews").text
    older = re.search(rf'href="({KIONDO}/reviews\?before=\d+)"', first)[1]
    assert re.findall(r"N\d\d", first + shopper.get(older).text) == [f"N{place:02}" for place in range(11, -1, -1)]


def test_an_average_has_one_decimal():
    assert [Rating(*one).average for one in ((0, 0), (1, 5), (2, 9), (3, 14), (3, 13), (20, 89))] == [
        *("", "5.0", "4.5", "4.7", "4.3", "4.5")
    ]
