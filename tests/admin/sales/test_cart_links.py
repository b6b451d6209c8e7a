"""Cart links: the admin makes and lists them."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from shop.accounts.models import AuditLogEntry
from shop.cart.cart_links import ADMIN_LINK_LIFETIME, BUYER_LINK_LIFETIME, share
from shop.cart.models import SharedCart
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests import both_databases
from tests.admin_client import DONE
from tests.page_checks import CANARY
from tests.shopper import SKU, hidden_fields

LIST, NEW = "/admin/carts", "/admin/carts/new"


def make(owner, **answers):
    form = {**hidden_fields(owner.get(NEW).text), "title": "Gift set", "q": "", f"quantity-{SKU}": "2"}
    return owner.post(NEW, {**form, "place": "1", **answers})


def text_of(owner):
    return " ".join("".join(owner.page.itertext()).split())


@both_databases
def test_staff_make_a_link_that_fills_a_buyers_cart(app, staff, shopper):
    address = make(staff).headers["Location"]
    code = address.rsplit("/", 1)[1]
    staff.get(address)
    assert staff.page.find(".//input[@id='copy']").get("value") == f"http://localhost/c/{code}"
    shopper.post(f"/c/{code}", {})

    staff.get(LIST)
    assert "Gift set" in text_of(staff)
    assert "2 × Classic sisal kiondo (Terracotta bands)" in text_of(staff)
    assert "packer@example.com" in text_of(staff)
    assert "1 time" in text_of(staff)
    with app.app_context():
        assert db.session.scalar(select(AuditLogEntry.words).where(DONE)) == f"Made cart link {code} (Gift set)"


def test_a_link_switched_off_leads_nowhere_and_the_second_press_says_so(app, staff, shopper):
    address = make(staff).headers["Location"]
    code = address.rsplit("/", 1)[1]
    token = hidden_fields(staff.get(LIST).text)
    staff.post(f"{LIST}/{code}/off", token)
    staff.post(f"{LIST}/{code}/off", token)

    staff.get(LIST)
    assert f"Cart link {code} was off already" in text_of(staff)
    assert shopper.get(f"/c/{code}").status_code == 404


def test_links_of_buyers_stand_on_their_own_page(app, staff):
    with app.app_context():
        write(lambda: share({SKU: 1}, utcnow(), BUYER_LINK_LIFETIME))
        write(
            lambda: share(
                {SKU: 1}, utcnow() - timedelta(days=91), ADMIN_LINK_LIFETIME, title="Old one", actor="Achieng"
            )
        )
    staff.get(LIST)
    assert "Old one" in text_of(staff)
    assert "Expired" in text_of(staff)
    assert "1 × Classic" in text_of(staff)

    staff.get(f"{LIST}?by=buyers")
    assert "Old one" not in text_of(staff)
    assert "Open" in text_of(staff)


def test_the_list_is_paged_in_as_many_queries_as_for_one(app, staff):
    def queries(address):
        seen = []
        with app.app_context():
            engine = db.engine

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        staff.get(address)
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    make(staff)
    staff.get(LIST)
    few = queries(LIST)
    with app.app_context():
        for n in range(30):
            write(lambda n=n: share({SKU: 1}, utcnow(), ADMIN_LINK_LIFETIME, title=f"Many {n:02}", actor="Achieng"))
    assert queries(LIST) == few
    assert "Many 29" in text_of(staff)
    assert "Gift set" not in text_of(staff)
    staff.get(f"{LIST}?page=2")
    assert "Gift set" in text_of(staff)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({f"quantity-{SKU}": "0"}, "Add at least one product: search for it, then press Add"),
        ({f"quantity-{SKU}": "-1"}, "Quantity must be a whole number from 0 to 20"),
        ({"quantity-NO-SUCH": "1"}, "A product that you added is no longer sold"),
        ({"title": "x" * 81}, "Title must be 80 characters or fewer"),
    ],
)
def test_what_is_wrong_is_said(app, staff, answers, words):
    assert make(staff, **answers).status_code == 422
    assert words in text_of(staff)
    with app.app_context():
        assert db.session.scalar(select(SharedCart.id)) is None


@both_databases
@pytest.mark.parametrize("name", ["title", "q", "add", "remove"])
def test_hostile_answers_never_break_the_page(staff, name):
    for nasty in ("\x00", "x" * 5000, "😀" * 20, CANARY, "9" * 400, "\u202e"):
        reply = make(staff, **{name: nasty})
        assert reply.status_code in (200, 303, 422), nasty
        assert staff.get(LIST).status_code == 200
        if reply.status_code == 303:
            assert staff.get(reply.headers["Location"]).status_code == 200
    for code in ("x", "%00", "zzzzzzz", "' OR 1=1", "Z" * 300):
        assert staff.get(f"{LIST}/{code}").status_code == 404
        assert staff.post(f"{LIST}/{code}/off", hidden_fields(staff.get(LIST).text)).status_code == 404
