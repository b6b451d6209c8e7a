"""A visitor of the shop, who opens pages (each is checked), fills in forms and buys; and Chpter's callbacks."""

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from flask import Flask
from werkzeug.test import TestResponse

from tests.page_checks import check_page
from tests.provider import Provider

ANSWERS = {
    "full_name": "Wanjiru Test",
    "phone_number": "0712 345 678",
    "email": "buyer@example.com",
    "location": "Near the stage, blue gate",
    "note": "",
    "code": "",
}
SKU = "KIO-CLA-TER"  # in the demo shop: plenty of stock


class Shopper:
    """A buyer with a browser without JavaScript."""

    def __init__(self, app: Flask, provider: Provider | None = None) -> None:
        self.app = app
        self.provider = provider
        self.browser = app.test_client()
        self.page: Element | None = None

    def get(self, address: str, **options: Any) -> TestResponse:
        """Open an address. A page is checked."""
        return self._checked(self.browser.get(address, **options), address)

    def post(self, address: str, data: Mapping[str, Any], **options: Any) -> TestResponse:
        """Send a form. A page is checked. If the checkout redirects to a page that says why, open it."""
        reply = self.browser.post(address, data=data, **options)
        back = reply.headers.get("Location", "")
        if address == "/checkout" and back.startswith(("/checkout?", "/cart")):
            assert reply.status_code == 303
            return self.get(back)
        return self._checked(reply, address)

    def add(self, sku: str = SKU, quantity: int | str = 1) -> TestResponse:
        """Add a SKU to the cart."""
        return self.post("/cart/add", {"sku": sku, "quantity": str(quantity)})

    def fill_checkout(self, area: str = "nairobi-cbd", **answers: str) -> dict[str, str]:
        """The checkout form as a browser would send it, with its hidden fields."""
        filled = {**ANSWERS, "area": self.area(area), **answers, "pay": "1"}
        return {**hidden_fields(self.get("/checkout").text), **filled}

    def checkout(self, area: str = "nairobi-cbd", **answers: str) -> TestResponse:
        """Press Pay; if the page asks to confirm the total, press again."""
        form = self.fill_checkout(area, **answers)
        reply = self.post("/checkout", form)
        if reply.status_code == 200 and "The total is" in reply.text:
            reply = self.post("/checkout", {**form, **hidden_fields(reply.text)})
        return reply

    def buy(self, sku: str = SKU, quantity: int = 1, **answers: str) -> "Bought":
        """Buy a SKU, up to the payment page."""
        self.add(sku, quantity)
        reply = self.checkout(**answers)
        assert reply.status_code == 303, reply.text
        return Bought(self, reply.headers["Location"])

    def area(self, code: str) -> str:
        """The id of a delivery area, as the form sends it."""
        from shop.core.database import db
        from shop.pricing.models import DeliveryArea

        with self.app.app_context():
            return str(db.session.query(DeliveryArea.id).filter_by(code=code).scalar())

    def _checked(self, reply: TestResponse, address: str) -> TestResponse:
        if reply.mimetype == "text/html" and reply.status_code != 304 and reply.data and reply.status_code // 100 != 3:
            self.page = check_page(reply.text, address)
        return reply


class Bought:
    """An order as the provider knows it: reference, amount and callback address."""

    def __init__(self, shopper: Shopper, link: str) -> None:
        assert shopper.provider is not None
        self.shopper, self.link = shopper, link
        self.asked: dict[str, Any] = shopper.provider.requests[-1].body
        self.reference: str = self.asked["amount"]["order_id"]
        self.total = int(self.asked["amount"]["total"])
        self.callback_path = urlsplit(self.asked["redirect_urls"]["callback_url"]).path
        self.order_path = urlsplit(self.asked["redirect_urls"]["success_url"]).path

    def callback(self, **changes: Any) -> dict[str, Any]:
        """A documented M-PESA success for this order; `changes` replace fields, None leaves one out."""
        body: dict[str, Any] = {
            "payment_method": "MPESA",
            "paid": "True",
            "response_status": 200,
            "order_id": self.reference,
            "message": "M-PESA Payment Successful",
            "amount": str(self.total),
            "payment_status": "Payment complete.",
        }
        return {key: value for key, value in {**body, **changes}.items() if value is not None}

    def failure(self, **changes: Any) -> dict[str, Any]:
        """A documented M-PESA failure."""
        failed = {"paid": "False", "message": "Insufficient funds", "payment_status": "Payment Incomplete."}
        return self.callback(**{**failed, **changes})

    def post_callback(self, body: dict[str, Any] | bytes, **options: Any) -> TestResponse:
        """Post a callback, as Chpter does."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        options.setdefault("content_type", "application/json")
        return self.shopper.app.test_client().post(self.callback_path, data=raw, **options)

    @property
    def status(self) -> dict[str, str]:
        """The states in the order's status JSON."""
        return {name: self.status_json[name] for name in ("payment", "attempt", "fulfilment")}

    @property
    def status_json(self) -> dict[str, Any]:
        """The order's status JSON."""
        reply = self.shopper.app.test_client().get(f"{self.order_path}/status")
        assert reply.status_code == 200
        return dict(reply.json or {})


def hidden_fields(html: str, form: str = "") -> dict[str, str]:
    """The hidden inputs of a page by name; with `form`, of the form with that action."""
    fields = {}
    if form:
        html = next(part for part in html.split("<form")[1:] if f'action="{form}"' in part.partition(">")[0])
        html = html.partition("</form>")[0]
    for tag in re.findall(r"<input[^>]*>", html):
        attributes = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if attributes.get("type") == "hidden" and "name" in attributes:
            fields[attributes["name"]] = attributes.get("value", "")
    return fields
