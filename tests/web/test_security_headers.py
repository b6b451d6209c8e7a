"""The security headers, on every response of every route."""

import re

import pytest
from flask import Flask
from psycopg.errors import SyntaxError, UndefinedColumn
from sqlalchemy.exc import OperationalError, ProgrammingError, TimeoutError

from shop import create_app
from tests.conftest import SECRET

FILLED = {"token": "no-such-token", "slug": "baskets", "filename": "img/logo.svg", "name": "site.css", "number": "1"}
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def check_strict(reply, address, *, https=False):
    """Fail unless the response has every security header."""
    for name, value in FIXED.items():
        assert reply.headers.getlist(name) == [value], f"{address} {reply.status}: {name}"
    assert "camera=()" in reply.headers["Permissions-Policy"]
    policies = reply.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1, f"{address}: {policies}"
    rules = dict(rule.split(" ", 1) for rule in policies[0].split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert {rules["script-src"], rules["manifest-src"], rules["img-src"], rules["connect-src"]} == {"'self'"}
    assert re.fullmatch(r"'self'( 'sha256-[A-Za-z0-9+/]{43}='){0,2}", rules["style-src"])
    assert "unsafe" not in policies[0]
    assert {"'self'", "https://chpter.co", "https://*.chpter.co"} <= set(rules["form-action"].split())
    assert "*" not in rules["form-action"].replace("https://*.chpter.co", "")
    assert ("Strict-Transport-Security" in reply.headers) == https, address
    for header in ("Server", "X-Powered-By"):
        assert header not in reply.headers


def every_answer(app: Flask):
    """The responses of every route to every method, and error responses."""
    browser = app.test_client()
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        address = adapter.build(rule.endpoint, {name: FILLED.get(name, 1) for name in rule.arguments})
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            yield browser.open(address, method=method), f"{method} {address}"
    yield browser.get("/no-such-page"), "a page we lack"
    yield browser.get("/static/no-such-file"), "a file we lack"
    yield browser.get("/static/img/logo.svg", headers={"If-None-Match": "*"}), "a file unchanged"
    yield browser.get("/orders//find"), "an address mended by a redirect"
    yield browser.post("/cart/add", data={"sku": "x" * 300_000}), "a form that is too large"
    yield browser.post("/cart/add", data={"sku": "x"}, headers={"Origin": "https://evil.example"}), "from elsewhere"
    yield browser.get("/broken"), "a bug"
    yield browser.get("/busy"), "a busy database"
    yield browser.get("/full"), "no connection left"


@pytest.fixture
def app(app):
    """The shop with two more pages: one raises an error, for one the database fails."""

    def refuse(error):
        raise error

    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    app.add_url_rule("/busy", "busy", lambda: refuse(OperationalError("", {}, Exception())))
    app.add_url_rule("/full", "full", lambda: refuse(TimeoutError("")))
    app.add_url_rule("/older", "older", lambda: refuse(ProgrammingError("", {}, UndefinedColumn())))
    app.add_url_rule("/misspelt", "misspelt", lambda: refuse(ProgrammingError("", {}, SyntaxError())))
    return app


def test_every_response_has_the_security_headers(app):
    seen = set()
    for reply, address in every_answer(app):
        check_strict(reply, address)
        seen.add(reply.status_code)

    assert {200, 303, 304, 400, 403, 404, 405, 413, 500, 503} <= seen, seen


def test_only_files_and_catalogue_pages_are_cacheable(app):
    keepable = {"/", "/categories/baskets", "/search", "/privacy", "/static/img/logo.svg", "/assets/site.css"}
    keepable |= {"/products", "/robots.txt", "/sitemap.xml", "/sitemap-pages.xml", "/sitemap-products-1.xml"}
    keepable |= {"/icon.svg", "/apple-touch-icon.png", "/manifest.webmanifest", "/prefetch.json", "/service-worker.js"}
    for reply, address in every_answer(app):
        if reply.status_code == 200 and address.split(" ")[-1] in keepable and address.startswith(("GET", "HEAD")):
            assert "public" in reply.headers["Cache-Control"], address
        elif reply.status_code != 304 and not address.startswith("OPTIONS"):
            assert reply.headers["Cache-Control"] == "no-store", address


@pytest.mark.parametrize("address", ["/static/none-such", "/static/..%2f..%2fwsgi.py", "/assets/none-such.css"])
def test_an_options_request_opens_no_file(app, monkeypatch, address):
    monkeypatch.setattr("shop.web.assets.fingerprint", lambda path: pytest.fail(f"{path} was opened"))

    assert app.test_client().options(f"{address}?v=0").status_code == 200


def test_error_pages_reveal_no_internals(shopper, app):
    refused = (("/busy", 503), ("/full", 503), ("/older", 503))
    for address, status in (("/broken", 500), ("/misspelt", 500), *refused, ("/no-such-page", 404)):
        reply = shopper.get(address)

        assert reply.status_code == status
        assert not re.search(r"Traceback|ZeroDivision|sqlalche|File \"", reply.text)
        assert ("Retry-After" in reply.headers) == (status == 503)
        assert ('href="">Try again</a>' in reply.text) == (status >= 500)


def test_an_https_shop_sends_hsts_with_every_response_and_a_host_cookie(settings):
    real = {"SHOP_URL": "https://shop.example.co.ke", "CHPTER_URL": "https://chpter.co", "SECRET_KEY": SECRET}
    browser = create_app({**settings, **real}).test_client()
    for address in ("/", "/cart", "/static/img/logo.svg", "/no-such-page", "/healthz", "/admin/"):
        reply = browser.get(address, base_url=real["SHOP_URL"])

        check_strict(reply, address, https=True)
        assert "max-age=63072000" in reply.headers["Strict-Transport-Security"]

    added = browser.post("/cart/add", data={"sku": "KIO-CLA-TER", "quantity": "1"}, base_url=real["SHOP_URL"])
    cookie, count = sorted(added.headers.getlist("Set-Cookie"))
    assert cookie.startswith("__Host-session=")
    assert count.startswith("cart_count=1;") and "Secure" in count
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_the_cart_is_kept_without_https(shopper):
    reply = shopper.add()

    count, cookie = sorted(reply.headers.getlist("Set-Cookie"))
    assert count.startswith("cart_count=1;") and "SameSite=Lax" in count
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "Secure" not in cookie
    assert "Strict-Transport-Security" not in reply.headers


def test_the_content_policy_allows_the_payment_host(settings):
    app = create_app({**settings, "CHPTER_LINK_HOSTS": "pay.example, .links.example"})

    policy = app.test_client().get("/healthz").headers["Content-Security-Policy"]

    assert policy.endswith(
        f"form-action 'self' {settings['CHPTER_URL']} https://pay.example https://links.example https://*.links.example"
    )
