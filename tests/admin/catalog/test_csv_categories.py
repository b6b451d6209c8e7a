"""Categories in an import: products for sale are never in an archived category."""

import pytest
from sqlalchemy import select, update

from shop.catalog.categories import CategoryInUse, archive_category
from shop.catalog.csv_import.parser import read_sheet
from shop.catalog.csv_import.planner import plan
from shop.catalog.models import Category, Product
from shop.core.database import db, write
from tests import both_databases
from tests.faults.between import Between
from tests.shopper import SKU

NEW = "SKU,Slug,Name,Category,Price\r\nSIS-MAT,sisal-mat,Sisal mat,kitchen,950\r\n"


@pytest.fixture
def empty_kitchen(app):
    """The category Kitchen, archived, and what was in it too."""

    def put_away():
        kitchen = db.session.scalars(select(Category).where(Category.slug == "kitchen")).one()
        db.session.execute(update(Product).where(Product.category_id == kitchen.id).values(active=False))
        archive_category(kitchen)

    with app.app_context():
        write(put_away)


def problems(app, text):
    with app.app_context():
        return [problem for line in plan(read_sheet(text).rows).lines for problem in line.problems]


@both_databases
@pytest.mark.parametrize(
    "text",
    [NEW, f"SKU,Category\r\n{SKU},kitchen\r\n", "SKU,Archived\r\nTEA-ENA-BLU,no\r\n"],
    ids=["new", "moved there", "put on sale there"],
)
def test_products_for_sale_are_not_moved_to_an_archived_category(app, empty_kitchen, text):
    with app.app_context():
        mine = select(Product.slug).where(Product.category.has(slug="kitchen"))
        variant = db.session.scalars(mine.limit(1)).one()
    text = text.replace("TEA-ENA-BLU", sku_of(app, variant))

    with app.app_context():
        name = db.session.scalars(select(Category.name).where(Category.slug == "kitchen")).one()
    assert problems(app, text) == [
        ("Category", f"{name} is archived. Put it back in the shop first, or choose another")
    ]


@both_databases
def test_archived_products_may_be_in_an_archived_category(app, empty_kitchen):
    assert problems(app, f"SKU,Category,Archived\r\n{SKU},kitchen,yes\r\n") == []


@both_databases
def test_a_category_archived_at_the_same_moment_stays_in_the_shop_or_gets_no_products(app):
    """Another user archives the category before each statement of the import in turn."""
    from shop.catalog.csv_import.lookups import read_catalog_rows

    def archive():
        with app.app_context():
            kitchen = db.session.scalars(select(Category).where(Category.slug == "kitchen")).one()
            try:
                write(lambda: archive_category(kitchen))
            except CategoryInUse:
                return

    def put_there(kitchen_id):
        read_catalog_rows({"kiondo-classic"}, set(), lock=True)
        if db.session.get_one(Category, kitchen_id).active:
            moved = update(Product).where(Product.slug == "kiondo-classic")
            db.session.execute(moved.values(category_id=kitchen_id, active=True))

    for place in range(1, 20):
        with app.app_context():
            kitchen = db.session.scalars(select(Category).where(Category.slug == "kitchen")).one().id
            write(lambda kitchen=kitchen: reset(kitchen))
            with Between(app, place, archive) as between:
                write(lambda kitchen=kitchen: put_there(kitchen))
            astray = select(Product.slug).join(Category).where(Product.active, Category.active.is_(False))
            assert db.session.scalars(astray).all() == []
            db.session.rollback()
        if not between.began:
            return
    raise AssertionError("it never came to its end")


def reset(kitchen_id):
    db.session.execute(update(Category).values(active=True))
    db.session.execute(update(Product).where(Product.category_id == kitchen_id).values(active=False))


def sku_of(app, slug):
    with app.app_context():
        return db.session.scalars(select(Product).where(Product.slug == slug)).one().variants[0].sku
