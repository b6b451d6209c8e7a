"""A shop in which everything has happened once, a visitor of each kind, and the secrets it holds."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from shop.accounts.credentials import hash_password
from shop.accounts.models import OneTimeLink, TwoFactor, TwoFactorTry, User
from shop.cart.models import SharedCart
from shop.catalog.back_in_stock import ask_to_be_told
from shop.catalog.csv_import.drafts import ImportDraft
from shop.catalog.models import Review, Variant
from shop.catalog.product_feed import feed_token
from shop.catalog.reviews import decide_review
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from shop.pricing.models import DeliveryArea, DiscountCode
from tests.admin_client import EMAIL, PASSWORD, STAFF, AdminClient, create_owner, create_staff, mailed_links
from tests.provider import Provider
from tests.shopper import SKU, Bought, Shopper, hidden_fields
from tests.urls import address_of, routes

NOBODY, BUYER, PACKER, OWNER = WHO = ("nobody", "buyer", "staff", "owner")
GUEST = "guest@example.com"
PRIVATE = {  # of the buyer with the orders; no other visitor types it
    "full_name": "Nyambura Unlogged",
    "phone_number": "0722 987 651",
    "email": "unlogged@example.com",
    "location": "Unloggable Plaza, door 9",
    "note": "Unnotable gate code",
}


class Inhabited:
    """Orders paid, in review and unpaid, a cart, cart links, the preview of an import, an invitation, emails."""

    def __init__(self, app: Flask, provider: Provider, folder: Path) -> None:
        self.app, self.provider, self.folder = app, provider, folder
        create_owner(app)
        create_staff(app)
        self.visitors: dict[str, Shopper] = {
            NOBODY: Shopper(app, provider),
            BUYER: Shopper(app, provider),
            PACKER: AdminClient(app, provider),
            OWNER: AdminClient(app, provider),
        }
        self.bought = self._live()
        self.known = self._known()

    def _live(self) -> list[Bought]:
        buyer = self.visitors[BUYER]
        bought = [buyer.buy(**PRIVATE) for _ in range(3)]
        bought[0].post_callback(bought[0].callback())
        bought[1].post_callback(bought[1].callback(amount="1"))
        buyer.add(quantity=2)
        buyer.post("/cart/share", {})
        self.sign_in()
        owner = self.visitors[OWNER]
        self._press(owner, "/admin/users/invite", email=GUEST, role="staff")
        self._press(owner, "/admin/cart-links/new", **{"title": "Gift set", f"quantity-{SKU}": "2", "place": "1"})
        catalogue = owner.browser.get("/admin/export/catalogue.csv", buffered=True).data
        self._press(owner, "/admin/import", file=(io.BytesIO(catalogue), "catalogue.csv"))
        nobody = self.visitors[NOBODY]
        self._press(nobody, "/admin/sign-in/forgotten", email=STAFF)
        self.send_mails()
        with self.app.app_context():
            write(self._review)
            ask_to_be_told(db.session.scalars(select(Variant.id).where(Variant.sku == SKU)).one(), "254722987651")
        return bought

    def _review(self) -> None:
        """A shown review with a reply, of the product that was bought."""
        product_id = db.session.scalars(select(Variant.product_id).where(Variant.sku == SKU)).one()
        order_id = db.session.scalars(select(Order.id).order_by(Order.id)).first()
        values = {"stars": 4, "name": "Nyambura", "text": "Strong handles", "written_at": utcnow()}
        review = Review(product_id=product_id, order_id=order_id, **values)
        db.session.add(review)
        db.session.flush()
        decide_review(review.id, 0, "shown", "Asante")

    def send_mails(self) -> int:
        """Send the emails that are due; how many."""
        with self.app.app_context():
            return send_due(self.app.config["SETTINGS"], utcnow())

    def _press(self, visitor: Shopper, address: str, **fields: Any) -> None:
        hidden = hidden_fields(visitor.browser.get(address).text)
        reply = visitor.browser.post(address, data={**hidden, **fields}, content_type="multipart/form-data")
        assert reply.status_code == 303, f"{address}: {reply.text}"

    def is_signed_in(self, who: str) -> bool:
        """Whether a user of the admin is signed in; visitors without an account always count as such."""
        return who not in (OWNER, PACKER) or self.visitors[who].browser.get("/admin/").status_code == 200

    def sign_in(self) -> None:
        """Sign both users of the admin in, with their first passwords and roles."""

        def restore() -> None:
            for table in (TwoFactorTry, TwoFactor):
                db.session.query(table).delete()
            for email, role in ((EMAIL, "owner"), (STAFF, "staff")):
                values = {"password": hash_password(PASSWORD), "active": True, "role": role}
                db.session.execute(update(User).where(User.email == email).values(values))

        with self.app.app_context():
            write(restore)
        for who, email in ((OWNER, EMAIL), (PACKER, STAFF)):
            owner = self.visitors[who]
            assert isinstance(owner, AdminClient)
            owner.browser.delete_cookie("session")
            assert owner.sign_in(email).status_code == 303

    def cookie(self, who: str) -> str:
        """The Cookie header of a visitor's browser."""
        cookie = self.visitors[who].browser.get_cookie("session")
        return f"session={cookie.value}" if cookie else ""

    def _known(self) -> dict[str, list[str]]:
        """Existing values of each variable of the routes."""
        columns = {
            "number": Order.number,
            "order_token": Order.token,
            "draft_token": ImportDraft.token,
            "code": SharedCart.code,
            "mail_id": OutboxEmail.id,
            "area_id": DeliveryArea.id,
            "code_id": DiscountCode.id,
            "discount": DiscountCode.code,
            "reference": PaymentAttempt.reference,
            "user_id": User.id,
            "invitation_id": OneTimeLink.id,
        }
        with self.app.app_context():
            found = {name: [str(value) for value in db.session.scalars(select(it))] for name, it in columns.items()}
        return {
            **found,
            "callback_token": [one.callback_path.rsplit("/", 1)[1] for one in self.bought],
            "invited_token": [mailed_links(self.app)[-1].rpartition("/")[2]],
            "password_token": [mailed_links(self.app, "new_password")[-1].rpartition("/")[2]],
            "feed_token": [feed_token(self.app.config["SETTINGS"])],
            "slug": ["kiondo-classic", "baskets"],
            "sku": [SKU],
            "act": ["up", "down", "on", "off"],
            "turn": ["on", "off"],
            "filename": ["img/logo.svg"],
            "name": ["site.css"],
        }

    def values(self, rule: str, variable: str) -> list[str]:
        """The existing values of a variable of a route."""
        if variable == "kind":
            return ["csv", "xml"] if "/feeds/" in rule else ["banner", "facts"]
        if variable == "slug" and "/pages/" in rule:
            return ["terms"]
        kinds = {"/orders/": "order", "/import/": "draft", "/chpter/": "callback", "/feeds/": "feed"}
        kinds |= {"/invited/": "invited", "/password/": "password"}
        if variable == "token":
            variable = next(f"{kind}_token" for part, kind in kinds.items() if part in rule)
        return self.known.get(variable, ["1"])

    def addresses(self) -> Iterator[str]:
        """An address of every route that answers to GET, with existing values; of every order."""
        for rule in routes(self.app):
            names = sorted(rule.arguments)
            for number in range(3 if {"number", "token"} & set(names) else 1):
                values = {name: self.values(rule.rule, name) for name in names}
                picked: dict[str, Any] = {name: many[number % len(many)] for name, many in values.items()}
                picked = {
                    name: int(text) if text.isdigit() and name != "number" else text for name, text in picked.items()
                }
                yield address_of(self.app, rule, picked)
