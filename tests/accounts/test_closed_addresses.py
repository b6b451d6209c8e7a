"""What does not open the admin. Every route is tried in admin/test_permissions.py."""


def test_a_buyers_session_and_forged_tokens_open_nothing(app, visitor):
    visitor.add()
    assert visitor.get("/admin/").status_code == 303

    visitor.browser.set_cookie("remember_token", "1|forged")
    assert visitor.get("/admin/?auth_token=forged", headers={"Authentication-Token": "forged"}).status_code == 303


def test_without_the_permission_check_the_admin_would_be_open(app, visitor, monkeypatch):
    monkeypatch.setitem(app.before_request_funcs, "admin", [])

    assert visitor.get("/admin/").status_code == 200
