"""Login, logout and the limits of guessing passwords."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from shop.accounts import credentials
from shop.accounts.models import LoginSession, User
from shop.accounts.views.login import REFUSED
from shop.core.clock import utcnow
from shop.core.database import db
from tests.admin_client import EMAIL, PASSWORD, AdminClient, CountingHasher, create_owner
from tests.query_counter import counted
from tests.shopper import SKU, Shopper, hidden_fields

SECOND, SECOND_PASSWORD = "second@example.com", "another long walk"


def age(app, moment: str, seconds: int) -> None:
    """Move a time of the login session into the past."""
    with app.app_context():
        db.session.execute(update(LoginSession).values({moment: utcnow() - timedelta(seconds=seconds)}))
        db.session.commit()


def words(html: str) -> str:
    """The page without the CSRF token and the typed email."""
    return re.sub(r'name="(csrf_token|email)" value="[^"]*"', "", html)


@pytest.mark.parametrize("email", [EMAIL, "OWNER@example.com", " owner@EXAMPLE.com "])
def test_an_owner_signs_in_and_sees_the_requested_page(visitor, email):
    asked = visitor.get("/admin/?payment=paid")
    assert asked.headers["Location"].startswith("/admin/sign-in")

    entered = visitor.sign_in(email, address=asked.headers["Location"])

    assert (entered.status_code, entered.headers["Location"]) == (303, "/admin/?payment=paid")
    assert visitor.get("/admin/").status_code == 200


def test_all_refusals_have_the_same_words(app, visitor):
    expected = words(visitor.sign_in(password="not the password").text)
    assert REFUSED in expected and "not the password" not in expected
    for email, password in (
        ("nobody@example.com", PASSWORD),
        (EMAIL, PASSWORD + " "),
        (EMAIL, ""),
        ("", PASSWORD),
        ("not an email", PASSWORD),
        (EMAIL, "\0" * 20),
        (EMAIL, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 300),
    ):
        refused = visitor.sign_in(email, password)

        assert (refused.status_code, words(refused.text)) == (200, expected), (email, password)
        assert visitor.get("/admin/").status_code == 303
    with app.app_context():
        db.session.execute(update(User).values(active=False))
        db.session.commit()
    assert words(visitor.sign_in().text) == expected, "a removed user"


def test_an_unknown_email_costs_as_much_hashing_as_a_wrong_password(visitor, monkeypatch):
    hasher = CountingHasher(credentials.hasher)
    monkeypatch.setattr(credentials, "hasher", hasher)

    visitor.sign_in(password="not the password")
    for_wrong_password = len(hasher.calls)
    visitor.sign_in(email="nobody@example.com")

    assert (for_wrong_password, len(hasher.calls)) == (1, 2)


def test_a_password_is_hashed_again_with_stronger_parameters_and_never_with_weaker_ones(app, visitor, monkeypatch):
    def stored():
        with app.app_context():
            return db.session.scalars(select(User.password)).one()

    cheap, stronger = credentials.hasher, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    before = stored()
    monkeypatch.setattr(credentials, "hasher", stronger)
    visitor.sign_in(password="not the password")
    assert stored() == before
    visitor.sign_in()
    after = stored()
    assert "m=16,t=2" in after

    monkeypatch.setattr(credentials, "hasher", cheap)
    visitor.sign_out()
    assert visitor.sign_in().status_code == 303
    assert stored() == after


def test_only_a_form_with_the_csrf_token_of_the_session_signs_in_or_out(visitor):
    token = hidden_fields(visitor.get("/admin/sign-in").text)["csrf_token"]
    typed = {"email": EMAIL, "password": PASSWORD}

    assert visitor.browser.post("/admin/sign-in", json=typed, headers={"X-CSRFToken": token}).status_code == 415
    assert visitor.post("/admin/sign-in", typed).status_code == 400
    assert visitor.get("/admin/").status_code == 303

    visitor.sign_in()
    for planted in ({}, {"csrf_token": token}):
        assert visitor.post("/admin/sign-out", planted).status_code == 400
    assert visitor.get("/admin/sign-out").status_code == 405
    assert visitor.get("/admin/").status_code == 200


def test_logout_ends_the_session_and_keeps_the_cart(owner):
    owner.add()
    gone = owner.sign_out()

    assert gone.headers["Location"] == "/admin/sign-in"
    assert "You are signed out" in owner.get("/admin/sign-in").text
    assert owner.get("/admin/").status_code == 303
    assert f"quantity-{SKU}" in owner.get("/cart").text


@pytest.mark.parametrize(("moment", "limit"), [("since", 12 * 3600), ("last_seen_at", 2 * 3600)])
def test_a_session_expires(app, owner, moment, limit):
    for _ in range(2):  # a click starts the two hours again
        age(app, moment, limit - 60)
        assert owner.get("/admin/").status_code == 200

    age(app, moment, limit + 60)
    assert owner.get("/admin/").status_code == 303
    assert "You were signed out" in owner.get("/admin/sign-in").text
    assert owner.get("/admin/").status_code == 303


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/admin/orders/12345678", "/admin/orders/12345678"),
        ("/admin/?payment=paid&q=0712%20345", "/admin/?payment=paid&q=0712%20345"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example/admin/", "/admin/"),
        ("/\\evil.example", "/admin/"),
        ("\\\\evil.example", "/admin/"),
        ("/admin/\\..\\//evil.example", "/admin/"),
        ("/admin//evil.example", "/admin/"),
        ("/admin/../../evil", "/admin/"),
        ("/admin/sign-in", "/admin/"),
        ("/admin/?a\r\nSet-Cookie: x=1", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("http://localhost/admin/", "/admin/"),
        ("/cart", "/admin/"),
    ],
)
def test_only_a_page_of_the_admin_follows_the_login(visitor, wanted, reached):
    form = hidden_fields(visitor.get("/admin/sign-in").text)
    filled = {**form, "email": EMAIL, "password": PASSWORD, "next": wanted}

    assert visitor.post("/admin/sign-in", filled).headers["Location"] == reached
    assert visitor.get("/admin/sign-in", query_string={"next": wanted}).headers["Location"] == reached


def test_no_page_of_the_admin_is_cached_or_indexed(owner):
    for address in ("/admin/", "/admin/sign-in", "/admin/no-such-page"):
        headers = owner.get(address).headers
        assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")


@pytest.mark.parametrize("address", ["/", "/products/kiondo-classic", "/search?q=kiondo", "/assets/site.css"])
def test_the_catalogue_is_the_same_for_a_signed_in_user(app, owner, address):
    pages = []
    owner.get(address)  # what is read every few seconds only is read now
    for visitor in (Shopper(app), owner):
        with counted(app) as queries:
            reply = visitor.get(address)
        assert reply.status_code == 200
        assert "Set-Cookie" not in reply.headers
        assert "Cookie" not in reply.headers.get("Vary", "")
        pages.append((reply.data, len(queries)))

    assert pages[0] == pages[1]


def client_at(address: str) -> dict[str, dict[str, str]]:
    return {"headers": {"X-Forwarded-For": address}}


class TestThrottle:
    """The login throttle."""

    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return {**settings, "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}

    def test_the_eleventh_guess_in_any_spelling_waits_and_keeps_the_email(self, visitor):
        spellings = [EMAIL, "Owner@example.com", " OWNER@EXAMPLE.COM"]
        guesses = [visitor.sign_in(spellings[n % 3], "guess", **client_at("1.2.3.4")) for n in range(10)]
        guesses.append(visitor.sign_in(password="guess", **client_at("1.2.3.4")))

        assert [reply.status_code for reply in guesses] == [200] * 10 + [429]
        assert re.search(r"Try again in [1-5] minutes?<", guesses[-1].text)
        assert 0 < int(guesses[-1].headers["Retry-After"]) <= 300
        assert f'value="{EMAIL}"' in guesses[-1].text
        assert visitor.sign_in(**client_at("1.2.3.4")).status_code == 429, "the right password is not checked either"

    def test_a_stranger_does_not_lock_a_user_out_of_a_remembered_browser(self, app, owner):
        owner.sign_out()
        visitor = AdminClient(app)
        for number in range(11):
            visitor.browser.set_cookie("known", f"token{number} {EMAIL}")  # forged
            visitor.sign_in(password="guess", **client_at("1.2.3.4"))

        assert visitor.sign_in(**client_at("5.6.7.8")).status_code == 429
        assert owner.sign_in(**client_at("1.2.3.4")).status_code == 303

    def test_a_remembered_browser_has_ten_tries_of_its_own_for_its_own_email(self, app, owner):
        create_owner(app, SECOND, SECOND_PASSWORD)
        owner.sign_out()
        guesses = [owner.sign_in(password="guess").status_code for _ in range(11)]
        for _ in range(11):
            AdminClient(app).sign_in(SECOND, "guess")

        assert guesses == [200] * 10 + [429]
        assert AdminClient(app).sign_in().status_code == 303, "and takes none from other browsers"
        assert owner.sign_in(SECOND, SECOND_PASSWORD).status_code == 429

    def test_the_throttle_covers_confirming_and_changing_the_password(self, owner):
        token = hidden_fields(owner.get("/admin/confirm").text)
        changing = {**hidden_fields(owner.get("/admin/account").text), "password": "salt lorry thumb violin"}
        for _ in range(10):
            owner.post("/admin/confirm", {**token, "password": "guess"})

        assert owner.post("/admin/confirm", {**token, "password": PASSWORD}).status_code == 429
        refused = owner.post("/admin/account/password", {**changing, "old": PASSWORD})
        assert "Too many tries. Try again in 5 minutes" in refused.text

    def test_many_emails_from_one_address_are_limited(self, visitor):
        form = hidden_fields(visitor.get("/admin/sign-in").text)
        guesses = [
            visitor.post("/admin/sign-in", {**form, "email": f"no email {n}"}, **client_at("1.2.3.4")).status_code
            for n in range(101)
        ]

        assert guesses == [200] * 100 + [429]
