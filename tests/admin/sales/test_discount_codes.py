"""Discount codes: add, change, and count their sales."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.accounts.models import AuditLogEntry
from shop.core.clock import NAIROBI, midnight, utcnow
from shop.core.database import db
from shop.orders.models import Order
from shop.pricing.models import DiscountCode
from shop.web.form_fields import day_end, last_day_before
from tests import both_databases, order_factory
from tests.admin_client import DONE
from tests.at_once import at_once
from tests.page_checks import CANARY
from tests.shopper import hidden_fields

NEW = "/admin/selling/codes/new"
ANSWERS = {
    "code": "krismasi",
    "kind": "percent",
    "value": "15",
    "minimum_subtotal": "2,000",
    "starts": "",
    "until": "",
    "max_uses": "",
    "max_uses_per_buyer": "",
}
HOSTILE = ("\x00", "x" * 5000, "😀" * 50, CANARY, "9" * 400, "-1", "1e9", "٣", "0x10", " ", "2026-02-31", "' OR 1=1 --")


def send(owner, address=NEW, **answers):
    return owner.post(address, {**hidden_fields(owner.get(address).text), **ANSWERS, **answers})


def code_named(app, name):
    with app.app_context():
        return db.session.scalar(select(DiscountCode).where(DiscountCode.code == name))


def change(app, name, **values):
    with app.app_context():
        db.session.execute(update(DiscountCode).where(DiscountCode.code == name).values(**values))
        db.session.commit()


def acts(app):
    with app.app_context():
        return list(db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id)))


def page(owner, address="/admin/selling"):
    assert owner.get(address).status_code == 200
    return " ".join("".join(owner.page.find(".//main").itertext()).split())


@both_databases
def test_a_new_code_is_kept_listed_logged_and_counts_at_the_checkout(app, owner, shopper):
    today = utcnow().astimezone(NAIROBI).date()
    reply = send(owner, starts=today.isoformat(), until=today.isoformat(), max_uses="40", max_uses_per_buyer="1")

    assert (reply.status_code, reply.headers["Location"]) == (303, "/admin/selling")
    code = code_named(app, "KRISMASI")
    assert (code.kind, code.value, code.minimum_subtotal, code.max_uses, code.max_uses_per_buyer) == (
        "percent",
        15,
        2000,
        40,
        1,
    )
    assert (code.starts_at, code.expires_at) == (midnight(today), day_end(today))
    assert code.expires_at - code.starts_at == timedelta(days=1)
    said = page(owner)
    assert "KRISMASI Active 15% off from KSh 2,000" in said
    assert "0 of 40" in said
    assert acts(app)[-1].startswith("Added discount code KRISMASI: 15% off from KSh 2,000, ")
    bought = shopper.buy(quantity=2, code="krismasi")
    assert bought.total == 4900 - 735 + 200


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"code": "ab"}, "Code must be 3 to 20 letters, digits or hyphens, like KARIBU10"),
        ({"code": "KRIS<b>"}, "Code must be 3 to 20 letters, digits or hyphens, like KARIBU10"),
        ({"code": "karibu10"}, "Code KARIBU10 exists already. Choose another"),
        ({"value": "91"}, "Discount must be from 1 to 90 percent"),
        ({"value": "0"}, "Discount must be a whole number from 1 to 1,000,000"),
        ({"value": ""}, "Discount must be a whole number from 1 to 1,000,000"),
        ({"value": "12.5"}, "Discount must be a whole number from 1 to 1,000,000"),
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
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(app, owner, answers, words):
    reply = send(owner, **answers)

    assert reply.status_code == 422
    assert owner.page.findtext(".//title").startswith("Error: ")
    links = {link.text: link.get("href") for link in owner.page.findall(".//div[@class='error-summary']//a")}
    assert words in links
    assert owner.page.find(f".//*[@id='{links[words].removeprefix('#')}']") is not None
    assert owner.page.find(".//input[@id='minimum_subtotal']").get("value") == answers.get("minimum_subtotal", "2,000")
    assert code_named(app, "KRISMASI") is None


@both_databases
@pytest.mark.parametrize(
    "name", ["code", "kind", "value", "minimum_subtotal", "starts", "until", "max_uses", "max_uses_per_buyer"]
)
def test_hostile_answers_never_break_the_page(owner, name):
    for nasty in HOSTILE:
        assert send(owner, **{name: nasty}).status_code in (303, 422), nasty
    missing = {key: value for key, value in ANSWERS.items() if key != name}
    assert owner.post(NEW, {**hidden_fields(owner.get(NEW).text), **missing}).status_code in (303, 422)


def test_forged_ids_are_no_codes(owner):
    for nobody in ("0", "99999", "-1", "1%27", "x", "9" * 40, "%00", "1.0"):
        assert owner.get(f"/admin/selling/codes/{nobody}").status_code == 404, nobody
    token = hidden_fields(owner.get(NEW).text)
    assert owner.post("/admin/selling/codes/99999/off", token).status_code == 404
    assert owner.post("/admin/selling/codes/1/sideways", token).status_code == 404


def test_each_state_is_said_in_words(app, owner):
    now = utcnow()
    for name, values in {
        "OFFNOW": {"active": False},
        "OVER": {"expires_at": now - timedelta(hours=1)},
        "GONE": {"max_uses": 2, "uses": 2},
        "LATER": {"starts_at": now + timedelta(days=3)},
        "RUNS": {},
    }.items():
        with app.app_context():
            db.session.add(DiscountCode(code=name, kind="fixed", value=100, **values))
            db.session.commit()

    said = page(owner)

    for words in ("OFFNOW Off", "OVER Ended", "GONE Used up", "LATER Not started", "RUNS Active"):
        assert words in said


@both_databases
def test_what_a_code_earned_is_that_of_its_paid_orders_and_leads_to_them(app, owner):
    code_id = code_named(app, "KARIBU10").id
    common = {
        "discount_code_id": code_id,
        "discount_code": "KARIBU10",
        "subtotal": 3000,
        "discount": 300,
        "total": 2700,
    }
    paid = [order_factory.order(payment="paid", **common), order_factory.order(payment="paid", **common)]
    order_factory.keep(app, *paid, order_factory.order(**common), order_factory.order(payment="refunded", **common))

    said = page(owner)

    assert "KSh 5,400" in said
    assert "2 paid, KSh 600 discount" in said
    links = [link.get("href") for link in owner.page.iter("a")]
    assert "/admin/?tab=all&q=KARIBU10" in links


def test_a_used_code_keeps_its_name_and_no_limit_goes_below_what_is_used(app, owner):
    change(app, "KARIBU10", uses=7)
    code = code_named(app, "KARIBU10")
    address = f"/admin/selling/codes/{code.id}"

    assert send(owner, address, code="KARIBU11").status_code == 422
    assert "Code KARIBU10 was used already, so it can’t be renamed. Make a new code" in page_text(owner)
    assert send(owner, address, code="KARIBU10", max_uses="6").status_code == 422
    assert "Uses in total can’t be below 7: the code was used that often" in page_text(owner)
    assert send(owner, address, code="KARIBU10", max_uses="7").status_code == 303
    assert code_named(app, "KARIBU10").max_uses == 7


def page_text(owner):
    return " ".join("".join(owner.page.itertext()).split())


@both_databases
def test_a_code_used_while_its_form_was_open_keeps_name_and_limit(app, owner, monkeypatch):
    from shop.admin.sales import discount_code_views

    code_id, save = code_named(app, "KARIBU10").id, discount_code_views._save
    address = f"/admin/selling/codes/{code_id}"

    def too_late(code, form):
        db.session.execute(update(DiscountCode).where(DiscountCode.id == code_id).values(uses=5))
        return save(code, form)

    monkeypatch.setattr(discount_code_views, "_save", too_late)
    reply = send(owner, address, code="KARIBU10", max_uses="4")

    assert reply.status_code == 422
    assert "Uses in total can’t be below 5" in reply.text
    assert code_named(app, "KARIBU10").max_uses is None


@both_databases
def test_of_two_who_make_the_same_code_at_once_one_is_told_that_it_is_there(app, owner):
    from tests.admin_client import AdminClient

    other = AdminClient(app)
    other.sign_in()
    forms = [{**hidden_fields(each.get(NEW).text), **ANSWERS} for each in (owner, other)]

    replies = at_once(
        [lambda c=c, f=f: c.browser.post(NEW, data=f) for c, f in zip((owner, other), forms, strict=True)]
    )

    assert sorted(reply.status_code for reply in replies) == [303, 422]


def test_a_code_is_switched_off_and_on_and_the_second_press_says_so(app, owner, shopper):
    code = code_named(app, "KARIBU10")
    token = hidden_fields(owner.get("/admin/selling").text)

    assert owner.post(f"/admin/selling/codes/{code.id}/off", token).status_code == 303
    owner.post(f"/admin/selling/codes/{code.id}/off", token)
    assert "Code KARIBU10 was off already" in page(owner)
    shopper.add()
    assert "is not known" in shopper.checkout(code="KARIBU10").text
    owner.post(f"/admin/selling/codes/{code.id}/on", token)
    assert code_named(app, "KARIBU10").active
    assert acts(app) == ["Switched discount code KARIBU10 off", "Switched discount code KARIBU10 on"]


@both_databases
def test_one_phone_number_has_its_share_of_a_code_and_no_more(app, shopper):
    change(app, "KARIBU10", max_uses_per_buyer=1)
    shopper.buy(code="KARIBU10")
    shopper.add()
    reply = shopper.checkout(code="KARIBU10")

    assert "Discount code KARIBU10 is held by an unpaid order with this phone number" in reply.text
    with app.app_context():
        db.session.execute(update(Order).values(payment="paid"))
        db.session.commit()
    said = "Discount code KARIBU10 has been used with this phone number already. Remove it to go on"
    assert said in shopper.checkout(code="KARIBU10").text
    with app.app_context():
        db.session.execute(update(Order).values(payment="expired"))
        db.session.commit()
    assert shopper.checkout(code="KARIBU10").status_code == 303


@both_databases
def test_two_orders_of_one_phone_number_at_once_share_a_code_that_is_for_one(app, shopper, provider):
    from tests.shopper import Shopper

    change(app, "KARIBU10", max_uses_per_buyer=1)
    buyers = [Shopper(app, provider) for _ in range(4)]
    forms = []
    for buyer in buyers:
        buyer.add()
        form = buyer.fill_checkout(code="KARIBU10")
        seen = buyer.post("/checkout", form)
        forms.append({**form, **hidden_fields(seen.text)})

    replies = at_once([lambda b=b, f=f: b.post("/checkout", f) for b, f in zip(buyers, forms, strict=True)])

    assert [reply.status_code for reply in replies].count(303) == 1
    with app.app_context():
        assert db.session.scalar(select(DiscountCode.uses).where(DiscountCode.code == "KARIBU10")) == 1


def test_days_are_whole_days_in_nairobi():
    day = utcnow().date()

    assert midnight(day).astimezone(NAIROBI).hour == 0
    assert last_day_before(day_end(day)) == day


def test_staff_neither_see_nor_change_codes(staff, app):
    code_id = code_named(app, "KARIBU10").id
    for address in ("/admin/selling", NEW, f"/admin/selling/codes/{code_id}"):
        assert staff.get(address).status_code == 403
    token = hidden_fields(staff.get("/admin/").text)
    assert staff.post(f"/admin/selling/codes/{code_id}/off", token).status_code == 403
    assert staff.post(NEW, {**token, **ANSWERS}).status_code == 403


def test_the_list_is_paged_and_asks_no_more_for_more_codes(app, owner):
    with app.app_context():
        db.session.add_all(DiscountCode(code=f"MANY{n:03}", kind="fixed", value=100) for n in range(60))
        db.session.commit()

    assert "MANY059" in page(owner)
    assert "MANY000" not in page(owner)
    assert "MANY000" in page(owner, "/admin/selling?page=3")
    assert page(owner, "/admin/selling?page=99999999") == page(owner, "/admin/selling?page=3")
