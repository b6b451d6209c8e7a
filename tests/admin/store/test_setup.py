"""Set up your shop: steps that tick themselves off, and removing the demo in one press."""

from sqlalchemy import func, select

from shop.catalog.models import Category, Product
from shop.core.database import db
from shop.pricing.models import DeliveryArea, DiscountCode
from shop.store.models import ContentPage
from tests import both_databases
from tests.product_factory import fields_of
from tests.shopper import SKU, hidden_fields


def done(owner) -> int:
    """How many steps are ticked off."""
    return owner.get("/admin/setup").text.count(">Done<")


def remove(owner):
    """Press "Remove the demo", and confirm."""
    form = hidden_fields(owner.get("/admin/setup").text, "/admin/setup/remove-demo")
    return owner.post("/admin/setup/remove-demo", form)


def test_steps_are_ticked_off_by_what_is_done(owner, shopper):
    before = done(owner)

    look = hidden_fields(owner.get("/admin/look").text, "/admin/look")
    owner.post("/admin/look", {**look, "colour": "#e60000", "corners": "", "typeface": ""})
    bought = shopper.buy()
    assert done(owner) == before + 2

    bought.post_callback(bought.callback())
    assert done(owner) == before + 3


@both_databases
def test_the_demo_goes_and_only_what_was_ordered_stays_in_the_archive(app, owner, shopper):
    shopper.buy()

    assert remove(owner).status_code == 303

    with app.app_context():
        products = db.session.execute(select(Product.slug, Product.published)).all()
        assert len(products) == 1 and products[0].published is False
        assert db.session.scalar(select(func.count(Category.id)).where(Category.active)) == 0
        assert db.session.scalar(select(func.count(DiscountCode.id)).where(DiscountCode.active)) == 0
        assert db.session.scalar(select(func.count(DeliveryArea.id))) > 0, "until the owner has one"
    home = shopper.get("/").text
    assert "Baskets" not in home and "Made by hand" not in home and "hero.svg" not in home
    assert "The demo</h2>" not in owner.get("/admin/setup").text


def test_what_the_owner_has_changed_is_theirs(app, owner, goods):
    with app.app_context():
        product = db.session.scalars(select(Product).where(Product.variants.any(sku=SKU))).one()
        category, area, code = product.category_id, 1, db.session.scalar(select(DiscountCode.id).limit(1))
        product_id = product.id
    for address in (
        f"/admin/products/{product_id}/edit",
        f"/admin/categories/{category}",
        f"/admin/delivery-areas/{area}",
        f"/admin/discount-codes/{code}",
        "/admin/pages/1",
    ):
        page = owner.get(address).text
        assert owner.post(address, fields_of(page)).status_code == 303, address

    remove(owner)

    with app.app_context():
        assert db.session.get(Product, product_id).published
        assert db.session.get(Category, category) is not None
        assert db.session.get(DeliveryArea, area) is not None
        assert db.session.get(DiscountCode, code) is not None
        assert db.session.get(ContentPage, 1) is not None


def test_the_owners_own_goods_stay(app, owner):
    with app.app_context():
        product = db.session.scalars(select(Product).where(Product.variants.any(sku=SKU))).one()
        product.demo = product.category.demo = False
        db.session.add(DeliveryArea(code="own", name="Own", fee=100, delivery_time="1 day", position=99))
        db.session.commit()

    remove(owner)

    with app.app_context():
        assert db.session.scalars(select(Product.published)).all() == [True]
        assert db.session.scalar(select(func.count(Category.id))) == 1
        assert db.session.scalars(select(DeliveryArea.name)).all() == ["Own"]
