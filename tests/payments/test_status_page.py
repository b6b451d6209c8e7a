"""The order page in every state of the order and its payment."""

import re
from datetime import date, timedelta
from urllib.parse import quote
from xml.etree.ElementTree import Element

import pytest
from sqlalchemy import select

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.money import shillings
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.payments import manual_payments
from shop.payments.models import AttemptState
from shop.payments.refunds import record_refund
from shop.store.settings import clear_store_cache, store_settings_row
from tests.shopper import SKU, Bought

HEADLINES = {
    "paid": "Paid. We have received",
    "review": "We are checking your payment.",
    "expired": "Order closed: no payment arrived.",
    "cancelled": "This order was cancelled.",
    "refunded": "Your payment was refunded.",
}
WAITING = {
    "creating": "We are opening the payment page.",
    "create_failed": "The payment page could not be opened.",
    "failed": "The payment was not confirmed.",
}
FORM = ".//form[@method='post']"


@pytest.fixture
def bought(shopper):
    return shopper.buy()


def words(page: Element) -> str:
    return " ".join("".join(page.itertext()).split())


def write_in(app, work) -> None:
    with app.app_context():
        write(work)


def set_shop(**fields: str) -> None:
    for name, value in fields.items():
        setattr(store_settings_row(), name, value)
    clear_store_cache()


def pay_forms(page: Element) -> list[str]:
    return [form.get("action") for form in page.findall(FORM) if form.get("action", "").endswith("/pay")]


@pytest.mark.parametrize("payment", Payment)
def test_every_state_has_its_sentence_and_a_way_to_pay_only_while_it_can_be_paid(shopper, bought, ledger, payment):
    for attempt in AttemptState:
        ledger.put_order(bought, payment=payment)
        ledger.put_attempt(bought, state=attempt, created_at=utcnow())

        reply = shopper.get(bought.order_path)

        headline = HEADLINES.get(payment) or WAITING.get(attempt, "Waiting for your payment.")
        assert shopper.page.findtext(".//h1").startswith(headline), attempt
        assert pay_forms(shopper.page) == ([f"{bought.order_path}/pay"] if payment == "awaiting" else []), attempt
        waits = payment == "expired" or (payment == "awaiting" and attempt != "create_failed")
        assert ("data-status-url" in reply.text) == waits, attempt
        shown = [element.get("data-state") for element in shopper.page.iter() if element.get("data-state")]
        assert shown == ([bought.status_json["state"]] if waits else []), attempt
        assert ("rder again</button>" in reply.text) == (payment in ("expired", "cancelled", "refunded"))
        assert ("Change this order" in reply.text) == (payment == "awaiting")
        assert ("Paid" in shopper.page.findtext(".//title")) == (payment == "paid")
        assert bought.status == {"payment": payment, "attempt": attempt, "fulfilment": "unfulfilled"}


@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_a_paid_order_shows_its_fulfilment(shopper, bought, ledger, fulfilment):
    bought.post_callback(bought.callback())
    ledger.put_order(bought, fulfilment=fulfilment)
    shopper.get(bought.order_path)

    expected = {
        "unfulfilled": "Paid. We have received",
        "packed": "Your order is packed.",
        "sent": "Your order is on its way.",
        "delivered": "Your order has been delivered.",
        "collected": "Your order has been collected.",
    }
    assert shopper.page.findtext(".//h1").startswith(expected[fulfilment])
    assert "This page is your receipt" in words(shopper.page)


def test_the_delivery_date_counts_from_a_payment_now_until_the_order_is_paid(shopper, bought, ledger):
    shopper.get(bought.order_path)
    assert re.search(r"Nairobi CBD ?By \w{3} \d+ \w{3} if it is paid now", words(shopper.page))

    bought.post_callback(bought.callback())
    ledger.put_order(bought, deliver_from=date(2026, 12, 1), deliver_by=date(2026, 12, 2))
    shopper.get(bought.order_path)
    assert "It goes to Nairobi CBD: between Tue 1 and Wed 2 Dec." in words(shopper.page)
    assert "if it is paid now" not in words(shopper.page)

    ledger.put_order(bought, payment="refunded")
    shopper.get(bought.order_path)
    assert "Wed 2 Dec" not in words(shopper.page)  # nothing will arrive


def test_while_a_payment_may_arrive_the_buyer_is_not_told_to_pay_again(shopper, bought, ledger):
    shopper.get(bought.order_path)
    before = words(shopper.page)
    shopper.get(f"{bought.order_path}?from=payment")
    shopper.get(bought.order_path)

    for page in (before, words(shopper.page)):
        assert "Do not pay again." in page
    assert "No news of your payment yet." in words(shopper.page)


def test_a_page_that_could_not_be_opened_does_not_hide_an_earlier_payment_page(shopper, bought, ledger, provider):
    ledger.put_attempt(bought, created_at=utcnow() - timedelta(minutes=5))
    provider.behaviour = "http_500"
    assert shopper.post(f"{bought.order_path}/pay", {}).headers["Location"] == bought.order_path
    assert ledger.order_state(bought).attempt == "superseded"

    reply = shopper.get(bought.order_path)

    assert "othing has been paid" not in words(shopper.page)
    assert "Do not pay again." in words(shopper.page)
    assert pay_forms(shopper.page)
    assert "data-status-url" in reply.text
    bought.post_callback(bought.callback())
    assert bought.status["payment"] == "paid"


def test_a_later_failure_does_not_hide_an_earlier_payment_page(shopper, bought, ledger):
    ledger.put_attempt(bought, created_at=utcnow() - timedelta(minutes=5))
    second = Bought(shopper, shopper.post(f"{bought.order_path}/pay", {}).headers["Location"])
    second.post_callback(second.failure())
    shopper.get(bought.order_path)

    assert "The payment did not go through." in words(shopper.page)
    assert "You have not been charged for this try." in words(shopper.page)
    assert "Do not pay again." in words(shopper.page)


def test_an_attempt_left_in_creating_can_be_tried_again(shopper, bought, ledger):
    ledger.put_attempt(bought, state="creating", created_at=utcnow() - timedelta(seconds=13))
    shopper.get(bought.order_path)

    assert "The payment page could not be opened." in words(shopper.page)
    assert shopper.post(f"{bought.order_path}/pay", {}).headers["Location"].startswith("http://127.0.0.1")


def test_a_failure_is_explained_in_plain_words_and_not_in_those_of_the_provider(shopper, bought):
    bought.post_callback(bought.failure(message="<b>provider-text</b> {{7*7}}"))
    reply = shopper.get(bought.order_path)

    assert "M-PESA did not say why." in words(shopper.page)
    assert "provider-text" not in reply.text
    banner = shopper.page.find(".//section[@aria-labelledby='status-title']")
    sentences = ["".join(line.itertext()).strip() for line in banner.iter() if line.tag in ("h1", "p")]
    assert len(sentences) == len(set(sentences))


def test_not_charged_is_said_only_where_the_result_proves_it(shopper, bought, ledger):
    bought.post_callback(bought.failure(message="Insufficient funds"))
    shopper.get(bought.order_path)

    assert "The M-PESA balance was too low." in words(shopper.page)
    assert "You have not been charged. You can try again." in words(shopper.page)
    assert "Do not pay again" not in words(shopper.page)
    assert bought.status_json["failure"] == {
        "reason": "insufficient_funds",
        "category": "account",
        "charged": "no",
        "safe_to_pay_again": "yes",
    }


def test_after_a_failure_with_an_unknown_result_the_buyer_is_asked_to_wait_ten_minutes(shopper, bought, ledger):
    bought.post_callback(bought.failure(message="Internal Error"))
    waiting = shopper.get(bought.order_path).text
    status, text = bought.status_json, words(shopper.page)

    assert "The payment was not confirmed." in text
    assert "not been charged" not in text
    assert "We do not know whether money has left your account." in text
    assert "Do not pay again yet. Wait until" in text
    assert (status["failure"]["charged"], status["failure"]["safe_to_pay_again"]) == ("unknown", "not yet")
    assert f'data-state="{status["state"]}"' in waiting

    ledger.put_attempt(bought, failed_at=utcnow() - timedelta(minutes=11))
    shopper.get(bought.order_path)

    assert "Do not pay again" not in words(shopper.page)
    assert "You may pay again: if both payments arrive, we refund one." in words(shopper.page)
    assert bought.status_json["failure"]["safe_to_pay_again"] == "yes"
    assert bought.status_json["state"] != status["state"], "the waiting page reloads"


def test_the_page_shows_until_when_the_order_is_kept(shopper, bought, ledger):
    ledger.put_order(bought, expires_at=utcnow() + timedelta(days=1))
    shopper.get(bought.order_path)
    assert "We keep your order for you until " in words(shopper.page)

    ledger.expire(timedelta(days=2))
    shopper.get(bought.order_path)
    assert "We keep your order" not in words(shopper.page)


@pytest.mark.parametrize(
    ("attempt", "detail"),
    [
        ({}, "If you have paid, it still counts"),
        ({"state": "create_failed", "checkout_link": None}, "Nothing has been paid."),
    ],
)
def test_an_expired_order_says_whether_it_may_have_been_paid(shopper, bought, ledger, attempt, detail):
    ledger.put_attempt(bought, **attempt)
    ledger.expire()
    shopper.get(bought.order_path)

    assert "Order closed: no payment arrived." in words(shopper.page)
    assert detail in words(shopper.page)
    assert "Do not pay again" not in words(shopper.page)


def test_a_second_click_gets_the_page_that_is_open_and_a_later_one_a_new_page(shopper, bought, ledger, provider):
    assert shopper.post(f"{bought.order_path}/pay", {}).headers["Location"] == bought.link
    assert len(provider.requests) == 1
    ledger.put_attempt(bought, created_at=utcnow() - timedelta(seconds=11))

    fresh = Bought(shopper, shopper.post(f"{bought.order_path}/pay", {}).headers["Location"])

    assert fresh.reference != bought.reference
    assert fresh.callback_path != bought.callback_path
    assert ledger.order_state(bought).attempt == "superseded"


@pytest.mark.parametrize("payment", [state for state in Payment if state != "awaiting"])
def test_an_order_that_cannot_be_paid_asks_chpter_for_nothing(shopper, bought, ledger, provider, payment):
    ledger.put_order(bought, payment=payment)
    ledger.put_attempt(bought, created_at=utcnow() - timedelta(seconds=11))  # not a second click

    assert shopper.post(f"{bought.order_path}/pay", {}).headers["Location"] == bought.order_path
    assert len(provider.requests) == 1


def test_the_page_with_the_code_form_does_not_reload(shopper, bought, ledger):
    page = shopper.get(bought.order_path).text
    assert 'http-equiv="refresh"' in page
    assert 'name="code"' not in page

    assert f'href="{bought.order_path}/code#code"' in page
    typing = shopper.get(f"{bought.order_path}/code").text
    assert 'name="code"' in typing
    assert 'http-equiv="refresh"' not in typing
    wrong = shopper.post(f"{bought.order_path}/code", {"code": "SKA1"})
    assert wrong.status_code == 422
    assert 'value="SKA1"' in wrong.text
    assert 'http-equiv="refresh"' not in wrong.text


def test_without_javascript_the_page_reloads_less_and_less_often_and_stops(shopper, bought):
    waits, address = [], bought.order_path
    while found := re.search(r'content="(\d+); url=([^"]+)"', shopper.get(address).text):
        waits.append(int(found[1]))
        address = found[2]

    assert waits == sorted(waits)
    assert 15 * 60 <= sum(waits) <= 60 * 60
    assert "This page no longer reloads." in words(shopper.page)


@pytest.mark.parametrize(
    ("difference", "detail"), [(-150, "KSh 150 is missing."), (150, "KSh 150 too much. We will refund the difference.")]
)
def test_a_payment_in_review_shows_the_amount_reported_and_the_difference(shopper, bought, difference, detail):
    bought.post_callback(bought.callback(amount=bought.total + difference))
    shopper.get(bought.order_path)

    reported = f"{shillings(bought.total + difference)} of {shillings(bought.total)} was reported as paid, {detail}"
    assert reported in words(shopper.page)
    assert "usually within one working day" in words(shopper.page)
    assert ", paid " not in words(shopper.page), "it has no date of payment"


def test_an_order_on_its_way_says_first_who_brings_it_and_how_to_call_them(shopper, bought, ledger, app):
    bought.post_callback(bought.callback())
    ledger.put_order(bought, fulfilment="sent")
    with app.app_context():
        order = db.session.scalars(select(Order)).one()
        message = "Your rider is Otieno, 0711 222 333. <b>He</b> comes after 10"
        write(lambda: order.record(message, for_buyer=True, note=True))
    shopper.get(bought.order_path)

    banner = shopper.page.find(".//section[@aria-labelledby='status-title']")
    assert "Your rider is Otieno, 0711 222 333. <b>He</b> comes after 10" in words(banner)
    call, write_to = [link.get("href") for link in banner.iter("a")][:2]
    assert call == "tel:+254711222333"
    assert write_to.startswith("https://wa.me/254711222333?text=Hello")
    assert "do not pay the rider" in words(banner)

    ledger.put_order(bought, fulfilment="delivered", fulfilment_changed_at=utcnow())
    shopper.get(bought.order_path)
    assert "Otieno" not in words(shopper.page.find(".//section[@aria-labelledby='status-title']"))


def test_an_order_that_is_ready_says_where_it_is(shopper, ledger, app):
    shopper.add(SKU)
    bought = Bought(shopper, shopper.checkout(area="pickup").headers["Location"])
    bought.post_callback(bought.callback())
    ledger.put_order(bought, fulfilment="packed", collection_code="1234", pickup_place="Kimathi Street 5, 9 to 5")
    shopper.get(bought.order_path)

    assert "Come to Kimathi Street 5, 9 to 5." in words(shopper.page)


def test_without_a_place_of_its_own_a_pickup_is_at_the_shops_address_in_its_hours(shopper, app, ledger):
    write_in(app, lambda: set_shop(address="Biashara Street 5", hours="Mon to Sat, 9 to 5"))
    shopper.add(SKU)
    bought = Bought(shopper, shopper.checkout(area="pickup").headers["Location"])
    bought.post_callback(bought.callback())
    ledger.put_order(bought, pickup_place="")
    shopper.get(bought.order_path)

    assert "Pick it up at Biashara Street 5, Mon to Sat, 9 to 5" in words(shopper.page)


def test_a_receipt_says_how_it_was_paid_to_whom_and_what_was_refunded(shopper, app, bought):
    write_in(app, lambda: set_shop(address="Biashara Street 5", hours="Mon to Sat, 9 to 5", kra_pin="A012345678Z"))
    bought.post_callback(bought.callback(transaction_code="SKA1B2C3D4"))
    money = manual_payments.ManualPayment(500, "MPESA", "SKR1B2C3D4", "A crack")
    write_in(app, lambda: record_refund(db.session.scalars(select(Order)).one(), 0, money, "Njeri"))
    shopper.get(bought.order_path)

    receipt = words(shopper.page.find(".//section[@aria-labelledby='what']"))
    for fact in (
        f"M-PESA, code SKA1B2C3D4: {shillings(bought.total)}",
        "Refund by M-PESA, code SKR1B2C3D4: KSh 500",
        f"Paid {shillings(bought.total - 500)} to Mkono, Biashara Street 5. KRA PIN A012345678Z. Open Mon to Sat",
    ):
        assert fact in receipt


def test_the_page_can_be_sent_to_the_buyers_own_whatsapp(shopper, bought):
    for _ in ("waiting", "paid"):
        shopper.get(bought.order_path)
        [link] = [link.get("href") for link in shopper.page.iter("a") if "to my WhatsApp" in words(link)]
        assert link.startswith("https://wa.me/?text=My%20order%20")
        assert link.endswith(quote(f"http://localhost{bought.order_path}", safe=""))
        bought.post_callback(bought.callback())


def test_times_are_written_without_parts_of_a_second(shopper, bought):
    page = shopper.get(bought.order_path).text

    assert re.findall(r'<time datetime="[^"]*"', page)
    assert not re.search(r'datetime="[^"]*\.\d', page)


def test_an_order_that_costs_nothing_is_placed_without_the_provider(shopper, ledger, provider):
    on_hand, held = ledger.stock(SKU)
    shopper.add(SKU)

    order_page = shopper.checkout(area="pickup", code="ZAWADI").headers["Location"]
    shopper.get(order_page)

    assert shopper.page.findtext(".//h1") == "Order placed. There is nothing to pay."
    assert words(shopper.page.find(".//main")).lower().count("nothing to pay") == 1
    assert "Pick it up at our workshop" in words(shopper.page)
    assert not pay_forms(shopper.page)
    assert words(shopper.page).count("This page is your receipt") == 1
    assert "Order placed" in shopper.page.findtext(".//title")
    assert "Payment received" not in words(shopper.page)
    status = shopper.get(f"{order_page}/status").json
    assert (status["payment"], status["attempt"], status["fulfilment"]) == ("paid", None, "unfulfilled")
    assert ledger.stock(SKU) == (on_hand - 1, held)
    assert (ledger.mails("free"), ledger.mails("placed"), len(provider.requests)) == (1, 0, 0)
