"""Importing and exporting the catalogue as a CSV file in tests."""

import csv
import io

from sqlalchemy import select

from shop.catalog.csv_import.apply import apply_rows
from shop.catalog.csv_import.parser import decode_csv, read_sheet
from shop.catalog.csv_import.plan import preview
from shop.catalog.models import Product, ProductImage, StockEntry, Variant
from shop.core.database import db, write
from tests.shopper import hidden_fields

NEW = {"Slug": "sisal-mat", "Name": "Sisal mat", "Category": "Kitchen", "SKU": "SIS-MAT", "Price": "950", "Stock": "7"}
SEEN_STOCK = "Stock when exported"


class CsvPages:
    """A user who imports files."""

    def __init__(self, owner):
        self.owner = owner

    def export(self) -> bytes:
        reply = self.owner.browser.get("/admin/export/catalogue.csv")
        assert reply.status_code == 200
        return reply.data

    def send(self, content, name="catalogue.csv"):
        """Upload a file and return the response."""
        token = hidden_fields(self.owner.get("/admin/import").text)["csrf_token"]
        content = content if isinstance(content, bytes) else content.encode()
        form = {"csrf_token": token, "file": (io.BytesIO(content), name)}
        return self.owner.post("/admin/import", form, content_type="multipart/form-data")

    def look(self, content, query=""):
        """Upload a file and return its preview."""
        reply = self.send(content)
        assert reply.status_code == 303, reply.text
        self.address = reply.headers["Location"]
        return self.owner.get(self.address + query)

    def apply(self, page=None, **changes):
        """Press Apply on the last preview."""
        page = page or self.owner.get(self.address)
        return self.owner.post(f"{self.address}/apply", {"seen": "", **hidden_fields(page.text), **changes})

    def take(self, content):
        """Upload and apply a file without errors."""
        reply = self.apply(self.look(content))
        assert reply.status_code == 303, reply.text
        return reply


def sheet(*rows, columns=None):
    """A CSV file of rows given as {column: cell}."""
    out = io.StringIO()
    names = columns or list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def planned(text):
    """What a file would change, without its pages."""
    return preview(_rows(text))


def imported(text):
    """Apply a file, without its pages."""
    seen = planned(text).digest
    write(lambda: apply_rows(_rows(text), seen, "owner"))


def _rows(text):
    return read_sheet(decode_csv(text.encode())[0]).rows


def variant(app, sku):
    with app.app_context():
        return db.session.scalar(select(Variant).where(Variant.sku == sku))


def everything(app):
    with app.app_context():
        return [
            db.session.execute(select(*model.__table__.columns).order_by(model.id)).all()
            for model in (Product, Variant, ProductImage, StockEntry)
        ]
