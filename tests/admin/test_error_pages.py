"""Error pages of the admin keep its navigation and link back."""

import pytest
from sqlalchemy.exc import OperationalError

from shop.admin.orders import list_views
from tests import order_factory
from tests.shopper import hidden_fields


def frame(owner) -> tuple[str, str, list[str]]:
    """The end of the name in the header, the headline, and the links of the page."""
    name = "".join(owner.page.find(".//header//a[@class='site-header__name']").itertext()).split()[-1]
    links = [link.get("href") for link in owner.page.findall(".//main//a")]
    return name, "".join(owner.page.find(".//h1").itertext()), links


def navigation(owner) -> list[str]:
    return [link.text.strip() for link in owner.page.findall(".//div[@class='admin-nav__row']//a")]


def refuse(*_):
    raise OperationalError("", {}, Exception("no connection"))


@pytest.mark.parametrize("address", ["/admin/orders/99999999", "/admin/no-such-page", "/admin/orders/x/y/z"])
def test_a_missing_page_keeps_the_navigation(owner, address):
    reply = owner.get(address, headers={"Referer": "http://localhost/admin/?tab=sent"})

    assert reply.status_code == 404
    assert frame(owner) == ("admin", "We can't find that page", ["/admin/?tab=sent", "/admin/"])
    assert "Orders" in navigation(owner)


def test_staff_who_open_or_send_a_page_of_owners_are_told_so(staff):
    reply = staff.get("/admin/settings", headers={"Referer": "http://localhost/admin/products"})

    assert reply.status_code == 403
    assert frame(staff) == ("admin", "Only an owner may do that", ["/admin/products", "/admin/"])
    assert "Settings" not in navigation(staff)
    # a user who is no longer an owner is told that, and not that the form is broken
    assert staff.post("/admin/settings", {"csrf_token": "of a session that ended", "name": "x"}).status_code == 403
    assert frame(staff)[1] == "Only an owner may do that"


def test_a_database_outage_while_a_step_is_undone_leads_back_to_the_order(app, owner, monkeypatch):
    (number,) = order_factory.keep(app, order_factory.order(payment="paid", fulfilment="packed"))
    page = f"/admin/orders/{number}"
    form = {**hidden_fields(owner.get(page).text), "step": "packed"}
    monkeypatch.setattr("shop.admin.orders.fulfilment_views.write", refuse)

    reply = owner.post(f"{page}/undo", form, headers={"Referer": f"http://localhost{page}"})

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert frame(owner) == ("admin", "Busy for a moment", [page, "/admin/"])
    assert "Nothing is lost" not in reply.text


def test_a_database_outage_while_an_order_is_sent_keeps_the_rider(app, owner, monkeypatch):
    (number,) = order_factory.keep(app, order_factory.order(payment="paid", fulfilment="packed"))
    page = f"/admin/orders/{number}"
    form = {**hidden_fields(owner.get(page).text), "to": "sent", "rider": "Otieno, 0711 222 333"}
    monkeypatch.setattr("shop.admin.orders.fulfilment_views.write", refuse)

    reply = owner.post(f"{page}/move", form)

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert 'value="Otieno, 0711 222 333"' in reply.text


@pytest.mark.parametrize(
    "without",
    [
        ("shop.accounts.staff_sessions.db.session.scalar", "shop.accounts.staff_sessions.db.session.execute"),
        ("shop.admin.orders.list_views.find_orders",),
    ],
)
def test_a_page_without_the_database_can_be_tried_again(owner, monkeypatch, without):
    for function in without:
        monkeypatch.setattr(function, refuse)

    assert owner.get("/admin/").status_code == 503
    assert frame(owner) == ("admin", "Busy for a moment", ["", "/admin/"])


def test_a_bug_keeps_the_navigation(owner, monkeypatch):
    monkeypatch.setattr(list_views, "find_orders", lambda *_: 1 / 0)

    assert owner.get("/admin/").status_code == 500
    assert frame(owner)[:2] == ("admin", "Something broke on our side")


@pytest.mark.parametrize("referer", ["http://evil.example/admin/", "http://localhost/cart", "http://[", "", "x" * 5000])
def test_no_error_page_leads_to_another_site(owner, referer):
    owner.get("/admin/no-such-page", headers={"Referer": referer})

    assert frame(owner)[2] == ["/admin/"]


def test_visitors_see_error_pages_of_the_shop_and_no_navigation_of_the_admin(visitor):
    for address in ("/no-such-page", "/administration"):
        assert visitor.get(address).text.count("See all products") == 1
    assert visitor.get("/admin/no-such-page").status_code == 404
    assert navigation(visitor) == []
