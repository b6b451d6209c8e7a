"""Products in the admin: forms filled in as a browser would, and what the database holds afterwards."""

import re
from html import unescape
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from shop.accounts.models import AuditLogEntry
from shop.catalog.models import Category, Product, StockEntry, Variant
from shop.core.database import db
from tests.admin_client import AdminClient
from tests.shopper import hidden_fields

MUG = {
    "name": "Blue mug",
    "price": "1250",
    "stock": "7",
    "low_stock_threshold": "3",
    "description": "",
    "sku": "MUG-BLU",
}


class Goods:
    """The catalogue of one shop."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def add(self, owner: AdminClient, **answers: str) -> TestResponse:
        """Fill in "Add a product"."""
        form = hidden_fields(owner.get("/admin/products/new").text)
        return owner.post("/admin/products/new", {**form, **MUG, "category": str(self.category().id), **answers})

    def drafted(self, owner: AdminClient, **answers: str) -> int:
        """Add a product, which is a draft; its id."""
        reply = self.add(owner, **answers)
        assert reply.status_code == 303, re.findall(r'href="#[^>]*>([^<]*)', reply.text)
        return int(re.search(r"/products/(\d+)", reply.headers["Location"])[1])

    def added(self, owner: AdminClient, **answers: str) -> int:
        """Add a product and publish it without a photo; its id."""
        added = self.drafted(owner, **answers)
        assert self.press(owner, f"/admin/products/{added}/publish", sure="1").status_code == 303
        return added

    def form(self, owner: AdminClient, product_id: int) -> dict[str, str]:
        """The filled-in form of a product."""
        return fields_of(owner.get(f"/admin/products/{product_id}/edit").text)

    def edit(self, owner: AdminClient, product_id: int, **changes: str) -> TestResponse:
        """Change fields of a product; of a variant `price-MUG-BLU`. None takes a tick off."""
        form = self.form(owner, product_id) | {self.field(name): value for name, value in changes.items()}
        return owner.post(f"/admin/products/{product_id}/edit", {k: v for k, v in form.items() if v is not None})

    def field(self, name: str) -> str:
        """A field's name with the variant's id in place of its SKU."""
        kind, _, sku = name.partition("-")
        return f"{kind}-{self.variant(sku).id}" if sku else name

    def options(self, owner: AdminClient, product_id: int, **answers: str) -> TestResponse:
        """Fill in the options page: the combinations."""
        address = f"/admin/products/{product_id}/options"
        return owner.post(address, {**fields_of(owner.get(address).text), **answers})

    def make(self, owner: AdminClient, product_id: int, page: TestResponse, **changes: str | None) -> TestResponse:
        """Press Save below the combinations."""
        form = {**fields_of(page.text), "step": "make", **changes}
        return owner.post(f"/admin/products/{product_id}/options", {k: v for k, v in form.items() if v is not None})

    def stock(self, owner: AdminClient, sku: str, kind: str, pieces: str, **answers: str) -> TestResponse:
        """Write down what happened to a SKU's stock."""
        form = hidden_fields(owner.get(f"/admin/stock/{sku}").text)
        return owner.post(f"/admin/stock/{sku}", {**form, "kind": kind, "pieces": pieces, "note": "", **answers})

    def press(self, owner: AdminClient, address: str, **answers: str) -> TestResponse:
        """Press a button that stands on some page of the admin."""
        page = "/admin/categories" if "/categories/" in address else "/admin/products"
        return owner.post(address, {**hidden_fields(owner.get(page).text), **answers})

    def variant(self, sku: str) -> Variant:
        """A variant, as it is now."""
        with self.app.app_context():
            return db.session.scalars(select(Variant).where(Variant.sku == sku)).one()

    def product(self, product_id: int) -> Product:
        """A product, as it is now."""
        with self.app.app_context():
            return db.session.get_one(Product, product_id)

    def skus(self, product_id: int) -> dict[str, str]:
        """The SKUs of a product in their order, with their labels."""
        with self.app.app_context():
            mine = select(Variant.sku, Variant.label).where(Variant.product_id == product_id)
            return dict(db.session.execute(mine.order_by(Variant.position)).all())

    def category(self, slug: str = "kitchen") -> Category:
        """A category, as it is now."""
        with self.app.app_context():
            return db.session.scalars(select(Category).where(Category.slug == slug)).one()

    def moves(self, sku: str) -> list[tuple[str, int, int]]:
        """The ledger of a SKU, oldest first: reason, change here, change held."""
        with self.app.app_context():
            mine = select(StockEntry.reason, StockEntry.on_hand, StockEntry.held).where(StockEntry.sku == sku)
            return [tuple(row) for row in db.session.execute(mine.order_by(StockEntry.id))]

    def unexplained(self) -> list[Any]:
        """The SKUs whose ledger does not add up to their stock: there must be none."""
        with self.app.app_context():
            sums = select(StockEntry.sku, func.sum(StockEntry.on_hand), func.sum(StockEntry.held)).group_by(
                StockEntry.sku
            )
            told = {sku: (int(here), int(held)) for sku, here, held in db.session.execute(sums)}
            there = db.session.execute(select(Variant.sku, Variant.on_hand, Variant.held)).all()
            return [(row, told.get(row[0])) for row in there if told.get(row[0], (0, 0)) != tuple(row[1:])]

    def acts(self) -> list[str]:
        """What the log of staff acts says, oldest first."""
        with self.app.app_context():
            return list(db.session.scalars(select(AuditLogEntry.words).order_by(AuditLogEntry.id)))


def fields_of(html: str) -> dict[str, str]:
    """What a browser would send of a page's main form untouched."""
    html = html[html.index("<main") :]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", html):
        attributes = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        kind = attributes.get("type", "text")
        if "name" in attributes and (kind not in ("radio", "checkbox") or " checked" in tag):
            fields[attributes["name"]] = attributes.get("value", "")
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(?:\r?\n)?(.*?)</textarea>', html, re.DOTALL):
        fields[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.findall(r'selected value="([^"]*)"|value="([^"]*)" selected', options)
        first = chosen or re.findall(r'value="([^"]*)"()', options)
        fields[name] = unescape("".join(first[0])) if first else ""
    return fields


def problems(reply: TestResponse) -> list[str]:
    """What the summary of errors says."""
    return [unescape(words) for words in re.findall(r'<li><a href="#[^"]*">([^<]*)</a></li>', reply.text)]
