"""The desk's doors: what is no way in. Every single route is tried in test_rights.py."""

from shop.accounts import permissions


def test_the_buyers_own_session_and_forged_ones_open_nothing(app, stranger):
    stranger.add()
    assert stranger.get("/admin/").status_code == 303

    stranger.browser.set_cookie("remember_token", "1|forged")
    assert stranger.get("/admin/?auth_token=forged", headers={"Authentication-Token": "forged"}).status_code == 303


def test_without_its_guard_the_desk_would_be_open(app, stranger, monkeypatch):
    monkeypatch.setitem(app.before_request_funcs, "admin", [])

    assert stranger.get("/admin/").status_code == 200


def test_flask_security_adds_no_other_page_or_command(app):
    assert [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("security.")] == [
        "/admin/sign-out",
        "/admin/sign-in",
    ]
    assert not {"users", "roles"} & set(app.cli.commands)
    assert permissions.admin.url_prefix == "/admin"
