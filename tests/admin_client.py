"""A user of the admin: a visitor who can sign in."""

import re
from collections.abc import Mapping
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import and_, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from shop.accounts.credentials import hash_password
from shop.accounts.models import AuditLogEntry
from shop.accounts.staff import add_user
from shop.config import Settings
from shop.core.database import db, write
from shop.emails.delivery import text_of
from shop.emails.models import OutboxEmail
from tests.shopper import Shopper, hidden_fields

EMAIL, STAFF, PASSWORD = "owner@example.com", "packer@example.com", "a long walk to Kisumu"
# Audit log entries of acts in the admin: not of creating users and of logins.
DONE = and_(~AuditLogEntry.words.startswith("Created "), ~AuditLogEntry.words.startswith("Signed in"))


def create_owner(app: Flask, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Create an owner as the README says."""
    made = app.test_cli_runner().invoke(args=["merchant", "create", email, "--password-stdin"], input=f"{password}\n")
    assert made.exit_code == 0, made.output or made.exception


class CountingHasher:
    """The password hasher, and the hashes and comparisons that it was asked for."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self.hasher, self.calls = hasher, list[str]()
        self.memory_cost, self.time_cost = hasher.memory_cost, hasher.time_cost

    def hash(self, password: str) -> str:
        self.calls.append("hash")
        return self.hasher.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        self.calls.append("verify")
        return self.hasher.verify(stored, password)


class AdminClient(Shopper):
    """A user of the admin, who confirms when a page asks first (tests/admin/test_confirmation_pages.py)."""

    def post(self, address: str, data: Mapping[str, Any], **options: Any) -> TestResponse:
        """Send a form, and press the button of the page that asks first, if there is one."""
        reply = super().post(address, data, **options)
        if "data-ask-first" not in reply.text:
            return reply
        form = self.page.find(".//form[@data-ask-first]")
        fields = MultiDict((field.get("name"), field.get("value")) for field in form.iter("input"))
        return super().post(form.get("action"), {**fields.to_dict(flat=False), "sure": "1"}, **options)

    def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, address: str = "/admin/sign-in", **options: str
    ) -> TestResponse:
        """Fill in the sign-in page."""
        form = hidden_fields(self.get(address).text)
        return self.post("/admin/sign-in", {**form, "email": email, "password": password}, **options)

    def sign_out(self) -> TestResponse:
        """Press Sign out."""
        return self.post("/admin/sign-out", hidden_fields(self.get("/admin/").text))


def create_staff(app: Flask, email: str = STAFF, password: str = PASSWORD) -> None:
    """Create a staff user, as an accepted invitation does."""
    with app.app_context():
        write(lambda: add_user(email, "staff", "", hash_password(password)))


def mailed_links(app: Flask, kind: str = "invitation") -> list[str]:
    """The paths in the emails of a kind, oldest first."""
    with app.app_context():
        settings: Settings = app.config["SETTINGS"]
        mails = db.session.scalars(select(OutboxEmail).where(OutboxEmail.kind == kind).order_by(OutboxEmail.id))
        mails = [text_of(mail, settings) for mail in mails]
    return [re.search(r"http://localhost(/admin/sign-in/\S+)", mail)[1] for mail in mails]
