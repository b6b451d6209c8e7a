"""Draft orders for buyers who ask by phone or WhatsApp."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from shop.admin.orders import draft_order_views
from shop.catalog.models import Product, Variant
from shop.checkout import submission
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from shop.orders.expiry import expire_orders
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.admin.orders.order_pages import audited, emails, events, text_of
from tests.admin_client import STAFF
from tests.at_once import at_once
from tests.page_checks import CANARY
from tests.shopper import SKU, Bought, hidden_fields

NEW = "/admin/orders/new"
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


def form_of(staff, **answers):
    """The form with the total shown on it, as it is sent by "Make the order"."""
    answers.setdefault("area", staff.area("nairobi-cbd"))
    form = {**hidden_fields(staff.get(NEW).text), **ANSWERS, **answers}
    shown = staff.post(NEW, {**form, "show": "1"})
    return {**form, **hidden_fields(shown.text), "place": "1"}


def make(staff, **answers):
    return staff.post(NEW, form_of(staff, **answers))


def press(staff, button, value="1", **answers):
    return staff.post(NEW, {**hidden_fields(staff.get(NEW).text), **ANSWERS, **answers, button: value})


def picked(staff) -> str | None:
    """The quantity of SKU that the form holds."""
    field = staff.page.find(f".//input[@name='quantity-{SKU}']")
    return None if field is None else field.get("value")


def orders(app):
    with app.app_context():
        return list(db.session.query(Order).order_by(Order.id))


def test_an_order_is_made_held_for_a_day_and_recorded_with_who_made_it(app, staff, ledger):
    reply = make(staff, code="karibu10")

    [order] = orders(app)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/admin/orders/{order.number}/link")
    assert (order.subtotal, order.discount, order.delivery_fee, order.total) == (4900, 490, 200, 4610)
    assert (order.full_name, order.phone_number, order.email) == ("Wanjiru Test", "254712345678", "")
    assert (order.payment, order.expires_at - order.placed_at) == ("awaiting", timedelta(hours=24))
    assert (ledger.stock(SKU)[1], ledger.uses("KARIBU10")) == (2, 1)
    made = f"Made order {order.number} for the buyer: KSh 4,610"
    assert [(event.words, event.actor) for event in events(app)] == [("Order placed", ""), (made, STAFF)]
    assert audited(app) == [(STAFF, made)]
    assert (ledger.count(PaymentAttempt), ledger.count(OutboxEmail)) == (0, 0)

    with app.app_context():
        assert expire_orders(utcnow() + timedelta(hours=23)) == 0
        assert expire_orders(utcnow() + timedelta(hours=25)) == 1
    assert (ledger.stock(SKU)[1], ledger.uses("KARIBU10")) == (0, 0)


def test_the_buyer_pays_it_on_its_own_page(app, staff, shopper, provider):
    make(staff)
    address = f"/orders/{orders(app)[0].token}"
    page = shopper.get(address).text
    assert "Check your order, then pay." in page
    assert "could not be opened" not in page
    assert "Pay KSh 5,100" in page

    bought = Bought(shopper, shopper.post(f"{address}/pay", {}).headers["Location"])
    assert bought.total == 5100
    assert provider.requests[-1].body["customer_details"]["email"] == "merchant@example.com"
    bought.post_callback(bought.callback())

    assert bought.status["payment"] == "paid"
    assert "This page is your receipt." in shopper.get(address).text
    with app.app_context():
        assert [kind for (kind,) in db.session.query(OutboxEmail.kind)] == ["new_order"]


def test_the_link_goes_to_the_buyer_by_whatsapp_or_by_email(app, staff):
    staff.get(make(staff, email="buyer@example.com").headers["Location"])
    [order] = orders(app)

    [email] = emails(app, "placed")
    assert (email.recipient, order.token in email.body) == ("buyer@example.com", True)
    link = urlsplit(next(a.get("href") for a in staff.page.iter("a") if "wa.me" in a.get("href", "")))
    message = parse_qs(link.query)["text"][0]
    assert (link.netloc, link.path) == ("wa.me", "/254712345678")
    assert staff.page.find(".//textarea[@id='message']").text == message
    for words in (
        f"your order {order.number} at Mkono",
        "2 x Classic sisal kiondo (Terracotta bands): KSh 4,900",
        "Delivery (Nairobi CBD): KSh 200",
        "Total: KSh 5,100",
        f"http://localhost/orders/{order.token}",
    ):
        assert words in message, words


@both_databases
def test_the_same_form_sent_again_makes_no_second_order(app, staff, ledger):
    form = form_of(staff)

    def tab():
        """A second tab of the same browser."""
        client = app.test_client()
        client.set_cookie("session", staff.browser.get_cookie("session").value)
        return lambda: client.post(NEW, data=form)

    replies = at_once([tab() for _ in range(6)])
    replies.append(staff.post(NEW, form))

    [order] = orders(app)
    assert {(reply.status_code, reply.headers["Location"]) for reply in replies} == {
        (303, f"/admin/orders/{order.number}/link")
    }
    assert ledger.stock(SKU)[1] == 2
    assert len(audited(app)) == 1


def test_a_total_that_was_not_shown_is_shown_first(app, staff):
    form = {**hidden_fields(staff.get(NEW).text), **ANSWERS, "area": staff.area("nairobi-cbd"), "place": "1"}
    reply = staff.post(NEW, form)

    assert reply.status_code == 409
    assert "The total is KSh 5,100. If that is correct, press Make the order" in text_of(staff.page)
    assert orders(app) == []
    assert staff.post(NEW, {**form, **hidden_fields(reply.text)}).status_code == 303


@both_databases
def test_when_a_product_was_sold_out_meanwhile_nothing_is_written_and_the_form_says_so(app, staff, ledger, monkeypatch):
    form = form_of(staff, code="KARIBU10", note="Ring twice")

    def too_late(*arguments):
        ledger.put(Variant, {"sku": SKU}, on_hand=1)
        return submission.place_once(*arguments)

    monkeypatch.setattr(draft_order_views, "place_once", too_late)
    reply = staff.post(NEW, form)

    assert reply.status_code == 409
    assert "The order was not made: a product was sold out" in text_of(staff.page)
    assert "Only 1 Classic sisal kiondo (Terracotta bands) is left" in text_of(staff.page)
    assert "Ring twice" in reply.text
    assert (orders(app), ledger.stock(SKU)[1]) == ([], 0)


def test_products_are_found_by_name_variant_and_sku_and_added_one_by_one(app, staff):
    for q in ("kiondo", "TERRACOTTA", SKU.lower(), "kiondo terra"):
        assert f'value="{SKU}"' in press(staff, "find", q=q).text, q
    assert "No product on sale has all of these words" in press(staff, "find", q="zebra%_").text

    press(staff, "add", SKU, q="kiondo")
    assert picked(staff) == "3"
    assert staff.page.find(".//input[@id='full_name']").get("value") == "Wanjiru Test"
    press(staff, "remove", SKU)
    assert picked(staff) is None
    staff.get(f"{NEW}?sku={SKU}&sku=NO-SUCH&sku=%00")  # the link of a product page
    assert picked(staff) == "1"
    with app.app_context():
        write(lambda: db.session.execute(update(Product).values(status="hidden")))
    assert "No product on sale" in press(staff, "find", q=SKU, **{f"quantity-{SKU}": "0"}).text


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({f"quantity-{SKU}": "0"}, "Add at least one product: search for it, then press Add"),
        ({f"quantity-{SKU}": "x"}, "Quantity must be a whole number from 0 to 20"),
        ({f"quantity-{SKU}": "21"}, "Quantity must be a whole number from 0 to 20"),
        ({"quantity-NO-SUCH": "1"}, "A product that you added is no longer sold. It was removed"),
        ({"full_name": ""}, "Enter your full name"),
        ({"phone_number": "12"}, "Phone number must be a Kenyan mobile"),
        ({"email": "nobody"}, "Enter an email address in the correct format"),
        ({"area": "99"}, "Choose where it should go"),
        ({"location": ""}, "Enter where the rider should bring it"),
        ({"code": "NOSUCH"}, "Discount code NOSUCH is not known. Check the spelling"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_typed_is_lost(app, staff, answers, words):
    reply = make(staff, **answers)

    assert reply.status_code == 422
    assert words in text_of(staff.page)
    assert staff.page.find(".//input[@id='phone_number']").get("value") == answers.get("phone_number", "0712 345 678")
    assert orders(app) == []


def test_hostile_products_codes_and_searches_are_harmless(app, staff):
    for hostile in ("", "x" * 5000, "\x00", CANARY, "' OR 1=1", "%", "\u202egnp.exe"):
        assert make(staff, **{f"quantity-{hostile}": "1", f"quantity-{SKU}": "0"}).status_code == 422, hostile
        assert press(staff, "add", hostile, q=hostile, code=hostile).status_code == 200, hostile
    assert press(staff, "show", **{f"quantity-FORGED-{n}": "1" for n in range(100)}).status_code == 200
    assert orders(app) == []


def test_an_order_that_costs_nothing_is_paid_at_once(app, staff):
    make(staff, code="ZAWADI", area=staff.area("pickup"), location="")

    (order,) = orders(app)
    assert (order.total, order.payment) == (0, "paid")
    slip = {"slip": "receipt", "order": order.number}
    assert "Nothing to pay" in staff.get("/admin/slips", query_string=slip).text
