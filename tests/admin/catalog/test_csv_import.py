"""Import and export of the catalogue as a CSV file."""

import re

import pytest
from sqlalchemy import delete, func, select, update

from shop.accounts.models import AuditLogEntry
from shop.admin.catalog import import_views
from shop.catalog.csv_import.drafts import ImportDraft
from shop.catalog.models import Product, ProductImage, StockEntry, Variant
from shop.catalog.stock import OPENING
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import DONE
from tests.csv_sheets import NEW, CsvPages, everything, rows_of, sheet, variant
from tests.page_checks import CANARY
from tests.shopper import SKU


@pytest.fixture
def sheets(owner):
    return CsvPages(owner)


@both_databases
def test_importing_an_unchanged_export_changes_nothing(app, sheets):
    exported = sheets.export()
    page = sheets.look(exported)

    assert exported.startswith('\ufeff"Slug","Name","Category",'.encode())
    assert "0 changes: the shop has the values of the file already." in page.text
    assert "Apply" not in page.text
    with app.app_context():
        assert len(rows_of(exported)) == db.session.scalar(select(func.count(Variant.id)))
    before = everything(app)
    assert sheets.apply().status_code == 409  # no button leads here
    assert everything(app) == before
    assert sheets.export() == exported


@both_databases
def test_an_empty_shop_is_restored_from_its_export(app, sheets):
    exported = sheets.export()
    with app.app_context():
        write(lambda: [db.session.execute(delete(model)) for model in (Variant, ProductImage, Product)])
    assert len(sheets.export()) < 300
    reply = sheets.take(exported)

    assert re.search(
        "Imported: [0-9]+ new, 0 changed, 0 as they were", sheets.owner.get(reply.headers["Location"]).text
    )
    assert sheets.export() == exported
    assert sheets.owner.get("/products/kiondo-classic").status_code == 200
    assert "Classic sisal kiondo" in sheets.owner.get("/search?q=kio-cla-ter").text


@both_databases
def test_a_row_is_previewed_then_applied_and_its_stock_is_in_the_ledger(app, sheets):
    row = {"SKU": SKU, "Price": "2,600", "Stock": "31", "Name": f"=Kiondo {CANARY}", "Label": ""}
    was = variant(app, SKU)
    before = everything(app)
    page = sheets.look(sheet(row, NEW))

    assert everything(app) == before
    for words in (
        f"<del>{was.price}</del> <ins>2600</ins>",
        f"<del>{was.on_hand}</del> <ins>31</ins>",
        "1 new, 1 changed",
    ):
        assert words in page.text
    sheets.apply(page)
    now, fresh = variant(app, SKU), variant(app, "SIS-MAT")
    assert (now.price, now.on_hand, now.label) == (2600, 31, was.label)
    assert (fresh.price, fresh.on_hand, fresh.held, fresh.low_stock_threshold, fresh.active) == (950, 7, 0, 3, True)
    with app.app_context():
        moves = db.session.execute(
            select(StockEntry.sku, StockEntry.on_hand, StockEntry.reason, StockEntry.actor)
            .where(StockEntry.reason != OPENING)
            .order_by(StockEntry.sku)
        ).all()
        assert moves == [
            (SKU, 31 - was.on_hand, "Import", "owner@example.com"),
            ("SIS-MAT", 7, "Import", "owner@example.com"),
        ]
        acts = db.session.scalars(select(AuditLogEntry.words).where(DONE)).all()
        assert acts == ["Imported a catalogue file: 1 new, 1 changed, 0 as they were"]
        assert db.session.scalar(select(func.count(ImportDraft.id))) == 0
    assert "Sisal mat" in sheets.owner.get("/").text.split("Fresh from")[1][:3000]  # first on the shelf
    assert "=Kiondo &lt;canary&gt;" in sheets.owner.get("/products/kiondo-classic").text
    assert f"'=Kiondo {CANARY}".replace('"', '""').encode() in sheets.export()


def test_empty_cells_and_missing_columns_change_nothing(app, sheets):
    before = everything(app)
    first, *others = rows_of(sheets.export())
    bare = dict.fromkeys(first, "") | {"SKU": first["SKU"]}

    assert "0 changes" in sheets.look(sheet(bare)).text
    assert "0 changes" in sheets.look(sheet({"SKU": others[0]["SKU"]})).text
    assert everything(app) == before


WRONG = [
    ({"SKU": SKU, "Price": "2.600,50"}, "Price: “2.600,50” is no price. Write whole shillings, like 1250"),
    ({"SKU": SKU, "Price": "12,50"}, "Price: “12,50” is no price"),
    ({"SKU": SKU, "Price": "-5"}, "Price: “-5” is no price"),
    ({"SKU": SKU, "Price": "99999999"}, "Price: 99,999,999 is too high. Write 1,000,000 or less"),
    ({"SKU": SKU, "Price": "9" * 400}, "is no price"),
    ({"SKU": SKU, "Price": "1" + ",000" * 2000}, "is no price"),
    ({"SKU": SKU, "Price": "١٢"}, "is no price"),
    ({"SKU": SKU, "Price": "0"}, "Price: 0 is too low. Write 1 or more"),
    ({"SKU": SKU, "Stock": "many"}, "Stock: “many” is no number"),
    ({"SKU": SKU, "Low at": "1.5"}, "Low at: “1.5” is no number"),
    ({"SKU": SKU, "For sale": "maybe"}, "For sale: “maybe” is neither. Write yes or no"),
    ({"SKU": SKU, "Name": "x" * 5000}, "Name: It has 5000 characters. Write 120 or fewer"),
    ({"SKU": SKU, "Category": "Shoes"}, "There is no category “Shoes”. Write one of: "),
    ({"SKU": SKU, "Slug": "teapot"}, f"Slug: {SKU} belongs to kiondo-classic. Write that, or another SKU"),
    ({"SKU": SKU, "Value 2": "Red"}, "Value 2: The product has no Option 2"),
    ({"SKU": SKU, "Option 2": "Size"}, "Option 2: Name Option 1 first"),
    ({"SKU": SKU, "Option 1": "Colour"}, "Value 1: It is empty. Write the Colour"),
    ({"SKU": "", "Price": "5"}, "SKU: It is empty. Write the variant’s SKU"),
    ({**NEW, "SKU": "no good"}, "SKU: “no good” is no SKU. Write capitals, digits and hyphens"),
    ({**NEW, "SKU": "X" * 41}, "is no SKU"),
    ({**NEW, "SKU": CANARY}, "is no SKU"),
    ({**NEW, "Slug": "Sisal Mat"}, "Slug: “Sisal Mat” cannot be part of an address"),
    ({**NEW, "Slug": "../etc"}, "cannot be part of an address"),
    ({**NEW, "Slug": ""}, "Slug: It is empty"),
    ({**NEW, "Name": ""}, "Name: It is empty. A new product needs a name"),
    ({**NEW, "Category": ""}, "Category: It is empty. A new product needs one of the shop’s categories"),
    ({**NEW, "Price": ""}, "Price: It is empty. Write whole shillings, like 1250"),
    (
        {**NEW, "Slug": "kiondo-classic", "Name": "", "Category": ""},
        "Label: It is empty. Of several variants each needs a name",
    ),
]


@pytest.mark.parametrize(("row", "words"), WRONG)
def test_a_wrong_cell_is_reported_with_row_column_and_remedy_and_nothing_is_saved(app, sheets, row, words):
    before = everything(app)
    page = sheets.look(sheet({"SKU": "SAN-BEA-40"}, row, columns=["SKU", *(name for name in row if name != "SKU")]))

    assert words in page.text.replace("&#39;", "'").replace("&amp;", "&")
    assert "<title>Error: " in page.text
    assert "1 row has an error" in page.text
    assert '<td role="cell" data-label="Row">3</td>' in page.text
    assert sheets.apply(page, seen="whatever").status_code == 422
    assert everything(app) == before


def test_rows_that_contradict_each_other_are_reported(sheets):
    page = sheets.look(
        sheet({"SKU": SKU, "Name": "A"}, {"SKU": "KIO-CLA-IND", "Name": "B"}, {"SKU": SKU, "Name": ""}), "?show="
    )

    assert "Name: Row 2 has another value for the same product. Leave all but one empty" in page.text
    assert f"SKU: {SKU} is in row 2 too. Leave one of them out" in page.text


def test_two_variants_of_a_product_never_get_the_same_label(app, sheets):
    label = variant(app, "KIO-CLA-IND").label

    assert f"“{label}” too" in sheets.look(sheet({"SKU": SKU, "Label": label})).text
    swap = sheet({"SKU": SKU, "Label": label}, {"SKU": "KIO-CLA-IND", "Label": variant(app, SKU).label})
    sheets.take(swap)
    assert variant(app, SKU).label == label


def test_options_make_the_label(app, sheets):
    shirt = {"Slug": "shirt", "Name": "Shirt", "Category": "Kitchen", "Option 1": "Size", "Option 2": "Colour"}
    first = {**shirt, "SKU": "SHI-L", "Value 1": "Large", "Value 2": "Indigo", "Price": "900", "Stock": "1"}
    sheets.take(
        sheet(first, {"Slug": "shirt", "SKU": "SHI-S", "Value 1": "Small", "Value 2": "Indigo", "Price": "KSh 800.00"})
    )

    assert variant(app, "SHI-L").label == "Large, Indigo"
    assert variant(app, "SHI-S").price == 800
    assert "Small, Indigo" in sheets.owner.get("/products/shirt").text
    exported = sheets.export()
    assert "0 changes" in sheets.look(exported).text
    assert (
        "Label: It follows from the values. Leave it empty" in sheets.look(sheet({"SKU": "SHI-L", "Label": "L"})).text
    )


@both_databases
def test_stock_is_never_set_below_what_orders_hold(app, sheets, shopper):
    shopper.add(SKU, 3)
    assert shopper.checkout().status_code == 303
    page = sheets.look(sheet({"SKU": SKU, "Stock": "2"}))

    assert "Stock: 3 are held for unpaid orders. Write 3 or more" in page.text
    sheets.take(sheet({"SKU": SKU, "Stock": "3"}))
    assert (variant(app, SKU).on_hand, variant(app, SKU).held) == (3, 3)


@both_databases
def test_a_change_after_the_preview_is_not_overwritten_and_the_preview_is_shown_again(app, sheets):
    page = sheets.look(sheet({"SKU": SKU, "Stock": "50"}, NEW))
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku == SKU).values(on_hand=9)))
    before = everything(app)
    reply = sheets.apply(page)

    assert reply.status_code == 409
    assert "the catalogue changed after this preview" in reply.text
    assert "<del>9</del> <ins>50</ins>" in reply.text
    assert everything(app) == before
    assert sheets.apply(reply).status_code == 303
    assert variant(app, SKU).on_hand == 50


def test_a_change_of_another_product_after_the_preview_does_not_matter(app, sheets):
    page = sheets.look(sheet({"SKU": SKU, "Stock": "50"}))
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku != SKU).values(on_hand=90)))

    assert sheets.apply(page).status_code == 303


@both_databases
def test_nothing_is_saved_when_the_database_refuses_the_last_row(app, sheets, monkeypatch):
    page = sheets.look(sheet({"SKU": "SAN-BEA-40", "Price": "1"}, NEW))
    before = everything(app)
    real = import_views.apply_plan

    def taken_by_another_user(plan, actor):
        real(plan, actor)
        db.session.flush()
        db.session.execute(
            Variant.__table__.insert().values(
                product_id=1,
                sku=SKU,
                label="",
                price=1,
                on_hand=0,
                held=0,
                position=9,
                active=True,
                value_1="",
                value_2="",
                value_3="",
                low_stock_threshold=3,
            )
        )

    monkeypatch.setattr(import_views, "apply_plan", taken_by_another_user)

    assert sheets.apply(page).status_code == 409
    assert everything(app) == before


def test_pressing_apply_twice_applies_the_file_once_and_says_so(app, sheets):
    page = sheets.look(sheet(NEW))
    assert sheets.apply(page).status_code == 303
    again = sheets.apply(page)

    assert again.status_code == 303
    assert "was applied or discarded already" in sheets.owner.get(again.headers["Location"]).text
    with app.app_context():
        assert db.session.scalar(select(func.count(Variant.id)).where(Variant.sku == "SIS-MAT")) == 1


def test_images_are_ordered_and_described_and_an_unknown_image_is_only_a_warning(app, sheets):
    row = next(row for row in rows_of(sheets.export()) if row["SKU"] == SKU)
    one, two = row["Images"].split("\n")[:2]
    turned = f"{two.split(' ')[0]} From above {CANARY}\r\n{one.split(' ')[0]}"
    sheets.take(sheet({"SKU": SKU, "Images": turned}))

    after = next(row for row in rows_of(sheets.export()) if row["SKU"] == SKU)["Images"]
    assert after == f"{two.split(' ')[0]} From above {CANARY}\n{one}"
    for path in (
        "img/none-such.svg",
        "../../shop.db",
        "media/" + "0" * 26 + "-1x1",
        "static/img/logo.svg",
        "http://evil.example/x.png",
    ):
        page = sheets.look(sheet({"SKU": SKU, "Images": path, "Price": "77"}))
        assert f"Images stay as they are: the shop has no image {path}" in page.text
        assert "0 new, 1 changed" in page.text
