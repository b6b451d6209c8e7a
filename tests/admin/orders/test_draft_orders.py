"""Draft orders for buyers who ask by phone or WhatsApp."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update

from shop.accounts.models import AuditLogEntry
from shop.admin.orders import draft_order_views
from shop.catalog.models import Product, Variant
from shop.checkout import submission
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.orders.expiry import expire_orders
from shop.orders.models import Order, OrderEvent
from shop.payments.models import PaymentAttempt
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.admin_client import DONE, AdminClient
from tests.faults.at_once import at_once
from tests.page_checks import CANARY
from tests.shopper import SKU, Bought, hidden_fields

NEW = "/admin/orders/new"
MUG = "MUG-SPE-CRE"
ANSWERS = {
    "full_name": "Wanjiru Test",
    "phone_number": "0712 345 678",
    "email": "",
    "location": "Blue gate",
    "note": "",
    "code": "",
    "q": "",
    f"quantity-{SKU}": "2",
}


def form_of(owner, **answers):
    """The form with the total shown on it, as it is sent by "Make the order"."""
    answers.setdefault("area", owner.area("nairobi-cbd"))
    form = {**hidden_fields(owner.get(NEW).text), **ANSWERS, **answers}
    shown = owner.post(NEW, {**form, "show": "1"})
    return {**form, **hidden_fields(shown.text), "place": "1"}


def make(owner, **answers):
    return owner.post(NEW, form_of(owner, **answers))


def press(owner, button, value="1", **answers):
    return owner.post(NEW, {**hidden_fields(owner.get(NEW).text), **ANSWERS, **answers, button: value})


def orders(app):
    with app.app_context():
        return list(db.session.scalars(select(Order).order_by(Order.id)))


def held(app, sku=SKU):
    with app.app_context():
        return db.session.scalar(select(Variant.held).where(Variant.sku == sku))


def text_of(owner):
    return " ".join("".join(owner.page.itertext()).split())


@both_databases
def test_an_order_is_made_held_for_a_day_and_signed_by_who_made_it(app, staff):
    reply = make(staff, code="karibu10")

    order = orders(app)[0]
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/admin/orders/{order.number}/link")
    assert (order.subtotal, order.discount, order.delivery_fee, order.total) == (4900, 490, 200, 4610)
    assert (order.full_name, order.phone_number, order.email) == ("Wanjiru Test", "254712345678", "")
    assert order.payment == "awaiting"
    assert order.expires_at - order.placed_at == timedelta(hours=24)
    assert held(app) == 2
    with app.app_context():
        events = db.session.execute(select(OrderEvent.words, OrderEvent.actor).order_by(OrderEvent.id)).all()
        assert events == [
            ("Order placed", ""),
            (f"Made order {order.number} for the buyer: KSh 4,610", "packer@example.com"),
        ]
        assert db.session.scalar(select(AuditLogEntry.order_id).where(DONE)) == order.id
        assert db.session.scalar(select(func.count(PaymentAttempt.id))) == 0
        assert db.session.scalar(select(func.count(OutboxEmail.id))) == 0


@both_databases
def test_the_buyer_pays_it_on_its_own_page(app, staff, shopper, provider):
    make(staff)
    order = orders(app)[0]
    page = shopper.get(f"/orders/{order.token}")
    assert "Your order is ready. Check it, then pay." in page.text
    assert "could not be opened" not in page.text
    assert "Pay KSh 5,100" in page.text

    reply = shopper.post(f"/orders/{order.token}/pay", {})
    assert reply.status_code == 303
    bought = Bought(shopper, reply.headers["Location"])
    assert bought.total == 5100
    assert provider.requests[-1].body["customer_details"]["email"] == "merchant@example.com"
    bought.post_callback(bought.callback())

    assert bought.status["payment"] == "paid"
    assert "This page is your receipt." in shopper.get(f"/orders/{order.token}").text
    with app.app_context():
        assert list(db.session.scalars(select(OutboxEmail.kind))) == ["new_order"]


def test_a_buyer_with_an_address_gets_the_link_and_the_receipt_by_mail(app, staff):
    make(staff, email="buyer@example.com")

    with app.app_context():
        mail = db.session.scalar(select(OutboxEmail))
        assert (mail.kind, mail.recipient) == ("placed", "buyer@example.com")
        assert orders(app)[0].token in mail.body


def test_the_link_page_has_a_message_for_the_buyers_whatsapp(app, staff):
    staff.get(make(staff).headers["Location"])
    order = orders(app)[0]

    link = next(a.get("href") for a in staff.page.iter("a") if "wa.me" in a.get("href", ""))
    parts = urlsplit(link)
    message = parse_qs(parts.query)["text"][0]
    assert (parts.netloc, parts.path) == ("wa.me", "/254712345678")
    for words in (
        f"your order {order.number} at Mkono",
        "2 x Classic sisal kiondo (Terracotta bands): KSh 4,900",
        "Delivery (Nairobi CBD): KSh 200",
        "Total: KSh 5,100",
        f"http://localhost/orders/{order.token}",
    ):
        assert words in message, words
    assert staff.page.find(".//textarea[@id='message']").text == message


def test_an_unpaid_one_ends_after_its_day_and_its_goods_are_free_again(app, staff):
    make(staff, code="KARIBU10")
    with app.app_context():
        assert expire_orders(utcnow() + timedelta(hours=23)) == 0
        assert expire_orders(utcnow() + timedelta(hours=25)) == 1
        assert db.session.scalar(select(DiscountCode.uses).where(DiscountCode.code == "KARIBU10")) == 0
    assert held(app) == 0


@both_databases
def test_the_same_form_sent_at_once_makes_one_order(app, staff):
    form = form_of(staff)

    replies = at_once([lambda: staff.browser.post(NEW, data=form)] * 1 + [twin(app, staff, form) for _ in range(5)])

    assert {reply.status_code for reply in replies} == {303}
    assert len({reply.headers["Location"] for reply in replies}) == 1
    assert len(orders(app)) == 1
    assert held(app) == 2
    with app.app_context():
        assert db.session.scalar(select(func.count(AuditLogEntry.id)).where(DONE)) == 1


def twin(app, owner, form):
    """The same browser's second tab: the same cookies, the same form."""
    tab = app.test_client()
    cookie = owner.browser.get_cookie("session")
    tab.set_cookie("session", cookie.value)
    return lambda: tab.post(NEW, data=form)


def test_sent_again_later_it_leads_to_the_order_made(app, staff):
    form = form_of(staff)

    first, second = staff.post(NEW, form), staff.post(NEW, form)

    assert first.headers["Location"] == second.headers["Location"]
    assert len(orders(app)) == 1


def test_a_total_that_was_not_shown_is_shown_first(app, staff):
    form = {**hidden_fields(staff.get(NEW).text), **ANSWERS, "area": staff.area("nairobi-cbd"), "place": "1"}

    reply = staff.post(NEW, form)
    assert reply.status_code == 409
    assert "The total is KSh 5,100. If that is correct, press Make the order" in text_of(staff)
    assert orders(app) == []
    assert staff.post(NEW, {**form, **hidden_fields(reply.text)}).status_code == 303


@both_databases
def test_goods_sold_a_moment_ago_are_said_and_nothing_is_written(app, staff, monkeypatch):
    form = form_of(staff, code="KARIBU10", note="Ring twice")

    def too_late(*arguments):
        with app.app_context():
            db.session.execute(update(Variant).where(Variant.sku == SKU).values(on_hand=1))
            db.session.commit()
        return submission.place_once(*arguments)

    monkeypatch.setattr(draft_order_views, "place_once", too_late)
    reply = staff.post(NEW, form)

    assert reply.status_code == 409
    assert "The order was not made: a product was sold out" in text_of(staff)
    assert "Only 1 Classic sisal kiondo (Terracotta bands) is left" in text_of(staff)
    assert "Ring twice" in reply.text
    assert (orders(app), held(app)) == ([], 0)


def test_goods_are_found_by_name_variant_and_sku_and_added_one_by_one(staff):
    for q in ("kiondo", "TERRACOTTA", SKU.lower(), "kiondo terra"):
        assert f'value="{SKU}"' in press(staff, "find", q=q).text, q
    assert "No product on sale has all of these words" in press(staff, "find", q="zebra%_").text

    reply = press(staff, "add", SKU, q="kiondo")
    assert staff.page.find(f".//input[@name='quantity-{SKU}']").get("value") == "3"
    assert staff.page.find(".//input[@id='full_name']").get("value") == "Wanjiru Test"
    assert reply.status_code == 200
    press(staff, "remove", SKU)
    assert staff.page.find(f".//input[@name='quantity-{SKU}']") is None


def test_a_link_from_a_product_begins_with_it_picked(staff):
    staff.get(f"{NEW}?sku={SKU}&sku=NO-SUCH&sku=%00")

    assert staff.page.find(f".//input[@name='quantity-{SKU}']").get("value") == "1"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({f"quantity-{SKU}": "0"}, "Add at least one product: search for it, then press Add"),
        ({f"quantity-{SKU}": "x"}, "Quantity must be a whole number from 0 to 20"),
        ({f"quantity-{SKU}": "21"}, "Quantity must be a whole number from 0 to 20"),
        ({"quantity-NO-SUCH": "1"}, "A product that you added is no longer sold. It was removed"),
        ({"full_name": ""}, "Enter your full name"),
        ({"full_name": "see www.example.com"}, "Full name must be a name, without a web address"),
        ({"phone_number": "12"}, "Phone number must be a Kenyan mobile"),
        ({"email": "nobody"}, "Enter an email address in the correct format"),
        ({"area": "99"}, "Choose where it should go"),
        ({"location": ""}, "Enter where the rider should bring it"),
        ({"note": "x" * 501}, "Note must be 500 characters or fewer"),
        ({"code": "NOSUCH"}, "Discount code NOSUCH is not known. Check the spelling"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(app, staff, answers, words):
    reply = make(staff, **answers)

    assert reply.status_code == 422
    assert words in text_of(staff)
    assert staff.page.find(".//input[@id='phone_number']").get("value") == answers.get("phone_number", "0712 345 678")
    assert orders(app) == []


@both_databases
@pytest.mark.parametrize("name", ["full_name", "phone_number", "email", "location", "note", "code", "q", "area", "add"])
def test_hostile_answers_never_break_the_page(staff, name):
    for nasty in ("\x00", "x" * 5000, "😀" * 60, CANARY, "9" * 400, "%", "\\", "\u202egnp.exe"):
        assert make(staff, **{name: nasty}).status_code in (200, 303, 422), nasty


@pytest.mark.parametrize("sku", ["", "x" * 300, "\x00", CANARY, "' OR 1=1", "quantity-"])
def test_forged_lines_are_no_goods(app, staff, sku):
    assert make(staff, **{f"quantity-{sku}": "1", f"quantity-{SKU}": "0"}).status_code == 422
    assert orders(app) == []


def test_a_hundred_forged_lines_are_cut_to_what_one_order_takes(staff):
    lines = {f"quantity-FORGED-{n}": "1" for n in range(100)}

    assert press(staff, "show", **lines).status_code in (200, 422)


def test_an_order_is_its_own_number_and_no_other_opens_a_link_page(staff):
    for number in ("1", "99999999", "x", "%00", "1" * 40, "' OR 1=1"):
        assert staff.get(f"/admin/orders/{number}/link").status_code == 404, number


def test_withdrawn_goods_are_not_found(app, staff):
    with app.app_context():
        product_id = db.session.scalar(select(Variant.product_id).where(Variant.sku == SKU))
        db.session.execute(update(Product).where(Product.id == product_id).values(active=False))
        db.session.commit()

    assert SKU not in press(staff, "find", q=SKU, **{f"quantity-{SKU}": "0"}).text.replace(f'value="{SKU}"', "", 1)


def test_an_order_that_costs_nothing_is_paid_at_once(app, staff):
    make(staff, code="ZAWADI", area=staff.area("pickup"), location="")

    assert (orders(app)[0].total, orders(app)[0].payment) == (0, "paid")


def test_a_stranger_makes_no_order(app, visitor):
    assert visitor.get(NEW).status_code == 303
    assert visitor.browser.post(NEW, data=ANSWERS).status_code == 400
    assert orders(app) == []


def test_staff_and_owner_both_find_the_way(owner, staff):
    for hand in (owner, staff):
        hand.get("/admin/")
        assert "New order" in text_of(hand)
    assert isinstance(staff, AdminClient)
    assert "Discounts" not in text_of(staff)
