"""Who may open what: every route of the application's own map, for everybody who could come along.

A view of the admin declares its rule itself, by `may`. Every other route declares it here, in one word. A route that
declares none fails this file.
"""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import IntegerConverter, Rule

from shop.core.database import db
from tests import order_factory
from tests.admin_client import STAFF, AdminClient, create_owner, create_staff
from tests.shopper import Shopper, hidden_fields

PUBLIC = {
    "static": "file",
    "assets.bundle": "file",
    "media.image": "file",
    "about.about_page": "public",
    "privacy.privacy_page": "public",
    "catalog.home": "public",
    "catalog.category": "public",
    "catalog.product": "public",
    "catalog.search": "public",
    "cart.show": "public",
    "cart.add": "public",
    "cart.update": "public",
    "cart.share_mine": "public",
    "cart.shared": "token",
    "cart.take_shared": "token",
    "cart.undo": "public",
    "checkout.details": "own-token",
    "checkout.submit": "own-token",
    "orders.code": "token",
    "buyer_acts.cancel": "token",
    "buyer_acts.ask_to_cancel": "token",
    "buyer_acts.again": "token",
    "orders.lookup": "own-token",
    "orders.show": "token",
    "orders.status": "token",
    "payments.pay": "token",
    "payments.offer": "token",
    "payments.callback": "callback",
    "payments.landing": "token",
    "health.alive": "probe",
    "health.ready": "probe",
    "accounts.login": "sign-in",
    "accounts.logout": "sign-in",
    "accounts.two_factor_code": "sign-in",
    "accounts.forgotten_password": "sign-in",
    "accounts.invitation": "token",
    "accounts.new_password": "token",
}
# endpoints of the admin that may write on a GET: an export is an act, and stands in the log
CHANGING_GETS = {"admin.export_orders", "admin.export_payments", "admin.report_export", "admin.catalogue_export"}
SAFE = ("GET", "HEAD", "OPTIONS")
BY_THE_MINUTE = {"login_session.last_seen_at", "users.last_seen_at"}


def undeclared(app: Flask) -> list[str]:
    """The routes that say of nobody whether they may open them, and rules here of routes that are no more."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    silent = [name for name in endpoints if not _of_desk(name) and name not in PUBLIC]
    silent += [name for name in endpoints if _of_desk(name) and _may(app, name) not in ("staff", "owner")]
    return sorted([*silent, *(PUBLIC.keys() - endpoints)])


def _of_desk(endpoint: str) -> bool:
    return endpoint.startswith("admin.")


def _may(app: Flask, endpoint: str) -> str | None:
    return getattr(app.view_functions[endpoint], "may", None)


def _desk_routes(app: Flask) -> list[tuple[Rule, str]]:
    rules = [rule for rule in app.url_map.iter_rules() if _of_desk(rule.endpoint)]
    return [(rule, method) for rule in rules for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})]


def _address(app: Flask, rule: Rule, number: str) -> str:
    """The rule with something in each of its places: an order that is there, the first of anything with an id."""
    known = {"number": number, "slug": "kiondo-classic", "sku": "KIO-CLA-TER"}
    values: dict[str, Any] = {}
    for name in rule.arguments:
        is_number = isinstance(rule._converters[name], IntegerConverter)
        values[name] = 1 if is_number else known.get(name, "x")
    return app.url_map.bind("localhost").build(rule.endpoint, values)


def _send(visitor: Shopper, method: str, address: str, token: str = "", **options: Any) -> Any:
    data = {"csrf_token": token} if token and method not in SAFE else None
    # read to its end: what is streamed keeps its context until then
    return visitor.browser.open(address, method=method, data=data, buffered=True, **options)


@pytest.fixture
def number(app):
    return order_factory.keep(app, order_factory.order(full_name="Achieng Otieno"))[0]


def test_every_route_declares_who_may_open_it(app):
    assert undeclared(app) == []


@pytest.mark.parametrize("who", ["nobody", "buyer", "signed out"])
def test_the_desk_opens_to_nobody_who_has_not_signed_in(app, number, provider, who):
    create_owner(app)
    visitor = AdminClient(app, provider)
    if who == "buyer":
        visitor.buy()
        visitor.add()
    token = hidden_fields(visitor.get("/admin/sign-in").text)["csrf_token"]
    if who == "signed out":
        visitor.sign_in()
        token = hidden_fields(visitor.get("/admin/me").text)["csrf_token"]
        copied = visitor.browser.get_cookie("session").value
        visitor.sign_out()
        visitor.browser.set_cookie("session", copied)

    for rule, method in _desk_routes(app):
        address = _address(app, rule, number)
        reply = _send(visitor, method, address, token)
        assert reply.status_code == 303, (rule, method)
        assert reply.headers["Location"].startswith("/admin/sign-in"), (rule, method)
        assert "Achieng" not in reply.text
        if who == "signed out":
            visitor.browser.set_cookie("session", copied)
        if method not in SAFE:
            assert _send(visitor, method, address).status_code == 400, (rule, method)


def test_staff_open_what_is_theirs_and_nothing_of_the_owners(app, number, provider):
    create_owner(app)
    create_staff(app)
    staff = AdminClient(app, provider)
    for rule, method in sorted(_desk_routes(app), key=lambda route: route[1]):
        if staff.browser.get("/admin/").status_code != 200:  # what came before may have signed them out
            assert staff.sign_in(STAFF).status_code == 303
            token = hidden_fields(staff.get("/admin/me").text)["csrf_token"]
        reply = _send(staff, method, _address(app, rule, number), token)
        if _may(app, rule.endpoint) == "owner":
            assert reply.status_code == 403, (rule, method)
            assert "Achieng" not in reply.text
        else:
            assert reply.status_code != 403 and reply.status_code < 500, (rule, method)
            assert not reply.headers.get("Location", "").startswith("/admin/sign-in"), (rule, method)


def test_an_owner_opens_everything(app, number, provider):
    create_owner(app)
    owner = AdminClient(app, provider)
    for rule, method in sorted(_desk_routes(app), key=lambda route: route[1]):
        if owner.browser.get("/admin/").status_code != 200:
            assert owner.sign_in().status_code == 303
            token = hidden_fields(owner.get("/admin/me").text)["csrf_token"]
        reply = _send(owner, method, _address(app, rule, number), token)
        assert reply.status_code != 403 and reply.status_code < 500, (rule, method)
        assert not reply.headers.get("Location", "").startswith("/admin/sign-in"), (rule, method)


def test_no_form_of_the_desk_is_taken_without_its_token(app, owner, number):
    for rule, method in _desk_routes(app):
        if method not in SAFE:
            assert _send(owner, method, _address(app, rule, number)).status_code == 400, (rule, method)
            assert _send(owner, method, _address(app, rule, number), "forged").status_code == 400, (rule, method)


def test_looking_changes_nothing(app, owner, number):
    before = _everything(app)
    for rule, method in _desk_routes(app):
        if method == "GET" and rule.endpoint not in CHANGING_GETS:
            owner.browser.get(_address(app, rule, number), buffered=True)
            assert _everything(app) == before, rule


def _everything(app: Flask) -> dict[str, Any]:
    """Every row of every table, without the moments that merely say that somebody is there."""
    with app.app_context():
        rows = {}
        for table in db.metadata.sorted_tables:
            columns = [column for column in table.columns if f"{table.name}.{column.name}" not in BY_THE_MINUTE]
            rows[table.name] = sorted(map(repr, db.session.execute(select(*columns))))
        return rows


class TestInProduction:
    """Where real buyers come, an owner without codes from the phone sets them up first."""

    @pytest.fixture
    def settings(self, settings):
        return {**settings, "SHOP_URL": "https://localhost", "CHPTER_URL": "https://chpter.co"}

    def test_an_owner_without_codes_can_do_nothing_but_set_them_up(self, app, number):
        create_owner(app)
        owner = _over_https(app)
        assert owner.sign_in().status_code == 303
        for rule, method in _desk_routes(app):
            allowed = getattr(app.view_functions[rule.endpoint], "before_two_factor", False)
            token = hidden_fields(owner.get("/admin/me/codes").text)["csrf_token"]
            reply = _send(owner, method, _address(app, rule, number), token)
            leads = reply.headers.get("Location") if reply.status_code == 303 else ""
            if allowed:
                assert leads != "/admin/me/codes", (rule, method)
            else:
                assert leads == "/admin/me/codes", (rule, method)
                assert "Achieng" not in reply.text

    def test_only_what_setting_up_needs_is_open_before(self, app):
        before = {name for name, view in app.view_functions.items() if getattr(view, "before_two_factor", False)}

        assert before == {
            "admin.account_two_factor",
            "admin.account_two_factor_image",
            "admin.account_two_factor_on",
            "admin.confirm",
        }

    def test_staff_need_none(self, app):
        create_staff(app)
        staff = _over_https(app)
        staff.sign_in(STAFF)

        assert staff.get("/admin/").status_code == 200


def _over_https(app: Flask) -> AdminClient:
    """Somebody whose browser came over https: the cookie travels no other way."""
    owner = AdminClient(app)
    owner.browser.environ_base["wsgi.url_scheme"] = "https"
    return owner


def test_what_a_stranger_may_open_needs_no_sign_in(app):
    for rule in app.url_map.iter_rules():
        word = PUBLIC.get(rule.endpoint)
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            if word is None:
                continue
            reply = _send(Shopper(app), method, _address(app, rule, "12345678"))
            assert reply.status_code < 500, rule
            if word in ("token", "callback"):  # one that nobody was given
                assert reply.status_code in ((404,) if method == "GET" or word == "callback" else (400, 404)), rule
            elif word != "sign-in":
                assert "/admin" not in reply.headers.get("Location", ""), rule


def test_no_other_site_can_send_a_form_of_the_shop(app):
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "payments.callback":
            continue
        for method in (rule.methods or set()) - set(SAFE):
            reply = _send(Shopper(app), method, _address(app, rule, "12345678"), headers=elsewhere)
            assert reply.status_code == 403, rule
            assert "Set-Cookie" not in reply.headers, rule  # it would take the place of the visitor's own


def test_a_view_that_names_no_role_opens_to_nobody(app, provider):
    create_owner(app)
    app.add_url_rule("/admin/new", "admin.new", lambda: "the new page")
    app.add_url_rule("/new", "catalog.new", lambda: "the new page")
    owner = AdminClient(app, provider)
    owner.sign_in()

    assert undeclared(app) == ["admin.new", "catalog.new"]
    assert owner.get("/admin/new").status_code == 403
