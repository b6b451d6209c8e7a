"""Which event causes which email, what it says, and what it never contains."""

import re

import pytest
from sqlalchemy import select, update

from shop import create_app
from shop.core.clock import nairobi, utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from shop.payments.status_page import RECEIPTS
from shop.store.settings import store_settings_row
from tests import both_databases
from tests.admin_client import AdminClient, create_owner
from tests.emails.smtp_server import settings_for
from tests.page_checks import CANARY
from tests.shopper import SKU, Shopper, hidden_fields


@pytest.fixture
def settings(settings, office):
    """A shop that posts to a real server."""
    return {**settings, **settings_for(office.port)}


@pytest.fixture
def post(app, office):
    """Send all mail that is due; the letters that came of it, by subject."""

    def send():
        before = len(office.letters)
        with app.app_context():
            send_due(app.config["SETTINGS"], utcnow())
        return {str(letter["Subject"]): letter for letter in office.letters[before:]}

    return send


def order_of(app):
    with app.app_context():
        return db.session.scalars(select(Order).order_by(Order.id.desc())).first()


def links_in(letter):
    return re.findall(r"https?://\S+", letter.get_content())


@both_databases
def test_each_step_of_an_order_is_emailed_once(app, shopper, post):
    bought = shopper.buy(SKU, 2, note="Ring twice")
    order = order_of(app)
    page = f"http://localhost/orders/{order.token}"

    letters = post()
    assert list(letters) == [f"Your order {order.number}"]
    placed = letters[f"Your order {order.number}"].get_content()
    for words in (
        "Hello Wanjiru Test,",
        "2 x Classic sisal kiondo (Terracotta bands): KSh 4,900",
        "Total: KSh 5,100",
        page,
    ):
        assert words in placed
    assert post() == {}

    bought.post_callback(bought.failure())
    bought.post_callback(bought.failure())
    letters = post()
    assert list(letters) == [f"The payment for your order {order.number} did not go through"]
    failed = next(iter(letters.values())).get_content()
    assert "You have not been charged" in failed
    assert page in failed

    for _ in range(3):
        bought.post_callback(bought.callback())
    letters = post()
    assert set(letters) == {f"Receipt for your order {order.number}", f"New paid order {order.number}"}
    receipt = letters[f"Receipt for your order {order.number}"].get_content()
    for words in ("we have received KSh 5,100", "Delivery (Nairobi CBD): KSh 200", "Near the stage, blue gate", page):
        assert words in receipt
    notice = letters[f"New paid order {order.number}"]
    assert notice["To"] == "merchant@example.com"
    for words in ("Wanjiru Test, 0712 345 678", "> Ring twice", f"http://localhost/admin/orders/{order.number}"):
        assert words in notice.get_content()
    assert post() == {}


def test_a_failure_with_an_unknown_result_is_not_emailed_as_not_charged(app, shopper, post):
    bought = shopper.buy()
    order = order_of(app)
    post()
    bought.post_callback(bought.failure(message="Unable to lock subscriber, a transaction is already in process"))

    mail = post()[f"The payment for your order {order.number} was not confirmed"].get_content()
    assert "not been charged" not in mail
    assert "We do not know whether money has left your account." in mail
    assert "Do not pay again before " in mail
    assert f"Your order is kept for you until {nairobi(order.expires_at)}" in mail


def test_a_receipt_reads_like_one(app, shopper, post):
    bought = shopper.buy(code="KARIBU10")
    bought.post_callback(bought.callback())
    order = order_of(app)

    words = post()[f"Receipt for your order {order.number}"].get_content()
    assert (
        words.replace("\r\n", "\n")
        == f"""Hello Wanjiru Test,

we have received KSh 2,405. This is your receipt for order {order.number}:

1 x Classic sisal kiondo (Terracotta bands): KSh 2,450
Subtotal: KSh 2,450
Discount KARIBU10: -KSh 245
Delivery (Nairobi CBD): KSh 200
Total: KSh 2,405
Received: KSh 2,405

It goes to Nairobi CBD, Near the stage, blue gate: 1 day.

See your order:
http://localhost/orders/{order.token}

Mkono "& Co"
http://localhost
Phone: +254700000000
"""
    )


def test_a_lost_link_is_sent_to_the_address_of_the_order_once_an_hour(app, shopper, post):
    shopper.buy()
    post()
    order = order_of(app)
    form = {"order_number": order.number, "phone_number": "+254 712 345 678"}
    csrf = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shopper.get("/orders/find").text)
    for _ in range(3):
        shopper.post("/orders/find", {**form, "csrf_token": csrf[1]})

    letters = post()
    assert list(letters) == [f"The link to your order {order.number}"]
    [letter] = letters.values()
    assert letter["To"] == "buyer@example.com"
    assert f"http://localhost/orders/{order.token}" in letter.get_content()


def test_an_order_that_costs_nothing_gets_its_receipt_at_once(app, shopper, post):
    shopper.add()
    shopper.checkout(area="pickup", code="ZAWADI", location="")

    letters = post()
    order = order_of(app)
    assert set(letters) == {f"Receipt for your order {order.number}", f"New paid order {order.number}"}
    words = letters[f"Receipt for your order {order.number}"].get_content()
    assert "There is nothing to pay" in words
    assert "Pick it up at our workshop: ready in 1 day." in words


def test_an_email_is_plain_text_from_the_shop_to_one_recipient(app, shopper, post, office):
    shopper.buy()

    [letter] = post().values()
    assert letter.get_content_type() == "text/plain"
    assert not letter.is_multipart()
    assert letter["From"].addresses[0].display_name == 'Mkono "& Co"'
    assert letter["From"].addresses[0].addr_spec == "shop@example.com"
    assert (letter["To"], letter["Reply-To"]) == ("buyer@example.com", "merchant@example.com")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f]{32}@localhost>", letter["Message-ID"])
    assert office.recipients == [["buyer@example.com"]]


@pytest.mark.parametrize(
    "name",
    [
        f"Wanjiru {CANARY}",
        "Wanjiru\r\nBcc: everybody@example\r\n\r\n<h1>Win</h1>",
        "Wanjiru {{ shop_url }} {% raw %} %s {0}",
        "Wanjirũ 🧺 =?utf-8?q?x?=",
    ],
)
def test_text_of_a_buyer_never_becomes_a_header_markup_or_a_link(shopper, post, office, name):
    bought = shopper.buy(full_name=name, note=name)
    bought.post_callback(bought.callback())

    letters = post()
    assert len(letters) == 3
    for letter in letters.values():
        assert letter["Bcc"] is None
        assert letter.get_content_type() == "text/plain"
        assert "Wanjir" not in letter["Subject"]
        assert " ".join(name.split()) in letter.get_content()
        assert {re.sub("/.*", "", link.removeprefix("http://")) for link in links_in(letter)} == {"localhost"}
    assert {address for each in office.recipients for address in each} == {"buyer@example.com", "merchant@example.com"}


def test_links_come_from_the_settings_and_never_from_the_request(app, shopper, post):
    shopper.add()
    form = shopper.fill_checkout()
    for _ in range(2):
        reply = shopper.post("/checkout", form, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        form |= hidden_fields(reply.text)
    shopper.checkout()

    letters = post()
    assert letters
    for letter in letters.values():
        assert "evil" not in letter.as_string()
        assert links_in(letter)


@both_databases
def test_an_order_that_was_not_placed_sends_nothing(app, shopper, post, monkeypatch):
    """The mail is written in the transaction of the order, and lost with it."""
    shopper.add()

    def refuse(*_arguments):
        raise RuntimeError

    monkeypatch.setattr("shop.checkout.submission.new_attempt", refuse)
    assert shopper.checkout().status_code == 500

    assert post() == {}
    with app.app_context():
        assert db.session.scalars(select(OutboxEmail)).all() == []
        assert db.session.scalars(select(Order)).all() == []


def test_without_a_merchants_address_only_buyers_are_written_to(settings, provider, office):
    app = create_app({**settings, "SHOP_EMAIL": ""})
    bought = Shopper(app, provider).buy()
    bought.post_callback(bought.callback())
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())

    assert {str(letter["To"]) for letter in office.letters} == {"buyer@example.com"}
    assert all(letter["Reply-To"] is None for letter in office.letters)


def page_of(shopper, app):
    return shopper.get(f"/orders/{order_of(app).token}").text


@both_databases
def test_the_order_page_says_the_receipt_was_sent_only_once_it_was(app, shopper, post, office):
    bought = shopper.buy()
    bought.post_callback(bought.callback())
    assert "We will email the receipt to you." in page_of(shopper, app)

    post()

    assert "We sent the receipt to your email." in page_of(shopper, app)


def test_a_refused_receipt_is_shown_on_the_order_to_its_buyer_and_the_merchant(app, shopper, post, office, provider):
    create_owner(app)
    owner = AdminClient(app, provider)
    owner.sign_in()
    bought = shopper.buy()
    office.refused = {order_of(app).email}
    bought.post_callback(bought.callback())
    post()

    order = order_of(app)
    notice = owner.get(f"/admin/orders/{order.number}").text
    assert "The receipt could not be emailed to you." in page_of(shopper, app)
    assert "The receipt could not be emailed: buyer@example.com" in notice
    assert f"The email “Receipt for your order {order.number}” to buyer@example.com was not sent." in notice


def test_without_a_mail_server_no_page_mentions_an_email(settings, provider):
    app = create_app({**settings, "SMTP_HOST": ""})
    shopper = Shopper(app, provider)
    bought = shopper.buy()
    bought.post_callback(bought.callback())
    before = page_of(shopper, app)
    with app.app_context():
        assert send_due(app.config["SETTINGS"], utcnow()) == 3
        assert {mail.kept_as_file for mail in db.session.scalars(select(OutboxEmail))} == {True}

    for page in (before, page_of(shopper, app)):
        assert page.count("This page is your receipt. Print it, or keep its link.") == 1
        assert not any(words in page for words in RECEIPTS.values())


@both_databases
def test_a_doubtful_payment_is_emailed_to_the_owner_once_for_each_reason(app, shopper, post):
    bought = shopper.buy()
    number = order_of(app).number
    post()

    for _ in range(3):
        bought.post_callback(bought.callback(amount=1))
    letters = post()

    assert list(letters) == [f"Order {number}: check its payment"]
    words = letters[f"Order {number}: check its payment"]
    assert words["To"] == "merchant@example.com"
    assert f"Do not send anything for order {number} yet." in words.get_content()
    assert "The amount paid is not the amount requested, so a person must decide." in words.get_content()
    assert f"http://localhost/admin/orders/{number}" in words.get_content()


@both_databases
def test_a_payment_without_an_order_is_emailed_to_the_owner(app, shopper, post):
    bought = shopper.buy()
    with app.app_context():
        write(lambda: db.session.execute(update(PaymentAttempt).values(secret_hash="0" * 64)))
    post()

    bought.post_callback(bought.callback())
    bought.post_callback(bought.callback())

    [(subject, words)] = post().items()
    assert subject == "A payment without an order"
    assert "belongs to no order here: KSh " in words.get_content()


def test_the_email_of_an_order_above_the_verification_threshold_says_to_verify_it_first(app, shopper, post):
    with app.app_context():
        write(lambda: setattr(store_settings_row(), "verification_threshold", 1_000))
    bought = shopper.buy()
    bought.post_callback(bought.callback())
    number = order_of(app).number

    letters = post()

    assert "Verify the payment first" in letters[f"New paid order {number}: verify the payment first"].get_content()
