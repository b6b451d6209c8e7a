"""Cart links: the admin makes and lists them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.cart.cart_links import ADMIN_LINK_LIFETIME, BUYER_LINK_LIFETIME, share
from shop.cart.models import SharedCart
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests.query_counter import counted
from tests.shopper import SKU, hidden_fields

LIST, NEW = "/admin/cart-links", "/admin/cart-links/new"


def make(owner, **answers):
    form = {**hidden_fields(owner.get(NEW).text), "title": "Gift set", "q": "", f"quantity-{SKU}": "2"}
    return owner.post(NEW, {**form, "place": "1", **answers})


def text_of(owner, address=None):
    if address:
        owner.get(address)
    return " ".join("".join(owner.page.itertext()).split())


def test_staff_make_a_link_that_fills_a_buyers_cart_until_it_is_switched_off(staff, shopper, goods):
    address = make(staff).headers["Location"]
    code = address.rsplit("/", 1)[1]
    staff.get(address)
    assert staff.page.find(".//input[@id='copy']").get("value") == f"http://localhost/c/{code}"
    shopper.post(f"/c/{code}", {})

    listed = text_of(staff, LIST)
    for words in ("Gift set", "2 × Classic sisal kiondo (Terracotta bands)", "packer@example.com", "1 time"):
        assert words in listed
    assert goods.acts()[-1] == f"Made cart link {code} (Gift set)"

    token = hidden_fields(staff.get(LIST).text)
    for _ in range(2):
        staff.post(f"{LIST}/{code}/off", token)
    assert f"Cart link {code} was off already" in text_of(staff, LIST)
    assert shopper.get(f"/c/{code}").status_code == 404


def test_links_of_buyers_are_on_their_own_page(app, staff):
    long_ago = utcnow() - timedelta(days=91)
    with app.app_context():
        write(lambda: share({SKU: 1}, utcnow(), BUYER_LINK_LIFETIME))
        write(lambda: share({SKU: 1}, long_ago, ADMIN_LINK_LIFETIME, title="Old one", actor="Achieng"))

    listed = text_of(staff, LIST)
    assert "Old one" in listed and "Expired" in listed and "1 × Classic" in listed
    listed = text_of(staff, f"{LIST}?by=buyers")
    assert "Old one" not in listed and "Open" in listed


def test_the_list_is_paged_in_as_many_queries_as_for_one(app, staff):
    make(staff)
    staff.get(LIST)
    with counted(app) as few:
        staff.get(LIST)
    with app.app_context():
        for n in range(30):
            write(lambda n=n: share({SKU: 1}, utcnow(), ADMIN_LINK_LIFETIME, title=f"Many {n:02}", actor="Achieng"))
    with counted(app) as many:
        listed = text_of(staff, LIST)

    assert len(many) == len(few)
    assert "Many 29" in listed and "Gift set" not in listed
    assert "Gift set" in text_of(staff, f"{LIST}?page=2")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({f"quantity-{SKU}": "0"}, "Add at least one product: search for it, then press Add"),
        ({f"quantity-{SKU}": "-1"}, "Quantity must be a whole number from 0 to 20"),
        ({"quantity-NO-SUCH": "1"}, "A product that you added is no longer sold"),
        ({"title": "x" * 81}, "Title must be 80 characters or fewer"),
    ],
)
def test_a_wrong_answer_is_explained_and_makes_no_link(app, staff, answers, words):
    assert make(staff, **answers).status_code == 422
    assert words in text_of(staff)
    with app.app_context():
        assert db.session.scalar(select(SharedCart.id)) is None


def test_a_forged_code_finds_no_link(staff):
    token = hidden_fields(staff.get(LIST).text)
    for code in ("x", "%00", "zzzzzzz", "' OR 1=1", "Z" * 300):
        assert staff.get(f"{LIST}/{code}").status_code == 404
        assert staff.post(f"{LIST}/{code}/off", token).status_code == 404
