"""Forty hostile texts in every stored field: pages, emails, slips and exports show them as plain text."""

import csv
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import String, Table, Text, inspect, select, update

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from tests import both_databases, malicious_input
from tests.filled_shop import OWNER, Inhabited
from tests.provider import Provider
from tests.shopper import hidden_fields

# Columns that hold only texts of the shop's own: a state, a code, a hash, a path, JSON.
OURS = {
    "alembic_version.version_num",
    *(f"orders.{name}" for name in ("number", "token", "checkout_key", "payment", "fulfilment", "phone_number")),
    "orders.receiver_phone",
    *(f"payment_attempt.{name}" for name in ("secret_hash", "state", "checkout_link", "method", "reason")),
    *(f"callback_record.{name}" for name in ("claim", "row", "spool_name")),
    *(f"unmatched_callback.{name}" for name in ("secret_hash", "digest", "claim")),
    *(f"outbox_email.{name}" for name in ("kind", "idempotency_key", "message_id")),
    *(f"users.{name}" for name in ("password", "session_key", "email", "role")),
    *(f"ledger_entry.{name}" for name in ("kind", "code", "method")),
    *(f"one_time_link.{name}" for name in ("kind", "role", "token_hash")),
    *(f"cart.{name}" for name in ("token_hash", "area", "answers")),
    *("order_search_term.word", "offered_code.code", "review_flag.kind", "review_flag.open_key"),
    *("order_event.idempotency_key", "discount_code.kind", "product.slug", "product.status"),
    *("category.slug", "category.image"),
    *("review.state", "back_in_stock_request.contact"),
    *("home_section.kind", "home_section.image", "content_page.slug"),
    *("product_search_term.word", "product_search_term.stem", "store_settings.colour"),
    "store_settings.closed_days",
    *("product_image.path", "order_line.image", "store_settings.logo", "shared_cart.code", "cart_line.sku"),
    "store_settings.stand_in",
    *("idempotency_key.key_hash", "idempotency_key.address", "kept_form.token_hash", "kept_form.sealed"),
    *("import_draft.token", "import_draft.text"),  # a file, tried below
    *("login_session.token_hash", "two_factor.secret", "recovery_code.code_hash", "login_throttle.key_hash"),
}


def _columns(table: Table) -> list[str]:
    texts = [column.name for column in table.columns if isinstance(column.type, String | Text)]
    return [name for name in texts if f"{table.name}.{name}" not in OURS]


def poison(text: str) -> None:
    """Put a hostile text into every text of every row. Where rows must differ, the row's key follows it."""
    for table in db.metadata.sorted_tables:
        unique = {
            name for index in inspect(db.engine).get_unique_constraints(table.name) for name in index["column_names"]
        }
        unique |= {column.name for index in table.indexes if index.unique for column in index.columns}
        for name in _columns(table):
            column = table.c[name]
            room = getattr(column.type, "length", None) or 4000
            for key in db.session.execute(select(*table.primary_key.columns)).all():
                tail = f" {key[0]}" if name in unique else ""
                where = [part == value for part, value in zip(table.primary_key.columns, key, strict=True)]
                db.session.execute(update(table).where(*where).values({name: text[: room - len(tail)] + tail}))


@pytest.fixture
def inhabited(app: Flask, provider: Provider, settings: dict[str, str]) -> Inhabited:
    """A shop with rows in every table."""
    return Inhabited(app, provider, Path(settings["INSTANCE_PATH"]))


def addresses_of(inhabited: Inhabited) -> list[str]:
    """Every page, slip and export of the shop."""
    number = inhabited.known["number"][0]
    more = ["/search?q=kiondo", "/categories/baskets", f"/admin/?q={number}", "/admin/?tab=all", "/admin/review"]
    asked = [one for one in inhabited.addresses() if not one.startswith(("/static/", "/assets/"))]
    return [*asked, *more]


def _check(reply, address: str) -> None:
    assert reply.status_code < 500, f"{address}: {reply.status}"
    if reply.mimetype == "text/html" and reply.status_code // 100 != 3 and reply.data:
        malicious_input.check_harmless(reply.text, address)
    if reply.mimetype == "text/csv" and not address.startswith("/feeds/"):  # read by programs, not spreadsheets
        malicious_input.check_cells(reply.text, address)


@both_databases
def test_no_hostile_text_becomes_more_than_text(app, inhabited, settings):
    addresses, owner = addresses_of(inhabited), inhabited.visitors[OWNER]
    for text in malicious_input.STRINGS:
        with app.app_context():
            write(lambda text=text: poison(text))
        opened = 0
        for address in addresses:
            reply = owner.browser.get(address, buffered=True)
            _check(reply, f"{address} with {text!r}")
            opened += address.startswith("/admin/") and reply.status_code == 200
        assert opened > 50, "the owner was signed out"

    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
    for letter in Path(settings["INSTANCE_PATH"], "mail").glob("*.eml"):
        malicious_input.check_email(letter.read_bytes())


def test_the_preview_of_a_hostile_catalogue_file_shows_text(inhabited):
    owner, previews = inhabited.visitors[OWNER], 0
    for text in malicious_input.STRINGS:
        file = StringIO()
        csv.writer(file).writerows([("Name", "Category", "SKU", "Price", "Image"), (text, text, text, "5", text)])
        hidden = hidden_fields(owner.browser.get("/admin/import").text)
        sent = {**hidden, "file": (BytesIO(file.getvalue().encode("utf-8", "replace")), f"{text[:40]}.csv")}
        reply = owner.browser.post("/admin/import", data=sent, content_type="multipart/form-data")
        if reply.status_code == 303:
            previews += 1
            reply = owner.browser.get(reply.location)
        _check(reply, f"the preview of {text!r}")

    assert previews > 30
