"""Login and logout."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event, select, update

from shop.accounts import credentials, staff_sessions
from shop.accounts.models import LoginSession, User
from shop.accounts.views.login import REFUSED
from shop.core.clock import utcnow
from shop.core.database import db
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, AdminClient, CountingHasher, create_owner
from tests.shopper import SKU, Shopper, hidden_fields


@both_databases
def test_an_owner_signs_in_and_sees_the_orders(visitor):
    assert visitor.get("/admin/").headers["Location"].startswith("/admin/sign-in")

    entered = visitor.sign_in()

    assert (entered.status_code, entered.headers["Location"]) == (303, "/admin/")
    assert visitor.get("/admin/").status_code == 200


@pytest.mark.parametrize("spelling", ["OWNER@example.com", " owner@EXAMPLE.com "])
def test_an_email_is_the_same_in_capitals(visitor, spelling):
    assert visitor.sign_in(email=spelling).status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("nobody@example.com", PASSWORD),
        (EMAIL, PASSWORD + " "),
        (EMAIL, ""),
        ("", PASSWORD),
        ("not an email", PASSWORD),
        (EMAIL, "\0" * 20),
        (EMAIL, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 300),
    ],
)
def test_all_refusals_have_the_same_words(visitor, email, password):
    expected = _words(visitor.sign_in(password="not the password").text, EMAIL)

    refused = visitor.sign_in(email=email, password=password)

    assert refused.status_code == 200
    assert REFUSED in refused.text
    assert _words(refused.text, email) == expected
    assert visitor.get("/admin/").status_code == 303


def test_a_removed_user_is_refused_in_the_same_words(app, visitor):
    expected = _words(visitor.sign_in(password="not the password").text, EMAIL)
    with app.app_context():
        db.session.execute(update(User).values(active=False))
        db.session.commit()

    assert _words(visitor.sign_in().text, EMAIL) == expected


def test_an_unknown_email_costs_as_much_hashing_as_a_wrong_password(app, visitor, monkeypatch):
    hasher = CountingHasher(credentials.hasher)
    monkeypatch.setattr(credentials, "hasher", hasher)

    visitor.sign_in(password="not the password")
    for_wrong_password = len(hasher.calls)
    visitor.sign_in(email="nobody@example.com")

    assert (for_wrong_password, len(hasher.calls)) == (1, 2)


@both_databases
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


@pytest.mark.parametrize("body", [{"email": EMAIL, "password": PASSWORD}, {"email": {}, "password": 7}, []])
def test_only_the_form_signs_in(visitor, body):
    token = hidden_fields(visitor.get("/admin/sign-in").text)["csrf_token"]

    assert visitor.browser.post("/admin/sign-in", json=body, headers={"X-CSRFToken": token}).status_code == 415
    assert visitor.get("/admin/").status_code == 303


def test_the_password_is_never_shown_again(visitor):
    assert "not the password" not in visitor.sign_in(password="not the password").text


@pytest.mark.parametrize("way", ["sign-in", "sign-out"])
def test_a_form_without_a_csrf_token_changes_nothing(owner, app, way):
    visitor = AdminClient(app)

    refused = visitor.post("/admin/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert refused.status_code == 400
    assert visitor.get("/admin/").status_code == 303

    assert owner.post("/admin/sign-out", {}).status_code == 400
    assert owner.get("/admin/sign-out").status_code == 405
    assert owner.get("/admin/").status_code == 200


def test_a_csrf_token_from_before_the_login_is_refused_after_it(visitor):
    planted = hidden_fields(visitor.get("/admin/sign-in").text)["csrf_token"]
    visitor.sign_in()

    assert visitor.post("/admin/sign-out", {"csrf_token": planted}).status_code == 400


def test_logout_ends_the_session_and_keeps_the_cart(owner):
    owner.add()
    gone = owner.sign_out()

    assert gone.headers["Location"] == "/admin/sign-in"
    assert "You are signed out" in owner.get("/admin/sign-in").text
    assert owner.get("/admin/").status_code == 303
    assert f"quantity-{SKU}" in owner.get("/cart").text


@pytest.mark.parametrize(("moment", "limit"), [("since", 12 * 3600), ("last_seen_at", 2 * 3600)])
def test_a_session_expires(owner, moment, limit):
    _age(owner, moment, limit - 60)
    assert owner.get("/admin/").status_code == 200

    _age(owner, moment, limit + 60)
    assert owner.get("/admin/").status_code == 303
    assert "You were signed out" in owner.get("/admin/sign-in").text
    assert owner.get("/admin/").status_code == 303


def test_an_active_session_lasts_longer_than_two_hours(owner):
    for _ in range(3):
        _age(owner, "last_seen_at", 3600)
        assert owner.get("/admin/").status_code == 200


def test_a_cookie_without_a_session_token_opens_nothing(owner):
    with owner.browser.session_transaction("/admin/") as session:
        del session[staff_sessions.TOKEN]

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


def test_the_requested_page_follows_the_login(visitor):
    asked = visitor.get("/admin/?payment=paid")

    assert visitor.sign_in(address=asked.headers["Location"]).headers["Location"] == "/admin/?payment=paid"


def test_no_page_of_the_admin_is_cached_or_indexed(owner, visitor):
    for address in ("/admin/", "/admin/sign-in", "/admin/no-such-page"):
        headers = visitor.get(address).headers
        assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")


@pytest.mark.parametrize("address", ["/", "/products/kiondo-classic", "/search?q=kiondo", "/assets/site.css"])
def test_the_catalogue_is_the_same_for_a_signed_in_user(app, owner, address):
    seen, asked = {}, {}
    for name, visitor in (("visitor", Shopper(app)), ("user", owner)):
        with app.app_context():
            engine = db.engine
        queries = []
        event.listen(engine, "before_cursor_execute", lambda *words, into=queries: into.append(words[2]))
        reply = visitor.get(address)
        assert reply.status_code == 200
        assert "Set-Cookie" not in reply.headers
        assert "Cookie" not in reply.headers.get("Vary", "")
        seen[name], asked[name] = reply.data, len(queries)

    assert seen["visitor"] == seen["user"]
    assert asked["visitor"] == asked["user"]


def _age(owner: AdminClient, moment: str, seconds: int) -> None:
    """Move a time of the login session into the past."""
    with owner.app.app_context():
        db.session.execute(update(LoginSession).values({moment: utcnow() - timedelta(seconds=seconds)}))
        db.session.commit()


def _words(html: str, email: str) -> str:
    """The page without the CSRF token and the typed email."""
    without_token = re.sub(r'name="csrf_token" value="[^"]*"', "", html)
    return re.sub(r'name="email" value="[^"]*"', "", without_token)


class TestThrottle:
    """The login throttle."""

    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return {**settings, "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}

    def test_the_eleventh_guess_waits_and_keeps_the_email(self, visitor):
        guesses = [visitor.sign_in(password="guess", **_from("1.2.3.4")) for _ in range(11)]

        assert [reply.status_code for reply in guesses] == [200] * 10 + [429]
        assert re.search(r"Try again in [1-5] minutes?<", guesses[-1].text)
        assert 0 < int(guesses[-1].headers["Retry-After"]) <= 300
        assert f'value="{EMAIL}"' in guesses[-1].text
        assert visitor.sign_in(**_from("1.2.3.4")).status_code == 429, "the right password is not checked either"

    def test_a_stranger_does_not_lock_a_user_out_of_a_remembered_browser(self, app, owner):
        owner.sign_out()
        visitor = AdminClient(app)
        for _ in range(11):
            visitor.sign_in(password="guess", **_from("1.2.3.4"))

        assert visitor.sign_in(**_from("5.6.7.8")).status_code == 429
        assert owner.sign_in(**_from("1.2.3.4")).status_code == 303

    def test_a_remembered_browser_has_ten_tries_of_its_own(self, app, owner):
        owner.sign_out()
        guesses = [owner.sign_in(password="guess").status_code for _ in range(11)]

        assert guesses == [200] * 10 + [429]
        assert AdminClient(app).sign_in().status_code == 303, "and takes none from other browsers"

    def test_a_browser_is_remembered_for_one_email_only(self, app, owner):
        create_owner(app, "second@example.com", "another long walk")
        owner.sign_out()
        for _ in range(11):
            AdminClient(app).sign_in("second@example.com", "guess")

        assert owner.sign_in("second@example.com", "another long walk").status_code == 429

    def test_a_forged_browser_cookie_is_ignored(self, app, visitor):
        for number in range(11):
            visitor.browser.set_cookie("known", f"token{number} {EMAIL}")
            last = visitor.sign_in(password="guess")

        assert last.status_code == 429

    def test_the_throttle_covers_confirming_and_changing_the_password(self, app, owner):
        token = hidden_fields(owner.get("/admin/confirm").text)
        changing = {**hidden_fields(owner.get("/admin/me").text), "password": "salt lorry thumb violin"}
        for _ in range(10):
            owner.post("/admin/confirm", {**token, "password": "guess"})

        assert owner.post("/admin/confirm", {**token, "password": PASSWORD}).status_code == 429
        refused = owner.post("/admin/me/password", {**changing, "old": PASSWORD})
        assert "Too many tries. Try again in 5 minutes" in refused.text

    def test_other_spellings_of_the_email_give_no_more_guesses(self, visitor):
        spellings = ["owner@example.com", "Owner@example.com", " OWNER@EXAMPLE.COM"]
        guesses = [visitor.sign_in(spellings[n % 3], "guess", **_from("1.2.3.4")).status_code for n in range(11)]

        assert guesses[-1] == 429

    def test_many_emails_from_one_address_are_limited(self, visitor):
        form = hidden_fields(visitor.get("/admin/sign-in").text)
        guesses = [
            visitor.post("/admin/sign-in", {**form, "email": f"no email {n}"}, **_from("1.2.3.4")).status_code
            for n in range(101)
        ]

        assert guesses == [200] * 100 + [429]


def test_the_throttle_can_be_turned_off(visitor):
    form = hidden_fields(visitor.get("/admin/sign-in").text)

    assert {visitor.post("/admin/sign-in", {**form, "email": "x"}).status_code for _ in range(30)} == {200}


def _from(address: str) -> dict[str, dict[str, str]]:
    return {"headers": {"X-Forwarded-For": address}}


def test_two_users_have_separate_sessions(app: Flask, visitor: AdminClient):
    create_owner(app, "second@example.com", "another long walk")
    second = AdminClient(app)

    assert second.sign_in("second@example.com", "another long walk").status_code == 303
    assert visitor.get("/admin/").status_code == 303


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_from_another_site_is_refused_even_with_the_right_csrf_token(owner, headers):
    form = {**hidden_fields(owner.get("/admin/me").text), "name": "Mallory"}

    assert owner.post("/admin/me/name", form, headers=headers).status_code == 403
    assert "Mallory" not in owner.get("/admin/me").text
    assert (
        owner.post("/admin/me/name", {**form, "name": "Njeri"}, headers={"Origin": "http://localhost"}).status_code
        == 303
    )
