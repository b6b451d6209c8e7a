"""Every address of the desk, from the application's own map: none opens to somebody who has not signed in."""

import re

from werkzeug.routing import Rule

from shop.admin import frame, signing
from tests.admin import ledger

OPEN = {"security.login"}  # the sign-in page itself


def _routes(app) -> list[tuple[Rule, str]]:
    of_desk = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]
    return [(rule, method) for rule in of_desk for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})]


def _address(rule: Rule, number: str) -> str:
    return re.sub("<[^>]*>", number, rule.rule)


def test_nothing_of_the_desk_opens_without_signing_in(app, stranger):
    number = ledger.keep(app, ledger.order(full_name="Achieng Otieno"))[0]
    routes = _routes(app)

    for rule, method in routes:
        if rule.endpoint in OPEN:
            continue
        reply = stranger.browser.open(_address(rule, number), method=method)
        # a POST without a token is answered with 400 before anybody asks who is there
        assert reply.status_code == (400 if method == "POST" else 303), rule
        assert reply.headers.get("Location", "/admin/sign-in").startswith("/admin/sign-in")
        assert "Achieng" not in reply.text


def test_the_buyers_own_session_and_forged_ones_open_nothing(app, stranger):
    stranger.add()
    assert stranger.get("/admin/").status_code == 303

    stranger.browser.set_cookie("remember_token", "1|forged")
    assert stranger.get("/admin/?auth_token=forged", headers={"Authentication-Token": "forged"}).status_code == 303


def test_without_its_guard_the_desk_would_be_open(app, stranger, monkeypatch):
    monkeypatch.setitem(app.before_request_funcs, "admin", [])

    assert stranger.get("/admin/").status_code == 200


def test_without_its_stamps_a_sitting_would_never_end(clerk, monkeypatch):
    with clerk.browser.session_transaction("/admin/") as session:
        session[signing.SINCE] = 0
    monkeypatch.setattr(signing, "sitting_over", lambda: False)

    assert clerk.get("/admin/").status_code == 200


def test_flask_security_adds_no_other_page_or_command(app):
    assert [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("security.")] == [
        "/admin/sign-out",
        "/admin/sign-in",
    ]
    assert not {"users", "roles"} & set(app.cli.commands)
    assert frame.admin.url_prefix == "/admin"
