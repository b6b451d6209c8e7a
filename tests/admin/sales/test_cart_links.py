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


def make(clerk, **answers):
    form = {**hidden_fields(clerk.get(NEW).text), "title": "Gift set", "q": "", f"quantity-{SKU}": "2"}
    return clerk.post(NEW, {**form, "place": "1", **answers})


def text_of(clerk):
    return " ".join("".join(clerk.page.itertext()).split())


@both_databases
def test_staff_make_a_link_that_fills_a_buyers_cart(app, packer, shopper):
    address = make(packer).headers["Location"]
    code = address.rsplit("/", 1)[1]
    packer.get(address)
    assert packer.page.find(".//input[@id='copy']").get("value") == f"http://localhost/c/{code}"
    shopper.post(f"/c/{code}", {})

    packer.get(LIST)
    assert "Gift set" in text_of(packer)
    assert "2 × Classic sisal kiondo (Terracotta bands)" in text_of(packer)
    assert "packer@example.com" in text_of(packer)
    assert "1 time" in text_of(packer)
    with app.app_context():
        assert db.session.scalar(select(AuditLogEntry.words).where(DONE)) == f"Made cart link {code} (Gift set)"


def test_a_link_switched_off_leads_nowhere_and_the_second_press_says_so(app, packer, shopper):
    address = make(packer).headers["Location"]
    code = address.rsplit("/", 1)[1]
    token = hidden_fields(packer.get(LIST).text)
    packer.post(f"{LIST}/{code}/off", token)
    packer.post(f"{LIST}/{code}/off", token)

    packer.get(LIST)
    assert f"Cart link {code} was off already" in text_of(packer)
    assert shopper.get(f"/c/{code}").status_code == 404


def test_links_of_buyers_stand_on_their_own_page(app, packer):
    with app.app_context():
        write(lambda: share({SKU: 1}, utcnow(), BUYER_LINK_LIFETIME))
        write(
            lambda: share(
                {SKU: 1}, utcnow() - timedelta(days=91), ADMIN_LINK_LIFETIME, title="Old one", actor="Achieng"
            )
        )
    packer.get(LIST)
    assert "Old one" in text_of(packer)
    assert "Expired" in text_of(packer)
    assert "1 × Classic" in text_of(packer)

    packer.get(f"{LIST}?by=buyers")
    assert "Old one" not in text_of(packer)
    assert "Open" in text_of(packer)


def test_the_list_is_paged_in_as_many_queries_as_for_one(app, packer):
    def queries(address):
        seen = []
        with app.app_context():
            engine = db.engine

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        packer.get(address)
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    make(packer)
    packer.get(LIST)
    few = queries(LIST)
    with app.app_context():
        for n in range(30):
            write(lambda n=n: share({SKU: 1}, utcnow(), ADMIN_LINK_LIFETIME, title=f"Many {n:02}", actor="Achieng"))
    assert queries(LIST) == few
    assert "Many 29" in text_of(packer)
    assert "Gift set" not in text_of(packer)
    packer.get(f"{LIST}?page=2")
    assert "Gift set" in text_of(packer)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({f"quantity-{SKU}": "0"}, "Add at least one product: search for it, then press Add"),
        ({f"quantity-{SKU}": "-1"}, "Quantity must be a whole number from 0 to 20"),
        ({"quantity-NO-SUCH": "1"}, "A product that you added is no longer sold"),
        ({"title": "x" * 81}, "Title must be 80 characters or fewer"),
    ],
)
def test_what_is_wrong_is_said(app, packer, answers, words):
    assert make(packer, **answers).status_code == 422
    assert words in text_of(packer)
    with app.app_context():
        assert db.session.scalar(select(SharedCart.id)) is None


@both_databases
@pytest.mark.parametrize("name", ["title", "q", "add", "remove"])
def test_hostile_answers_never_break_the_page(packer, name):
    for nasty in ("\x00", "x" * 5000, "😀" * 20, CANARY, "9" * 400, "\u202e"):
        reply = make(packer, **{name: nasty})
        assert reply.status_code in (200, 303, 422), nasty
        assert packer.get(LIST).status_code == 200
        if reply.status_code == 303:
            assert packer.get(reply.headers["Location"]).status_code == 200
    for code in ("x", "%00", "zzzzzzz", "' OR 1=1", "Z" * 300):
        assert packer.get(f"{LIST}/{code}").status_code == 404
        assert packer.post(f"{LIST}/{code}/off", hidden_fields(packer.get(LIST).text)).status_code == 404
