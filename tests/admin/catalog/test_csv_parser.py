"""The CSV file itself: its formats, its size, and who may send it."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from shop.admin.catalog import import_views
from shop.catalog.csv_import import columns as exporting
from shop.catalog.csv_import import drafts, parser, planner
from shop.catalog.csv_import.drafts import ImportDraft
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import AdminClient, create_owner
from tests.csv_sheets import NEW, CsvPages, sheet, variant
from tests.shopper import SKU, hidden_fields


@pytest.fixture
def sheets(owner):
    return CsvPages(owner)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf  \r\n", "The file is empty"),
        (b"Price,Stock\r\n1,2\r\n", "one of them must be SKU"),
        (b"SKU,Price\r\n", "a header but no rows"),
        (b"SKU,Price,price\r\nA,1,2\r\n", "Two columns are called “Price”"),
        ("SKU,Price\r\nA,1\r\n".encode("utf-16"), "UTF-16"),
        (b"SKU,Price\r\nA\0B,1\r\n", "no CSV file"),
        (b"SKU,Name\r\nA,\x81\xff\xfe\r\n", "no CSV file"),
        (b'SKU,Name\r\nA,"x\r\nB,y\r\n', "Row 2 cannot be read: a quotation mark"),
        (b'SKU,Name\r\nA,"x"y\r\n', "Row 2 cannot be read: a quotation mark"),
        (b"SKU,Name\r\nA," + b"x" * 200_000, "cannot be read"),
        (b"SKU\r\n" + b"A\r\n" * 5001, "more than 5,000 rows"),
        (b"x" * (parser.MAX_BYTES + 1), "more than 2 MB"),
        (b"PK\x03\x04" + bytes(500), "no CSV file"),
    ],
)
def test_a_file_that_is_not_csv_is_refused_with_the_remedy(app, sheets, content, words):
    reply = sheets.send(content)

    assert reply.status_code == 422
    assert words in reply.text
    assert "<title>Error: " in reply.text
    with app.app_context():
        assert db.session.scalar(select(func.count(ImportDraft.id))) == 0


def test_a_form_without_a_file_is_refused(sheets):
    token = hidden_fields(sheets.owner.get("/admin/import").text)["csrf_token"]

    for form in ({}, {"file": "text"}, {"file": (io.BytesIO(b""), "")}):
        reply = sheets.owner.post("/admin/import", {"csrf_token": token, **form}, content_type="multipart/form-data")
        assert reply.status_code == 422
        assert "Choose a CSV file" in reply.text


def test_files_from_excel_are_read_and_the_guessed_format_is_reported(app, sheets):
    excel = f"SKU;Name;Colour\r\n{SKU};Café kiondo;red\r\n".encode("cp1252")
    page = sheets.look(excel)

    for words in (
        "read as a Windows file",
        "separated by semicolons",
        "left out: Colour",
        "<ins>Café kiondo</ins>",
    ):
        assert words in page.text
    assert "Café" in sheets.look(f"SKU\tName\n{SKU}\tCafé kiondo\n").text


def test_a_row_with_more_cells_than_the_header_is_an_error_and_empty_rows_are_skipped(sheets):
    page = sheets.look(f"SKU,Name\r\n,\r\n{SKU},A basket, with a lid\r\n\r\n")

    assert "Row: It has more cells than the header" in page.text
    assert ">3</td>" in page.text
    assert 'All rows <span class="tabs__count">1<' in page.text


def test_the_preview_has_pages(sheets):
    rows = [{**NEW, "Slug": f"mat-{n}", "SKU": f"MAT-{n}"} for n in range(120)]
    page = sheets.look(sheet(*rows))

    assert page.text.count('data-label="Row"') == import_views.PAGE_SIZE
    assert sheets.owner.get(f"{sheets.address}?page=3").text.count('data-label="Row"') == 20
    for query in ("?page=999", "?page=x", "?show=none", "?show=error&page=0", "?page=" + "9" * 400, "?show=%00"):
        assert sheets.owner.get(sheets.address + query).status_code == 200


def test_only_its_owner_sees_a_draft_and_it_is_deleted_after_a_day(app, sheets, staff):
    page = sheets.look(sheet(NEW))
    create_owner(app, "other@example.com")
    other = AdminClient(app)
    other.sign_in("other@example.com")

    assert other.get(sheets.address).status_code == 404
    token = hidden_fields(other.get("/admin/import").text)["csrf_token"]
    other.post(f"{sheets.address}/apply", {**hidden_fields(page.text), "csrf_token": token})
    assert other.post(f"{sheets.address}/forget", {"csrf_token": token}).status_code == 404
    assert variant(app, "SIS-MAT") is None
    assert staff.get(sheets.address).status_code == 403
    with app.app_context():
        write(lambda: db.session.execute(update(ImportDraft).values(created_at=utcnow() - timedelta(hours=25))))
    assert sheets.owner.get(sheets.address).status_code == 404
    with app.app_context():
        assert drafts.sweep_drafts() == 1
        assert drafts.sweep_drafts() == 0


def test_a_file_can_be_discarded(app, sheets):
    page = sheets.look(sheet(NEW))
    reply = sheets.owner.post(f"{sheets.address}/forget", hidden_fields(page.text))

    assert reply.status_code == 303
    assert sheets.owner.get(sheets.address).status_code == 404
    assert variant(app, "SIS-MAT") is None


@pytest.mark.parametrize("token", ["x", "0" * 43, "y" * 5000, "%00", "..", "é"])
def test_a_preview_with_a_forged_token_is_not_found(owner, token):
    assert owner.get(f"/admin/import/{token}").status_code == 404


def test_only_owners_export_and_import_the_catalogue(staff, visitor):
    for address in ("/admin/import", "/admin/export/catalogue.csv"):
        assert staff.get(address).status_code == 403
        assert visitor.get(address).status_code == 303


@both_databases
def test_five_thousand_rows_are_previewed_and_applied_in_few_queries(app, sheets):
    rows = [
        {**NEW, "Slug": f"mat-{n // 2}", "SKU": f"MAT-{n}", "Label": f"No. {n}", "Description": "x" * 100}
        for n in range(5000)
    ]
    asked = []

    page = sheets.look(sheet(*rows))
    reply = sheets.apply(page)
    again = sheets.look(sheet(*rows))

    assert reply.status_code == 303
    assert "0 changes" in again.text
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *_: asked.append(1))
        planner.plan(parser.read_sheet(sheet(*rows)).rows)
    assert len(asked) < 40


def test_the_export_runs_no_query_for_each_product(app, sheets):
    asked = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *_: asked.append(1))
        assert sum(1 for _ in exporting.catalogue_lines()) > 60
    assert len(asked) < 12
