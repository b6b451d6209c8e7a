"""Categories: add, rename, put in order, archive."""

import re

from sqlalchemy import select, update

from shop.admin.catalog import product_edit_views
from shop.catalog.models import Category
from shop.core.database import db
from tests.product_factory import fields_of, problems


def order_of(app):
    with app.app_context():
        return list(db.session.scalars(select(Category.slug).where(Category.active).order_by(Category.position)))


def change(owner, category, **answers):
    address = f"/admin/categories/{category.id}"
    return owner.post(address, {**fields_of(owner.get(address).text), **answers})


def add(owner, **answers):
    form = fields_of(owner.get("/admin/categories/new").text)
    return owner.post("/admin/categories/new", {**form, "name": "Books", **answers})


def test_a_category_is_added_last_and_can_hold_products(app, owner, shopper, goods):
    assert add(owner, blurb="To read by lamplight.").status_code == 303

    assert order_of(app)[-1] == "books"
    goods.added(owner, category=str(goods.category("books").id))
    assert "Blue mug" in shopper.get("/categories/books").text
    assert "To read by lamplight." in shopper.get("/categories/books").text
    assert "/categories/books" in shopper.get("/").text


def test_a_renamed_category_keeps_its_address_and_its_products_are_found_by_the_new_name(owner, shopper, goods):
    assert change(owner, goods.category("baskets"), name="Vikapu").status_code == 303

    assert "Vikapu" in shopper.get("/categories/baskets").text
    assert "/products/kiondo-classic" in shopper.get("/search?q=vikapu+kio-cla-ter").text
    assert "Changed category Baskets, now Vikapu" in goods.acts()


def test_a_category_is_moved_up_and_down(app, owner, goods):
    before = order_of(app)
    third = goods.category(before[2])

    goods.press(owner, f"/admin/categories/{third.id}/move", to="up")
    assert order_of(app) == [before[0], before[2], before[1], *before[3:]]

    for _ in range(9):
        goods.press(owner, f"/admin/categories/{third.id}/move", to="down")
    assert order_of(app)[-1] == third.slug


def test_a_category_with_products_for_sale_is_not_archived_and_their_number_is_shown(owner, shopper, goods):
    baskets = goods.category("baskets")

    goods.press(owner, f"/admin/categories/{baskets.id}/archive")

    assert "Baskets still has 7 for sale. Move or archive those first" in owner.get("/admin/categories").text
    assert shopper.get("/categories/baskets").status_code == 200


def test_an_empty_category_is_archived_and_restored(owner, shopper, goods):
    add(owner)
    books = goods.category("books")
    added = goods.added(owner, category=str(books.id))
    goods.press(owner, f"/admin/products/{added}/archive")
    goods.press(owner, f"/admin/categories/{books.id}/archive")

    assert shopper.get("/categories/books").status_code == 410
    assert "/categories/books" not in shopper.get("/").text
    assert "Books" not in owner.get("/admin/products/new").text
    assert "Archived" in owner.get("/admin/categories").text
    goods.press(owner, f"/admin/products/{added}/publish", sure="1")
    assert "Its category, Books, is archived" in owner.get(f"/admin/products/{added}").text
    assert not goods.product(added).published

    goods.press(owner, f"/admin/categories/{books.id}/restore")
    assert shopper.get("/categories/books").status_code == 200


def test_a_category_shows_an_image_of_its_products_or_the_neutral_one(owner, shopper, goods):
    baskets = goods.category("baskets")
    page = owner.get(f"/admin/categories/{baskets.id}").text
    offered = re.findall(r'name="image" value="([^"]*)"', page)
    assert len(offered) == 8 and offered[-1] == "img/no-image.svg"

    assert change(owner, baskets, image=offered[3]).status_code == 303

    assert offered[3].rsplit("/", 1)[1] in shopper.get("/").text


def test_a_wrong_category_is_refused_with_the_remedy(owner, goods):
    baskets = goods.category("baskets")
    for answers, words in (
        ({"name": ""}, "Name is empty: fill it in"),
        ({"name": "x" * 61}, "Name has 61 characters; 60 fit"),
        ({"name": "KITCHEN & table"}, "There is a category “Kitchen & table” already"),
        ({"blurb": "x" * 201}, "The sentence has 201 characters; 200 fit"),
        ({"slug": "kitchen"}, "“Kitchen & table” has the address kitchen already: choose another"),
        ({"slug": "😀"}, "The address needs letters a to z or digits"),
        ({"slug": ""}, "Address is empty: fill it in"),
        ({"image": "../../etc/passwd"}, "That image is no longer there: choose another"),
    ):
        reply = change(owner, baskets, **answers)
        assert reply.status_code == 422
        assert problems(reply) == [words]


def test_a_category_archived_at_the_same_moment_gets_no_products(owner, goods, monkeypatch):
    add(owner)
    books, added = goods.category("books"), goods.added(owner)
    save = product_edit_views._save

    def archived_first(*edit):
        db.session.execute(update(Category).where(Category.id == books.id).values(active=False))
        return save(*edit)

    monkeypatch.setattr(product_edit_views, "_save", archived_first)
    reply = goods.edit(owner, added, category=str(books.id), name="Moved mug")

    assert reply.status_code == 422
    assert problems(reply) == ["This category was archived a moment ago: choose another"]
    assert fields_of(reply.text)["name"] == "Moved mug"
    assert goods.product(added).name == "Blue mug"
