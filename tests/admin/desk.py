"""A merchant at the desk: a visitor who can sign in."""

from flask import Flask
from werkzeug.test import TestResponse

from tests.shopper import Shopper, hidden_fields

EMAIL, PASSWORD = "owner@example.com", "a long walk to Kisumu"


def let_in(app: Flask, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Make a merchant as the README says."""
    made = app.test_cli_runner().invoke(args=["merchant", "create", email, "--password-stdin"], input=f"{password}\n")
    assert made.exit_code == 0, made.output or made.exception


class Clerk(Shopper):
    """Somebody in front of the desk."""

    def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, address: str = "/admin/sign-in", **options: str
    ) -> TestResponse:
        """Fill in the sign-in page."""
        form = hidden_fields(self.get(address).text)
        return self.post("/admin/sign-in", {**form, "email": email, "password": password}, **options)

    def sign_out(self) -> TestResponse:
        """Press Sign out."""
        return self.post("/admin/sign-out", hidden_fields(self.get("/admin/").text))
