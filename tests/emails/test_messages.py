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
from shop.payments.settled_status import RECEIPTS
from shop.store.settings import store_settings_row
from tests import both_databases
from tests.emails.smtp_server import settings_for
from tests.page_checks import CANARY
from tests.shopper import SKU, Shopper, hidden_fields


@pytest.fixture
def settings(settings, office):
    """A shop with a mail server."""
    return {**settings, **settings_for(office.port)}


@pytest.fixture
def sent(app, office):
    """A function that sends all emails that are due, and returns them by subject."""

    def send():
        before = len(office.letters)
        with app.app_context():
            send_due(app.config["SETTINGS"], utcnow())
        return {str(letter["Subject"]): letter for letter in office.letters[before:]}

    return send


def order_of(app):
    with app.app_context():
        return db.session.scalars(select(Order).order_by(Order.id.desc())).first()


def page_of(shopper, app):
    return shopper.get(f"/orders/{order_of(app).token}").text


def links_in(letter):
    return re.findall(r"https?://\S+", letter.get_content())


@both_databases
def test_each_step_of_an_order_is_emailed_once(app, shopper, sent):
    bought = shopper.buy(SKU, 2, note="Ring twice")
    number, link = order_of(app).number, f"http://localhost{bought.order_path}"

    letters = sent()
    assert list(letters) == [f"Your order {number}"]
    placed = letters[f"Your order {number}"].get_content()
    lines = "2 x Classic sisal kiondo (Terracotta bands): KSh 4,900"
    for words in ("Hello Wanjiru Test,", lines, "Total: KSh 5,100", link):
        assert words in placed
    assert sent() == {}

    for _ in range(2):
        bought.post_callback(bought.failure())
    [(subject, failed)] = sent().items()
    assert subject == f"The payment for your order {number} did not go through"
    for words in ("You have not been charged", link):
        assert words in failed.get_content()

    for _ in range(3):
        bought.post_callback(bought.callback())
    letters = sent()
    assert set(letters) == {f"Receipt for your order {number}", f"New paid order {number}"}
    assert "we have received KSh 5,100" in letters[f"Receipt for your order {number}"].get_content()
    notice = letters[f"New paid order {number}"]
    assert notice["To"] == "merchant@example.com"
    for words in ("Wanjiru Test, 0712 345 678", "> Ring twice", f"http://localhost/admin/orders/{number}"):
        assert words in notice.get_content()
    assert sent() == {}


def test_a_failure_with_an_unknown_result_is_not_emailed_as_not_charged(app, shopper, sent):
    bought = shopper.buy()
    order = order_of(app)
    sent()
    bought.post_callback(bought.failure(message="Unable to lock subscriber, a transaction is already in process"))

    words = sent()[f"The payment for your order {order.number} was not confirmed"].get_content()
    assert "not been charged" not in words
    assert "We do not know whether money has left your account." in words
    assert "Do not pay again before " in words
    assert f"Your order is kept for you until {nairobi(order.expires_at)}" in words


def test_a_receipt_reads_like_one(app, shopper, sent):
    bought = shopper.buy(code="KARIBU10")
    bought.post_callback(bought.callback())
    order = order_of(app)

    words = sent()[f"Receipt for your order {order.number}"].get_content()
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

It goes to Nairobi CBD, Near the stage, blue gate: by {order.deliver_by:%a %-d %b}.

See your order:
http://localhost/orders/{order.token}

Mkono "& Co"
http://localhost
Phone: +254700000000
"""
    )


def test_an_order_that_costs_nothing_gets_its_receipt_at_once(app, shopper, sent):
    shopper.add()
    shopper.checkout(area="pickup", code="ZAWADI", location="")

    letters, number = sent(), order_of(app).number
    assert set(letters) == {f"Receipt for your order {number}", f"New paid order {number}"}
    for words in ("There is nothing to pay", "Pick it up at our workshop: ready by "):
        assert words in letters[f"Receipt for your order {number}"].get_content()


def test_an_email_is_plain_text_from_the_shop_to_one_recipient(shopper, sent, office):
    shopper.buy()

    [letter] = sent().values()
    assert (letter.get_content_type(), letter.is_multipart()) == ("text/plain", False)
    [sender] = letter["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Mkono "& Co"', "shop@example.com")
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
def test_text_of_a_buyer_never_becomes_a_header_markup_or_a_link(shopper, sent, office, name):
    bought = shopper.buy(full_name=name, note=name)
    bought.post_callback(bought.callback())

    letters = sent()
    assert len(letters) == 3
    for letter in letters.values():
        assert (letter["Bcc"], letter.get_content_type()) == (None, "text/plain")
        assert "Wanjir" not in letter["Subject"]
        assert " ".join(name.split()) in letter.get_content()
        assert {re.sub("/.*", "", link.removeprefix("http://")) for link in links_in(letter)} == {"localhost"}
    assert {address for each in office.recipients for address in each} == {"buyer@example.com", "merchant@example.com"}


def test_links_come_from_the_settings_and_never_from_the_request(shopper, sent):
    shopper.add()
    form = shopper.fill_checkout()
    for _ in range(2):
        reply = shopper.post("/checkout", form, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        form |= hidden_fields(reply.text)
    shopper.checkout()

    letters = sent()
    assert letters
    for letter in letters.values():
        assert "evil" not in letter.as_string()
        assert links_in(letter)


def test_an_order_that_was_not_placed_sends_nothing(shopper, sent, ledger, monkeypatch):
    shopper.add()

    def refuse(*_arguments):
        raise RuntimeError

    monkeypatch.setattr("shop.checkout.submission.new_attempt", refuse)
    assert shopper.checkout().status_code == 500

    assert sent() == {}
    assert (ledger.count(OutboxEmail), ledger.count(Order)) == (0, 0)


def test_without_a_merchants_address_only_buyers_get_emails(settings, provider, office):
    app = create_app({**settings, "SHOP_EMAIL": ""})
    bought = Shopper(app, provider).buy()
    bought.post_callback(bought.callback())
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())

    assert {(str(letter["To"]), letter["Reply-To"]) for letter in office.letters} == {("buyer@example.com", None)}


@pytest.mark.parametrize("refused", [False, True])
def test_the_order_page_says_what_became_of_the_receipt(app, owner, shopper, sent, office, refused):
    bought = shopper.buy()
    sent()
    office.refused = {"buyer@example.com"} if refused else set()
    bought.post_callback(bought.callback())
    assert "We will email the receipt to you." in page_of(shopper, app)

    sent()

    number = order_of(app).number
    in_admin = owner.get(f"/admin/orders/{number}").text
    assert ("We sent the receipt to your email." in page_of(shopper, app)) is not refused
    assert ("The receipt could not be emailed to you." in page_of(shopper, app)) is refused
    assert ("The receipt could not be emailed: buyer@example.com" in in_admin) is refused
    assert (f"The email “Receipt for your order {number}” to buyer@example.com was not sent." in in_admin) is refused


def test_without_a_mail_server_no_page_mentions_an_email(settings, provider):
    app = create_app({**settings, "SMTP_HOST": ""})
    shopper = Shopper(app, provider)
    bought = shopper.buy()
    bought.post_callback(bought.callback())
    before = page_of(shopper, app)
    with app.app_context():
        assert send_due(app.config["SETTINGS"], utcnow()) == 3
        assert {email.kept_as_file for email in db.session.scalars(select(OutboxEmail))} == {True}

    for page in (before, page_of(shopper, app)):
        assert page.count("This page is your receipt. Print it, or keep its link.") == 1
        assert not any(words in page for words in RECEIPTS.values())


def test_a_payment_with_a_problem_is_emailed_to_the_owner_once(app, shopper, sent):
    bought = shopper.buy()
    number = order_of(app).number
    sent()
    for _ in range(3):
        bought.post_callback(bought.callback(amount=1))
    [(subject, doubtful)] = sent().items()
    assert (subject, doubtful["To"]) == (f"Order {number}: check its payment", "merchant@example.com")
    for words in (
        f"Do not send anything for order {number} yet.",
        "The amount paid is not the amount requested, so a person must decide.",
        f"http://localhost/admin/orders/{number}",
    ):
        assert words in doubtful.get_content()

    with app.app_context():
        write(lambda: db.session.execute(update(PaymentAttempt).values(secret_hash="0" * 64)))
    for _ in range(2):
        bought.post_callback(bought.callback())
    [(subject, unmatched)] = sent().items()
    assert subject == "A payment without an order"
    assert "belongs to no order here: KSh " in unmatched.get_content()


def test_the_email_of_an_order_above_the_verification_threshold_says_to_verify_it_first(app, shopper, sent):
    with app.app_context():
        write(lambda: setattr(store_settings_row(), "verification_threshold", 1_000))
    bought = shopper.buy()
    bought.post_callback(bought.callback())

    subject = f"New paid order {order_of(app).number}: verify the payment first"
    assert "Verify the payment first" in sent()[subject].get_content()
