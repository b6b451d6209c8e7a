"""An import of an old export: sales and new names since then are kept."""

import pytest
from sqlalchemy import update

from shop.catalog.models import Category, Product
from shop.core.database import db, write
from tests import both_databases
from tests.csv_sheets import CsvPages, rows_of, sheet, variant
from tests.shopper import SKU

SEEN = "Stock when exported"


@pytest.fixture
def sheets(owner):
    return CsvPages(owner)


def sold(shopper, pieces):
    bought = shopper.buy(SKU, pieces)
    bought.post_callback(bought.callback())


def exported(sheets):
    return rows_of(sheets.export())


def with_changes(rows, **changes):
    return sheet(*({**row, **changes} if row["SKU"] == SKU else row for row in rows))


@both_databases
def test_an_old_file_with_new_prices_does_not_undo_sales(app, sheets, shopper):
    rows = exported(sheets)
    before = variant(app, SKU)
    sold(shopper, 2)

    page = sheets.look(with_changes(rows, Price=str(before.price + 10)))
    assert "1 changed" in page.text and "Stock:" not in page.text
    assert sheets.apply(page).status_code == 303

    after = variant(app, SKU)
    assert (after.price, after.on_hand) == (before.price + 10, before.on_hand - 2)


def test_a_stock_changed_in_the_file_is_an_error_when_pieces_were_sold_since(app, sheets, shopper):
    rows, before = exported(sheets), variant(app, SKU)
    sold(shopper, 2)
    was, now = before.on_hand, before.on_hand - 2

    page = sheets.look(with_changes(rows, Stock=str(was + 5)))
    assert f"It was {was} when the file was exported and is {now} now, 2 fewer: sold or changed since" in page.text
    assert "1 row has an error" in page.text

    page = sheets.look(with_changes(rows, Stock=str(now + 5), **{SEEN: str(now)}))
    assert sheets.apply(page).status_code == 303
    assert variant(app, SKU).on_hand == now + 5


def test_a_stock_changed_in_a_new_export_is_applied(app, sheets):
    before = variant(app, SKU).on_hand

    sheets.take(with_changes(exported(sheets), Stock=str(before + 5)))

    assert variant(app, SKU).on_hand == before + 5


def test_a_file_without_the_stock_at_export_works_with_a_warning(app, sheets):
    page = sheets.look(sheet({"SKU": SKU, "Stock": "31"}))

    assert "set the stock without the column" in page.text
    assert sheets.apply(page).status_code == 303
    assert variant(app, SKU).on_hand == 31


def test_a_cell_that_is_no_number_is_reported_with_its_column(sheets):
    page = sheets.look(sheet({"SKU": SKU, "Stock": "31", SEEN: "many"}))

    assert "Stock when exported: “many” is no number" in page.text


@both_databases
def test_an_export_still_applies_after_product_and_category_were_renamed(app, sheets):
    rows = exported(sheets)
    old = next(row for row in rows if row["SKU"] == SKU)["Slug"]
    with app.app_context():
        write(lambda: db.session.execute(update(Product).where(Product.slug == old).values(slug="kiondo-of-today")))
        renamed = update(Category).where(Category.slug == "baskets").values(name="Vikapu")
        write(lambda: db.session.execute(renamed))

    page = sheets.look(with_changes(rows, Price="2,777"))
    assert f"The address is kiondo-of-today now, no longer {old}" in page.text
    assert sheets.apply(page).status_code == 303

    assert variant(app, SKU).price == 2777
    with app.app_context():
        assert db.session.query(Product.id).filter_by(slug=old).count() == 0


def test_an_address_of_another_product_is_still_an_error(sheets):
    page = sheets.look(sheet({"SKU": SKU, "Slug": "teapot", "Price": "2,777"}))

    assert f"{SKU} belongs to kiondo-classic" in page.text
