"""Who may buy: without an email address, with a foreign number, for another receiver, with kept details."""

import pytest

from shop.admin.orders import csv_export
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.payments.chpter_contact import ChpterContact, contact_to_send
from tests.admin.orders.order_pages import listed_numbers
from tests.shopper import Shopper, hidden_fields

FOREIGN = "+44 7911 123456"
RECEIVER = {"other_receiver": "1", "receiver_name": "Achieng Otieno", "receiver_phone": "0733 444 555"}
OWN = ChpterContact("254700000000", "merchant@example.com")


@pytest.mark.parametrize(
    ("of_buyer", "own", "sent"),
    [
        (("254712345678", "a@b.co"), OWN, ("254712345678", "a@b.co")),
        (("447911123456", "a@b.co"), OWN, ("254700000000", "a@b.co")),
        (("254712345678", ""), OWN, ("254712345678", "merchant@example.com")),
        (("447911123456", ""), ChpterContact("", ""), ("", "")),
    ],
)
def test_chpter_gets_the_shops_contact_only_where_the_buyer_has_none(of_buyer, own, sent):
    assert contact_to_send(*of_buyer, own) == ChpterContact(*sent)


def test_a_buyer_without_an_email_address_gets_no_email_and_is_told_to_keep_the_page(
    app, shopper, owner, provider, orders
):
    bought = shopper.buy(email="")
    bought.post_callback(bought.callback())

    assert bought.asked["customer_details"]["email"] == OWN.email
    with app.app_context():
        assert {mail.recipient for mail in db.session.query(OutboxEmail)} == {OWN.email}  # "new paid order"
    assert "You gave no email address, so keep this page" in shopper.get(bought.order_path).text
    [order] = orders()
    page = owner.get(f"/admin/orders/{order.number}").text
    assert "Chpter requires an email address, so it gets the shop’s own email address." in page
    assert "mailto:" not in page.partition("</main>")[0]


def test_a_foreign_number_is_asked_about_once_and_pays_by_card(shopper, owner, orders):
    shopper.add()
    form = shopper.fill_checkout(phone_number=FOREIGN)
    reply = shopper.post("/checkout", form)
    assert f"M-PESA needs a Kenyan number. With {FOREIGN} you can pay by card only" in reply.text
    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303

    [order] = orders()
    assert order.phone_number == "447911123456"
    assert shopper.provider.requests[-1].body["customer_details"]["phone_number"] == OWN.phone_number
    assert "Choose card on the payment page" in shopper.get(f"/orders/{order.token}").text
    page = owner.get(f"/admin/orders/{order.number}").text
    assert "Chpter requires a Kenyan number, so it gets the shop’s own phone number." in page
    for part in ("tel:+447911123456", "https://wa.me/447911123456?", FOREIGN):
        assert part in page
    for typed in (FOREIGN, "07911 123456", "123456", "0044 7911 123456"):
        assert listed_numbers(owner.get("/admin/", query_string={"tab": "all", "q": typed})) == [order.number]


class TestWithoutOwnContact:
    @pytest.fixture
    def settings(self, settings):
        return {**settings, "SHOP_EMAIL": "", "SHOP_PHONE": "+254203456789", "SHOP_WHATSAPP": "", "MAIL_FROM": ""}

    def test_a_shop_without_its_own_contact_needs_the_buyers(self, shopper, orders):
        shopper.add()
        form = shopper.fill_checkout(email="", phone_number=FOREIGN)
        assert "(optional)" not in shopper.get("/checkout").text.partition('name="email"')[0]
        page = shopper.post("/checkout", form).text

        assert page.count("Enter your email address") == 2  # in the list on top and at the field
        assert page.count("This shop takes no other numbers") == 2
        assert orders() == []


def test_a_receiver_is_named_wherever_the_order_is_packed_sent_and_searched(shopper, owner, orders):
    bought = shopper.buy(**RECEIVER)
    bought.post_callback(bought.callback())
    [order] = orders()

    assert (order.receiver_name, order.receiver_phone) == ("Achieng Otieno", "254733444555")
    assert bought.asked["customer_details"]["phone_number"] == "254712345678"
    for page in ("/admin/?tab=to-pack", "/admin/slips?slip=packing&order={}", "/admin/slips?slip=rider&order={}"):
        html = owner.get(page.format(order.number)).text
        assert "Achieng Otieno" in html and "0733 444 555" in html, page
    for typed in ("achieng", "0733444555"):
        assert listed_numbers(owner.get("/admin/", query_string={"q": typed})) == [order.number]
    assert {"Receiver", "Receiver’s phone"} < set(csv_export.HEADER)
    assert '"Achieng Otieno","0733 444 555"' in owner.get("/admin/orders/export?tab=all").text
    page = shopper.get(bought.order_path).text
    assert "Achieng Otieno" in page and "0733 444 555" not in page  # masked: the link may be forwarded


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"receiver_name": ""}, "Enter the receiver’s full name"),
        ({"receiver_name": "n" * 121}, "Receiver’s full name must be 120 characters or fewer"),
        ({"receiver_name": "claim at bit.ly/mkono"}, "Receiver’s full name must be a name, without a web address"),
        ({"receiver_phone": ""}, "Enter the receiver’s phone number"),
        ({"receiver_phone": FOREIGN}, "Receiver’s phone number must be a Kenyan mobile"),
        ({"receiver_phone": "0122 345 678"}, "Please check 0122 345 678"),
    ],
)
def test_a_receiver_is_checked_like_the_buyer_if_the_box_is_ticked(shopper, orders, typed, words):
    shopper.add()
    form = shopper.fill_checkout(**{**RECEIVER, **typed})
    assert shopper.post("/checkout", form).text.count(words) == 2

    del form["other_receiver"]
    shopper.checkout(**{name: value for name, value in form.items() if name.startswith("receiver")})
    [order] = orders()
    assert (order.receiver_name, order.receiver_phone) == ("", "")


def kept(shopper):
    return shopper.browser.get_cookie("details", path="/checkout")


def test_details_are_kept_by_choice_only_and_forgotten_by_a_button(shopper):
    shopper.buy()
    assert kept(shopper) is None

    shopper.buy(keep="1", note="Ring twice")
    cookie = kept(shopper)
    assert cookie.http_only and cookie.same_site == "Lax" and cookie.max_age == 365 * 24 * 3600
    assert "Wanjiru" not in cookie.value
    shopper.add()
    page = shopper.get("/checkout").text
    for value in ('value="Wanjiru Test"', 'value="0712 345 678"', 'value="buyer@example.com"', "blue gate"):
        assert value in page
    assert "Ring twice" not in page

    page = shopper.post("/checkout", {**hidden_fields(page), "forget": "1", "full_name": "Wanjiru Test"})
    assert page.headers["Location"] == "/checkout"
    page = shopper.get("/checkout").text
    assert kept(shopper) is None
    assert "Your details are no longer kept on this phone." in page
    assert "Wanjiru" not in page and "Forget my details" not in page


def test_a_buyer_who_removes_the_tick_is_forgotten_and_a_changed_cookie_fills_in_nothing(app, provider, shopper):
    shopper.buy(keep="1")
    value = kept(shopper).value
    shopper.buy()
    assert kept(shopper) is None

    other = Shopper(app, provider)
    other.browser.set_cookie("details", value[:-8] + "AAAAAAA=", path="/checkout")
    other.add()
    assert "Wanjiru" not in other.get("/checkout").text
