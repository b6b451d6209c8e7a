"""Discount codes: add, change, and count their sales."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.admin.sales import discount_code_views
from shop.core.clock import NAIROBI, midnight, utcnow
from shop.core.database import db
from shop.orders.models import Order
from shop.pricing.models import DiscountCode
from tests import both_databases, order_factory
from tests.admin_client import AdminClient
from tests.at_once import at_once
from tests.product_factory import problems
from tests.shopper import Shopper, hidden_fields

NEW = "/admin/discount-codes/new"
CODE = "Code must be 3 to 20 letters, digits or hyphens, like KARIBU10"
ANSWERS = {
    "code": "krismasi",
    "kind": "percent",
    "value": "15",
    "minimum_subtotal": "2,000",
    "category": "",
    "starts": "",
    "until": "",
    "max_uses": "",
    "max_uses_per_buyer": "",
}


def send(owner, address=NEW, **answers):
    return owner.post(address, {**hidden_fields(owner.get(address).text), **ANSWERS, **answers})


def code_named(app, name):
    with app.app_context():
        return db.session.scalar(select(DiscountCode).where(DiscountCode.code == name))


def change(app, name, **values):
    with app.app_context():
        db.session.execute(update(DiscountCode).where(DiscountCode.code == name).values(**values))
        db.session.commit()


def page(owner, address="/admin/discount-codes"):
    assert owner.get(address).status_code == 200
    return " ".join("".join(owner.page.find(".//main").itertext()).split())


def test_a_new_code_is_stored_listed_logged_and_lowers_the_total(app, owner, shopper, goods):
    today = utcnow().astimezone(NAIROBI).date()
    reply = send(owner, starts=today.isoformat(), until=today.isoformat(), max_uses="40", max_uses_per_buyer="1")

    assert (reply.status_code, reply.headers["Location"]) == (303, "/admin/discount-codes")
    code = code_named(app, "KRISMASI")
    assert (code.kind, code.value, code.minimum_subtotal) == ("percent", 15, 2000)
    assert (code.max_uses, code.max_uses_per_buyer) == (40, 1)
    assert (code.starts_at, code.expires_at) == (midnight(today), midnight(today) + timedelta(days=1))
    listed = page(owner)
    assert "KRISMASI Active 15% off from KSh 2,000" in listed
    assert "0 of 40" in listed
    assert goods.acts()[-1].startswith("Added discount code KRISMASI: 15% off from KSh 2,000, ")
    assert shopper.buy(quantity=2, code="krismasi").total == 4900 - 735 + 200


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        *(({"code": code}, CODE) for code in ("ab", "KRIS<b>")),
        ({"code": "karibu10"}, "Code KARIBU10 exists already. Choose another"),
        ({"value": "91"}, "Discount must be from 1 to 90 percent"),
        *(({"value": value}, "Discount must be a whole number from 1 to 1,000,000") for value in ("0", "", "12.5")),
        ({"kind": "free"}, "Choose percent or shillings"),
        ({"minimum_subtotal": "-1"}, "Minimum subtotal must be a whole number from KSh 0 to KSh 1,000,000"),
        ({"starts": "24/12/2026"}, "First day must be a day from 2000 to 2099, like 2026-12-24"),
        ({"until": "2026-02-30"}, "Last day must be a day from 2000 to 2099, like 2026-12-24"),
        ({"starts": "2027-02-02", "until": "2027-02-01"}, "Last day must not be before the first day"),
        ({"until": "2021-01-01"}, "Last day is in the past. Choose today or later, or leave it empty"),
        ({"max_uses": "0"}, "Uses in total must be a whole number from 1 to 100,000"),
        ({"max_uses_per_buyer": "0"}, "Uses for each phone number must be a whole number from 1 to 1,000"),
    ],
)
def test_a_wrong_answer_is_explained_beside_its_field_and_nothing_typed_is_lost(app, owner, answers, words):
    reply = send(owner, **answers)

    assert reply.status_code == 422
    assert owner.page.findtext(".//title").startswith("Error: ")
    links = {link.text: link.get("href") for link in owner.page.findall(".//div[@class='error-summary']//a")}
    assert words in links
    assert owner.page.find(f".//*[@id='{links[words].removeprefix('#')}']") is not None
    assert owner.page.find(".//input[@id='minimum_subtotal']").get("value") == answers.get("minimum_subtotal", "2,000")
    assert code_named(app, "KRISMASI") is None


def test_a_forged_id_finds_no_code(owner):
    for forged in ("0", "99999", "-1", "1%27", "x", "9" * 40, "%00", "1.0"):
        assert owner.get(f"/admin/discount-codes/{forged}").status_code == 404, forged
    token = hidden_fields(owner.get(NEW).text)
    for forged in ("99999/off", "1/sideways"):
        assert owner.post(f"/admin/discount-codes/{forged}", token).status_code == 404


def test_each_state_is_shown_in_words(app, owner):
    now = utcnow()
    codes = [
        DiscountCode(code="OFFNOW", active=False),
        DiscountCode(code="OVER", expires_at=now - timedelta(hours=1)),
        DiscountCode(code="GONE", max_uses=2, uses=2),
        DiscountCode(code="LATER", starts_at=now + timedelta(days=3)),
        DiscountCode(code="RUNS"),
    ]
    with app.app_context():
        for code in codes:
            code.kind, code.value = "fixed", 100
        db.session.add_all(codes)
        db.session.commit()

    listed = page(owner)

    for words in ("OFFNOW Off", "OVER Ended", "GONE Used up", "LATER Not started", "RUNS Active"):
        assert words in listed


def test_the_sales_of_a_code_are_those_of_its_paid_orders_and_link_to_them(app, owner):
    code_id = code_named(app, "KARIBU10").id
    with_code = {"discount_code_id": code_id, "discount_code": "KARIBU10", "subtotal": 3000, "discount": 300}
    states = ("paid", "paid", "awaiting", "refunded")
    order_factory.keep(app, *(order_factory.order(payment=state, total=2700, **with_code) for state in states))

    listed = page(owner)

    assert "KSh 5,400" in listed
    assert "2 paid, KSh 600 discount" in listed
    assert "/admin/?tab=all&q=KARIBU10" in [link.get("href") for link in owner.page.iter("a")]


def test_a_used_code_keeps_its_name_and_no_limit_is_lower_than_its_uses(app, owner):
    change(app, "KARIBU10", uses=7)
    address = f"/admin/discount-codes/{code_named(app, 'KARIBU10').id}"

    renamed = send(owner, address, code="KARIBU11")
    assert problems(renamed) == ["Code KARIBU10 was used already, so it can’t be renamed. Make a new code"]
    lowered = send(owner, address, code="KARIBU10", max_uses="6")
    assert problems(lowered) == ["Uses in total can’t be below 7: the code was used that often"]
    assert send(owner, address, code="KARIBU10", max_uses="7").status_code == 303
    assert code_named(app, "KARIBU10").max_uses == 7


@both_databases
def test_a_code_used_while_its_form_was_open_keeps_name_and_limit(app, owner, monkeypatch):
    code_id, save = code_named(app, "KARIBU10").id, discount_code_views._save
    address = f"/admin/discount-codes/{code_id}"

    def too_late(code, form):
        db.session.execute(update(DiscountCode).where(DiscountCode.id == code_id).values(uses=5))
        return save(code, form)

    monkeypatch.setattr(discount_code_views, "_save", too_late)
    reply = send(owner, address, code="KARIBU10", max_uses="4")

    assert reply.status_code == 422
    assert "Uses in total can’t be below 5" in reply.text
    assert code_named(app, "KARIBU10").max_uses is None


@both_databases
def test_of_two_owners_who_make_the_same_code_at_once_one_is_refused(app, owner):
    other = AdminClient(app)
    other.sign_in()
    works = []
    for user in (owner, other):
        form = {**hidden_fields(user.get(NEW).text), **ANSWERS}
        works.append(lambda user=user, form=form: user.browser.post(NEW, data=form).status_code)

    assert sorted(at_once(works)) == [303, 422]


def test_a_code_is_switched_off_and_on_and_the_second_press_says_so(app, owner, shopper, goods):
    address = f"/admin/discount-codes/{code_named(app, 'KARIBU10').id}"
    token = hidden_fields(owner.get("/admin/discount-codes").text)

    assert owner.post(f"{address}/off", token).status_code == 303
    owner.post(f"{address}/off", token)
    assert "Code KARIBU10 was off already" in page(owner)
    shopper.add()
    assert "is not known" in shopper.checkout(code="KARIBU10").text
    owner.post(f"{address}/on", token)
    assert code_named(app, "KARIBU10").active
    assert goods.acts()[-2:] == ["Switched discount code KARIBU10 off", "Switched discount code KARIBU10 on"]


def test_a_phone_number_uses_a_code_as_often_as_its_limit_says(app, shopper):
    change(app, "KARIBU10", max_uses_per_buyer=1)
    shopper.buy(code="KARIBU10")
    shopper.add()

    def try_when_the_first_order_is(payment):
        with app.app_context():
            db.session.execute(update(Order).values(payment=payment))
            db.session.commit()
        return shopper.checkout(code="KARIBU10")

    held = "Discount code KARIBU10 is held by an unpaid order with this phone number"
    used = "Discount code KARIBU10 has been used with this phone number already. Remove it to go on"
    assert held in try_when_the_first_order_is("awaiting").text
    assert used in try_when_the_first_order_is("paid").text
    assert try_when_the_first_order_is("expired").status_code == 303


@both_databases
def test_of_simultaneous_orders_of_one_phone_number_one_uses_the_code(app, provider):
    change(app, "KARIBU10", max_uses_per_buyer=1)
    works = []
    for buyer in [Shopper(app, provider) for _ in range(4)]:
        buyer.add()
        form = buyer.fill_checkout(code="KARIBU10")
        form |= hidden_fields(buyer.post("/checkout", form).text)
        works.append(lambda buyer=buyer, form=form: buyer.post("/checkout", form).status_code)

    assert at_once(works).count(303) == 1
    assert code_named(app, "KARIBU10").uses == 1


def test_the_list_is_paged(app, owner):
    with app.app_context():
        db.session.add_all(DiscountCode(code=f"MANY{n:03}", kind="fixed", value=100) for n in range(60))
        db.session.commit()

    listed = page(owner)
    assert "MANY059" in listed and "MANY000" not in listed
    assert "MANY000" in page(owner, "/admin/discount-codes?page=3")
    assert page(owner, "/admin/discount-codes?page=99999999") == page(owner, "/admin/discount-codes?page=3")
