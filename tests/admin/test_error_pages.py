"""Error pages of the admin keep its navigation and link back."""

import pytest
from sqlalchemy.exc import OperationalError

from shop.accounts import staff_sessions
from shop.admin.orders import list_views
from tests import order_factory
from tests.shopper import hidden_fields


def frame(owner) -> tuple[str, str, list[str]]:
    """The name the page's head stands under, its headline, and where its buttons and links lead."""
    name = "".join(owner.page.find(".//header//a[@class='site-header__name']").itertext()).split()[-1]
    links = [link.get("href") for link in owner.page.findall(".//main//a")]
    return name, "".join(owner.page.find(".//h1").itertext()), links


def rooms(owner) -> list[str]:
    return [link.text.strip() for link in owner.page.findall(".//div[@class='admin-nav__row']//a")]


@pytest.mark.parametrize("address", ["/admin/orders/99999999", "/admin/no-such-page", "/admin/orders/x/y/z"])
def test_a_page_there_is_not_keeps_the_admins_frame_and_its_menu(owner, address):
    reply = owner.get(address, headers={"Referer": "http://localhost/admin/?tab=sent"})

    assert reply.status_code == 404
    assert frame(owner) == ("admin", "We can't find that page", ["/admin/?tab=sent", "/admin/"])
    assert "Orders" in rooms(owner)


def test_who_may_not_open_a_page_is_told_so_inside_the_admin(staff):
    reply = staff.get("/admin/settings", headers={"Referer": "http://localhost/admin/products"})

    assert reply.status_code == 403
    assert frame(staff) == ("admin", "Only an owner may do that", ["/admin/products", "/admin/"])
    assert "Settings" not in rooms(staff)


def test_the_database_away_during_an_act_leads_back_to_the_order(app, owner, monkeypatch):
    (number,) = order_factory.keep(app, order_factory.order(payment="paid"))
    form = {**hidden_fields(owner.get(f"/admin/orders/{number}").text), "to": "packed"}

    def away(*_):
        raise OperationalError("", {}, Exception("locked"))

    monkeypatch.setattr("shop.admin.orders.fulfilment_views.write", away)
    here = f"/admin/orders/{number}"
    reply = owner.post(f"{here}/move", form, headers={"Referer": f"http://localhost{here}"})

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert frame(owner) == ("admin", "Busy for a moment", [here, "/admin/"])
    assert "Nothing is lost" not in reply.text


@pytest.mark.parametrize(("where", "what"), [(staff_sessions, "who_sits"), (list_views, "find_orders")])
def test_with_no_database_at_all_the_page_still_comes_and_can_be_tried_again(app, owner, monkeypatch, where, what):
    def away(*_):
        raise OperationalError("", {}, Exception("no connection"))

    if what == "who_sits":
        monkeypatch.setattr("shop.accounts.staff_sessions.db.session.scalar", away)
        monkeypatch.setattr("shop.accounts.staff_sessions.db.session.execute", away)
    else:
        monkeypatch.setattr(where, what, away)
    reply = owner.get("/admin/")

    assert reply.status_code == 503
    assert frame(owner) == ("admin", "Busy for a moment", ["", "/admin/"])


def test_a_bug_names_nobody_and_keeps_the_frame(owner, monkeypatch):
    monkeypatch.setattr(list_views, "find_orders", lambda *_: 1 / 0)
    reply = owner.get("/admin/")

    assert reply.status_code == 500
    assert frame(owner)[:2] == ("admin", "Something broke on our side")


@pytest.mark.parametrize("referer", ["http://evil.example/admin/", "http://localhost/cart", "http://[", "", "x" * 5000])
def test_no_error_page_leads_elsewhere(owner, referer):
    owner.get("/admin/no-such-page", headers={"Referer": referer})

    assert frame(owner)[2] == ["/admin/"]


def test_a_stranger_learns_nothing_from_an_address_that_is_none(visitor):
    assert visitor.get("/admin/no-such-page").status_code == 404
    assert rooms(visitor) == []


def test_who_is_no_longer_an_owner_is_told_that_and_not_that_the_form_is_broken(app, staff):
    old_form = {"csrf_token": "of a session that is over", "name": "Another shop"}
    reply = staff.post("/admin/settings", old_form)

    assert reply.status_code == 403
    assert frame(staff)[1] == "Only an owner may do that"


def test_the_shops_own_errors_stay_in_the_shop(shopper):
    reply = shopper.get("/no-such-page")

    assert "Go to the shop" in reply.text
    assert shopper.get("/administration").text.count("Go to the shop") == 1
