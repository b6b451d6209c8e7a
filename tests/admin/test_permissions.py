"""Who may open what, for every route.

A view of the admin declares its role by `may`; every other route is listed in PUBLIC.
"""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from shop.core.database import db
from tests import order_factory
from tests.admin_client import EMAIL, STAFF, AdminClient, create_owner, create_staff
from tests.shopper import Shopper, hidden_fields
from tests.urls import address_of

PUBLIC = {
    **dict.fromkeys(("static", "assets.bundle", "media.image"), "file"),
    **dict.fromkeys(("about.about_page", "privacy.privacy_page", "catalog.home", "catalog.category"), "public"),
    **dict.fromkeys(("catalog.product", "catalog.search", "cart.show", "cart.add", "cart.update"), "public"),
    "cart.discount_link": "public",
    **dict.fromkeys(("about.content_page", "catalog.products", "catalog.share_card"), "public"),
    **dict.fromkeys(("icons.favicon", "icons.letter", "icons.manifest", "icons.touch_icon"), "public"),
    **dict.fromkeys(("browsing_hints.prefetch_rules", "browsing_hints.service_worker"), "public"),
    **dict.fromkeys(("sitemap.index", "sitemap.pages", "sitemap.products", "sitemap.robots"), "public"),
    **dict.fromkeys(("back_in_stock.ask", "catalog.reviews"), "public"),
    **dict.fromkeys(("catalog.product_feed", "orders.review", "orders.save_review"), "token"),
    **dict.fromkeys(("cart.share_mine", "cart.undo", "health.alive", "health.ready"), "public"),
    **dict.fromkeys(("checkout.details", "checkout.submit", "orders.lookup"), "public"),
    **dict.fromkeys(("cart.shared", "cart.take_shared", "orders.code", "orders.show", "orders.status"), "token"),
    **dict.fromkeys(("buyer_acts.cancel", "buyer_acts.ask_to_cancel", "buyer_acts.again"), "token"),
    **dict.fromkeys(("payments.pay", "payments.offer", "payments.landing"), "token"),
    **dict.fromkeys(("accounts.invitation", "accounts.new_password"), "token"),
    **dict.fromkeys(("accounts.login", "accounts.logout"), "login"),
    **dict.fromkeys(("accounts.two_factor_code", "accounts.forgotten_password"), "login"),
    "payments.callback": "callback",
}
# an export writes to the audit log
CHANGING_GETS = {"admin.export_orders", "admin.export_payments", "admin.report_export", "admin.catalogue_export"}
BEFORE_TWO_FACTOR = {
    *("admin.account_two_factor", "admin.account_two_factor_image", "admin.account_two_factor_on", "admin.confirm"),
}
SAFE = ("GET", "HEAD", "OPTIONS")
LAST_SEEN = {"login_session.last_seen_at", "users.last_seen_at"}


def undeclared(app: Flask) -> list[str]:
    """The routes that declare no permission, and names in PUBLIC that are no routes."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    silent = [name for name in endpoints if not _in_admin(name) and name not in PUBLIC]
    silent += [name for name in endpoints if _in_admin(name) and _may(app, name) not in ("staff", "owner")]
    return sorted([*silent, *(PUBLIC.keys() - endpoints)])


def _in_admin(endpoint: str) -> bool:
    return endpoint.startswith("admin.")


def _may(app: Flask, endpoint: str) -> str | None:
    return getattr(app.view_functions[endpoint], "may", None)


def _admin_routes(app: Flask) -> list[tuple[Rule, str]]:
    rules = [rule for rule in app.url_map.iter_rules() if _in_admin(rule.endpoint)]
    return [(rule, method) for rule in rules for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})]


def _address(app: Flask, rule: Rule, number: str) -> str:
    """An address of the rule: an order that exists, and the first of anything else with an id."""
    return address_of(app, rule, {"number": number, "sku": "KIO-CLA-TER"})


def _send(visitor: Shopper, method: str, address: str, token: str = "", **options: Any) -> Any:
    data = {"csrf_token": token} if token and method not in SAFE else None
    # buffered: a streamed response keeps its context until it was read
    return visitor.browser.open(address, method=method, data=data, buffered=True, **options)


@pytest.fixture
def number(app):
    return order_factory.keep(app, order_factory.order(full_name="Achieng Otieno"))[0]


def test_every_route_declares_who_may_open_it(app):
    assert undeclared(app) == []


@pytest.mark.parametrize("who", ["nobody", "buyer", "signed out"])
def test_the_admin_opens_to_nobody_who_has_not_signed_in(app, number, visitor, who):
    if who == "buyer":
        visitor.buy()
        visitor.add()
    token = hidden_fields(visitor.get("/admin/sign-in").text)["csrf_token"]
    copied = None
    if who == "signed out":
        visitor.sign_in()
        token = hidden_fields(visitor.get("/admin/account").text)["csrf_token"]
        copied = visitor.browser.get_cookie("session").value
        visitor.sign_out()

    for rule, method in _admin_routes(app):
        address = _address(app, rule, number)
        if copied:
            visitor.browser.set_cookie("session", copied)
        reply = _send(visitor, method, address, token)
        assert reply.status_code == 303, (rule, method)
        assert reply.headers["Location"].startswith("/admin/sign-in"), (rule, method)
        assert "Achieng" not in reply.text
        if copied:
            visitor.browser.set_cookie("session", copied)
        if method not in SAFE:
            assert _send(visitor, method, address).status_code == 400, (rule, method)


@pytest.mark.parametrize("role", ["staff", "owner"])
def test_each_role_opens_what_it_may_and_nothing_else(app, number, visitor, role):
    create_staff(app)
    routes = sorted(_admin_routes(app), key=lambda route: route[1])  # GET before POST
    for rule, method in routes:
        if visitor.browser.get("/admin/").status_code != 200:  # an earlier request may have ended the session
            assert visitor.sign_in(STAFF if role == "staff" else EMAIL).status_code == 303
            token = hidden_fields(visitor.get("/admin/account").text)["csrf_token"]
        reply = _send(visitor, method, _address(app, rule, number), token)
        if role == "staff" and _may(app, rule.endpoint) == "owner":
            assert reply.status_code == 403, (rule, method)
            assert "Achieng" not in reply.text
        else:
            assert reply.status_code != 403 and reply.status_code < 500, (rule, method)
            assert not reply.headers.get("Location", "").startswith("/admin/sign-in"), (rule, method)


def test_no_form_of_the_admin_is_accepted_without_its_csrf_token(app, owner, number):
    for rule, method in _admin_routes(app):
        if method not in SAFE:
            for token in ("", "forged"):
                reply = _send(owner, method, _address(app, rule, number), token)
                assert reply.status_code == 400, (rule, method)


def test_a_get_request_changes_nothing(app, owner, number):
    before = _everything(app)
    for rule, method in _admin_routes(app):
        if method == "GET" and rule.endpoint not in CHANGING_GETS:
            owner.browser.get(_address(app, rule, number), buffered=True)
            assert _everything(app) == before, rule


def _everything(app: Flask) -> dict[str, Any]:
    """Every row of every table, without the times a user was last seen."""
    with app.app_context():
        rows = {}
        for table in db.metadata.sorted_tables:
            columns = [column for column in table.columns if f"{table.name}.{column.name}" not in LAST_SEEN]
            rows[table.name] = sorted(map(repr, db.session.execute(select(*columns))))
        return rows


class TestInProduction:
    """In production an owner without two-factor codes can only set them up."""

    @pytest.fixture
    def settings(self, settings):
        return {**settings, "SHOP_URL": "https://localhost", "CHPTER_URL": "https://chpter.co"}

    def test_an_owner_without_codes_can_only_set_them_up_and_staff_need_none(self, app, number):
        create_owner(app)
        create_staff(app)
        owner, staff = AdminClient(app), AdminClient(app)
        for user in (owner, staff):
            user.browser.environ_base["wsgi.url_scheme"] = "https"  # the cookie is Secure
        staff.sign_in(STAFF)
        assert staff.get("/admin/").status_code == 200

        assert owner.sign_in().status_code == 303
        for rule, method in _admin_routes(app):
            token = hidden_fields(owner.get("/admin/account/two-factor").text)["csrf_token"]
            reply = _send(owner, method, _address(app, rule, number), token)
            refused = reply.status_code == 303 and reply.headers["Location"] == "/admin/account/two-factor"
            assert refused == (rule.endpoint not in BEFORE_TWO_FACTOR), (rule, method)
            assert not refused or "Achieng" not in reply.text


def test_public_pages_need_no_login_and_a_guessed_token_opens_nothing(app):
    for rule in app.url_map.iter_rules():
        kind = PUBLIC.get(rule.endpoint)
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}) if kind else ():
            reply = _send(Shopper(app), method, _address(app, rule, "12345678"))
            assert reply.status_code < 500, rule
            if kind in ("token", "callback"):
                wanted = (404,) if method == "GET" or kind == "callback" else (400, 404)
                assert reply.status_code in wanted, rule
            elif kind != "login":
                assert "/admin" not in reply.headers.get("Location", ""), rule


def test_no_other_site_can_send_a_form_of_the_shop(app):
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "payments.callback":
            continue
        for method in (rule.methods or set()) - set(SAFE):
            reply = _send(Shopper(app), method, _address(app, rule, "12345678"), headers=elsewhere)
            assert reply.status_code == 403, rule
            assert "Set-Cookie" not in reply.headers, rule  # it would replace the visitor's own


def test_a_view_that_names_no_role_opens_to_nobody(app, visitor):
    app.add_url_rule("/admin/new", "admin.new", lambda: "the new page")
    visitor.sign_in()

    assert undeclared(app) == ["admin.new"]
    assert visitor.get("/admin/new").status_code == 403
