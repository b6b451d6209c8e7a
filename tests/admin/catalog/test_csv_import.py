"""Import and export of the catalogue: the pages, the draft between preview and Apply, and what is written."""

import io
import re
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from shop.accounts.models import AuditLogEntry
from shop.admin.catalog import import_views
from shop.catalog.categories import CategoryInUse, archive_category
from shop.catalog.csv_import import drafts
from shop.catalog.csv_import.apply import PlanChanged
from shop.catalog.csv_import.columns import catalogue_lines
from shop.catalog.csv_import.drafts import ImportDraft
from shop.catalog.models import Category, Product, ProductEdit, ProductImage, StockEntry, Variant
from shop.catalog.stock import OPENING
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import DONE, AdminClient, create_owner
from tests.between import Between
from tests.csv_sheets import NEW, CsvPages, everything, imported, planned, rows_of, sheet, variant
from tests.page_checks import CANARY
from tests.query_counter import counted
from tests.shopper import SKU, hidden_fields


@pytest.fixture
def sheets(owner):
    return CsvPages(owner)


@both_databases
def test_an_unchanged_export_changes_nothing_and_restores_an_empty_shop(app, sheets):
    exported = sheets.export()
    before = everything(app)
    page = sheets.look(exported)

    assert exported.startswith('\ufeff"Slug","Name","Category",'.encode())
    assert "0 changes: the shop has the values of the file already." in page.text
    assert "Apply" not in page.text
    assert sheets.apply().status_code == 409  # no button leads here
    assert everything(app) == before

    with app.app_context():
        write(lambda: [db.session.execute(delete(model)) for model in (Variant, ProductImage, Product)])
    said = sheets.owner.get(sheets.take(exported).headers["Location"]).text
    assert re.search("Imported: [0-9]+ new, 0 changed, 0 as they were", said)
    assert sheets.export() == exported
    assert sheets.owner.get("/products/kiondo-classic").status_code == 200
    assert "Classic sisal kiondo" in sheets.owner.get("/search?q=kio-cla-ter").text


@both_databases
def test_a_file_is_previewed_then_applied_and_its_stock_is_in_the_ledger(app, sheets):
    row = {"SKU": SKU, "Price": "2,600", "Stock": "31", "Name": f"=Kiondo {CANARY}", "Label": ""}
    was, before = variant(app, SKU), everything(app)
    page = sheets.look(sheet(row, {**NEW, "Status": "published"}))

    assert everything(app) == before
    for words in (
        f"<del>{was.price}</del> <ins>2600</ins>",
        f"<del>{was.on_hand}</del> <ins>31</ins>",
        "1 new, 1 changed",
        "set the stock without the column",
    ):
        assert words in page.text
    sheets.apply(page)
    now, new = variant(app, SKU), variant(app, "SIS-MAT")
    assert (now.price, now.on_hand, now.label) == (2600, 31, was.label)
    assert (new.price, new.on_hand, new.held, new.low_stock_threshold, new.active) == (950, 7, 0, 3, True)
    with app.app_context():
        columns = (StockEntry.sku, StockEntry.on_hand, StockEntry.reason, StockEntry.actor)
        moves = select(*columns).where(StockEntry.reason != OPENING).order_by(StockEntry.sku)
        assert db.session.execute(moves).all() == [
            (SKU, 31 - was.on_hand, "Import", "owner@example.com"),
            ("SIS-MAT", 7, "Import", "owner@example.com"),
        ]
        acts = db.session.scalars(select(AuditLogEntry.words).where(DONE)).all()
        assert acts == ["Imported a catalogue file: 1 new, 1 changed, 0 as they were"]
        assert db.session.scalar(select(func.count(ImportDraft.id))) == 0
    assert "Sisal mat" in sheets.owner.get("/").text.split("Fresh from")[1][:3000]  # new products come first
    assert "=Kiondo &lt;canary&gt;" in sheets.owner.get("/products/kiondo-classic").text
    assert f"'=Kiondo {CANARY}".replace('"', '""').encode() in sheets.export()


def test_a_file_with_an_error_is_shown_with_its_row_and_saves_nothing(app, sheets):
    before = everything(app)
    page = sheets.look(sheet({"SKU": "SAN-BEA-40", "Price": "5"}, {"SKU": SKU, "Price": "-5"}))

    assert "<title>Error: " in page.text and "1 row has an error" in page.text
    assert '<td role="cell" data-label="Row">3</td>' in page.text
    assert "Price: “-5” is no price" in page.text
    assert sheets.apply(page, seen="whatever").status_code == 422
    assert everything(app) == before


def test_a_form_without_a_readable_file_is_refused(app, sheets):
    token = hidden_fields(sheets.owner.get("/admin/import").text)["csrf_token"]

    for form in ({}, {"file": "text"}, {"file": (io.BytesIO(b""), "")}):
        reply = sheets.owner.post("/admin/import", {"csrf_token": token, **form}, content_type="multipart/form-data")
        assert (reply.status_code, "Choose a CSV file" in reply.text) == (422, True)
    reply = sheets.send(b"Price,Stock\r\n1,2\r\n")
    assert reply.status_code == 422
    assert "<title>Error: " in reply.text and "one of them must be SKU" in reply.text
    with app.app_context():
        assert db.session.scalar(select(func.count(ImportDraft.id))) == 0


def test_empty_cells_and_missing_columns_change_nothing(app, sheets):
    first, *others = rows_of(sheets.export())
    empty = dict.fromkeys(first, "") | {"SKU": first["SKU"]}

    with app.app_context():
        lines = planned(sheet(empty, {"SKU": others[0]["SKU"]})).lines
    assert [line.outcome for line in lines] == ["same", "same"]


def test_options_make_the_label(app, sheets):
    shirt = {"Slug": "shirt", "Name": "Shirt", "Category": "Kitchen", "Option 1": "Size", "Option 2": "Colour"}
    large = {**shirt, "SKU": "SHI-L", "Value 1": "Large", "Value 2": "Indigo", "Price": "900", "Stock": "1"}
    small = {"Slug": "shirt", "SKU": "SHI-S", "Value 1": "Small", "Value 2": "Indigo", "Price": "KSh 800.00"}
    sheets.take(sheet(large, small))

    assert variant(app, "SHI-L").label == "Large, Indigo"
    assert (variant(app, "SHI-S").label, variant(app, "SHI-S").price) == ("Small, Indigo", 800)


def test_images_are_ordered_and_described(app, sheets):
    def images():
        return next(row["Images"] for row in rows_of(sheets.export()) if row["SKU"] == SKU)

    one, two = images().split("\n")[:2]
    turned = f"{two.split(' ')[0]} From above {CANARY}\r\n{one.split(' ')[0]}"
    sheets.take(sheet({"SKU": SKU, "Images": turned}))

    assert images() == f"{two.split(' ')[0]} From above {CANARY}\n{one}"


def test_a_product_archived_by_a_file_has_it_in_its_history(app, sheets):
    sheets.take(sheet({"SKU": SKU, "Status": "archived", "Name": "Kiondo"}))
    sheets.take(sheet({"SKU": SKU, "Status": "published"}))

    with app.app_context():
        words = db.session.scalars(select(ProductEdit.words).order_by(ProductEdit.id)).all()
    assert words == ["name from “Classic sisal kiondo” to “Kiondo”; archived", "published"]


@both_databases
def test_an_export_still_applies_after_product_and_category_were_renamed(app, sheets):
    [row] = [row for row in rows_of(sheets.export()) if row["SKU"] == SKU]
    with app.app_context():
        write(lambda: db.session.execute(update(Product).where(Product.slug == row["Slug"]).values(slug="new-slug")))
        write(lambda: db.session.execute(update(Category).where(Category.slug == "baskets").values(name="Vikapu")))

    page = sheets.look(sheet({**row, "Price": "2,777"}))
    assert f"The address is new-slug now, no longer {row['Slug']}" in page.text
    assert sheets.apply(page).status_code == 303
    assert variant(app, SKU).price == 2777
    with app.app_context():
        assert db.session.scalar(select(func.count(Product.id)).where(Product.slug == row["Slug"])) == 0


@both_databases
def test_a_change_after_the_preview_is_not_overwritten_and_the_preview_is_shown_again(app, sheets):
    def set_stock(condition, on_hand):
        with app.app_context():
            write(lambda: db.session.execute(update(Variant).where(condition).values(on_hand=on_hand)))

    page = sheets.look(sheet({"SKU": SKU, "Stock": "50"}, NEW))
    set_stock(Variant.sku == SKU, 9)
    before = everything(app)
    reply = sheets.apply(page)

    assert reply.status_code == 409
    assert "the catalogue changed after this preview" in reply.text
    assert "<del>9</del> <ins>50</ins>" in reply.text
    assert everything(app) == before
    set_stock(Variant.sku != SKU, 90)  # other products do not matter
    assert sheets.apply(reply).status_code == 303
    assert variant(app, SKU).on_hand == 50


@both_databases
def test_nothing_is_saved_when_another_user_takes_a_sku_of_the_file(app, sheets, monkeypatch):
    page = sheets.look(sheet({"SKU": "SAN-BEA-40", "Price": "1"}, NEW))
    before = everything(app)
    apply_rows = import_views.apply_rows

    def taken_by_another_user(*file):
        apply_rows(*file)
        db.session.add(Variant(product_id=1, sku="SIS-MAT", label="", price=1, on_hand=0, position=9))
        db.session.flush()

    monkeypatch.setattr(import_views, "apply_rows", taken_by_another_user)

    assert sheets.apply(page).status_code == 409
    assert everything(app) == before


def test_a_file_is_applied_once_or_discarded(app, sheets):
    page = sheets.look(sheet(NEW))
    reply = sheets.owner.post(f"{sheets.address}/forget", hidden_fields(page.text))
    assert reply.status_code == 303
    assert sheets.owner.get(sheets.address).status_code == 404
    assert variant(app, "SIS-MAT") is None

    page = sheets.look(sheet(NEW))
    assert sheets.apply(page).status_code == 303
    again = sheets.apply(page)
    assert "was applied or discarded already" in sheets.owner.get(again.headers["Location"]).text


def test_only_its_owner_sees_a_draft_and_it_is_deleted_after_a_day(app, sheets):
    page = sheets.look(sheet(NEW))
    create_owner(app, "other@example.com")
    other = AdminClient(app)
    other.sign_in("other@example.com")

    assert other.get(sheets.address).status_code == 404
    token = hidden_fields(other.get("/admin/import").text)["csrf_token"]
    other.post(f"{sheets.address}/apply", {**hidden_fields(page.text), "csrf_token": token})
    assert other.post(f"{sheets.address}/forget", {"csrf_token": token}).status_code == 404
    assert variant(app, "SIS-MAT") is None
    with app.app_context():
        write(lambda: db.session.execute(update(ImportDraft).values(created_at=utcnow() - timedelta(hours=25))))
    assert sheets.owner.get(sheets.address).status_code == 404
    with app.app_context():
        assert [drafts.sweep_drafts(), drafts.sweep_drafts()] == [1, 0]
    for token in ("x", "0" * 43, "y" * 5000, "%00", "..", "é"):
        assert sheets.owner.get(f"/admin/import/{token}").status_code == 404


def test_the_preview_has_pages_and_says_how_the_file_was_read(sheets):
    rows = [{**NEW, "Name": "Café mat", "Slug": f"mat-{n}", "SKU": f"MAT-{n}"} for n in range(120)]
    page = sheets.look(sheet(*rows).replace(",", ";").encode("cp1252"))

    assert "read as a Windows file" in page.text and "separated by semicolons" in page.text
    assert page.text.count('data-label="Row"') == import_views.PAGE_SIZE
    assert sheets.owner.get(f"{sheets.address}?page=3").text.count('data-label="Row"') == 20
    for query in ("?page=999", "?page=x", "?show=none", "?show=error&page=0", "?page=" + "9" * 400, "?show=%00"):
        assert sheets.owner.get(sheets.address + query).status_code == 200


@both_databases
def test_five_thousand_rows_are_previewed_and_applied_in_few_queries(app, sheets):
    rows = [
        {**NEW, "Slug": f"mat-{n // 2}", "SKU": f"MAT-{n}", "Label": f"No. {n}", "Description": "x" * 100}
        for n in range(5000)
    ]
    assert sheets.apply(sheets.look(sheet(*rows))).status_code == 303
    assert "0 changes" in sheets.look(sheet(*rows)).text
    with app.app_context():
        with counted(app) as queries:
            planned(sheet(*rows))
        assert len(queries) < 40
        with counted(app) as queries:
            assert sum(1 for _ in catalogue_lines()) > 5000
        assert len(queries) < 100  # images and variants are read for 500 products at a time


@both_databases
def test_a_category_archived_at_the_same_moment_stays_in_the_shop_or_gets_no_products(app):
    """Another user archives the category before each statement of the import in turn."""
    file = sheet({"SKU": SKU, "Category": "kitchen"})

    def reset():
        db.session.execute(update(Category).values(active=True))
        db.session.execute(update(Product).where(Product.category.has(slug="kitchen")).values(status="archived"))
        baskets = select(Category.id).where(Category.slug == "baskets").scalar_subquery()
        moved = update(Product).where(Product.slug == "kiondo-classic")
        db.session.execute(moved.values(category_id=baskets, status="published"))

    def archive():
        with app.app_context(), suppress(CategoryInUse):
            kitchen = db.session.scalars(select(Category).where(Category.slug == "kitchen")).one()
            write(lambda: archive_category(kitchen))

    for place in range(1, 40):
        with app.app_context():
            write(reset)
            with Between(app, place, archive) as between, suppress(PlanChanged):
                imported(file)
            astray = select(Product.slug).join(Category).where(Product.published, Category.active.is_(False))
            assert db.session.scalars(astray).all() == []
            db.session.rollback()
        if not between.began:
            return
    raise AssertionError("it never came to its end")
