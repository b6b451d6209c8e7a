"""M-PESA codes: entered by buyers, looked up in the admin. None proves a payment. Reading them is in tests/payments."""

from datetime import UTC, datetime

import pytest

from shop.core.clock import NAIROBI
from shop.payments.models import OfferedCode, ReviewFlag
from tests import both_databases
from tests.page_checks import CANARY
from tests.payment_pages import CODE, PaymentPages
from tests.shopper import Shopper, hidden_fields


@pytest.fixture
def buy(app, provider):
    return lambda **answers: Shopper(app, provider).buy(**answers)


@pytest.fixture
def offer(app):
    return lambda bought, code=CODE, **headers: Shopper(app).post(
        f"{bought.order_path}/code", {"code": code}, headers=headers
    )


@pytest.fixture
def mark_paid(app, owner, ledger):
    return PaymentPages(app, owner, ledger).mark_paid


def look_up(owner, text):
    return owner.post("/admin/mpesa-codes", {**hidden_fields(owner.get("/admin/mpesa-codes").text), "text": text})


@both_databases
def test_a_buyer_offers_a_code_and_a_person_looks_for_the_payment(owner, buy, offer, ledger):
    bought = buy()

    assert offer(bought, " ska1b2c3d4 ").status_code == 303

    page = Shopper(owner.app).get(bought.order_path).text
    assert f"We have your M-PESA code {CODE}." in page
    assert "Until then, do not pay again" in page
    assert ledger.order_state(bought).order == "awaiting"
    listed = owner.get("/admin/review").text
    assert f"The buyer says it was paid with M-PESA code {CODE}." in listed
    assert f"/mark-paid?code={CODE}" in listed


def test_a_buyer_may_paste_the_whole_message_and_what_contradicts_the_order_is_shown(owner, buy, offer):
    text = f"{CODE} Confirmed. Ksh750.00 sent to MKONO CRAFTS 0700000000 on 24/11/20 at 2:05 PM"

    assert offer(buy(), text).status_code == 303

    listed = owner.get("/admin/review").text
    assert "The message says KSh 750, the order is KSh" in listed
    assert "The message is of 24 Nov 2020, 14:05, before the order was placed." in listed


def test_the_same_code_for_two_orders_is_shown_as_such(owner, buy, offer, ledger):
    first, second = buy(), buy()
    offer(first)
    offer(second)

    numbers = [ledger.column("number", one) for one in (first, second)]
    assert f"The same code was offered for order {numbers[0]} too." in owner.get("/admin/review").text
    page = look_up(owner, CODE).text
    assert "It was entered for 2 orders. At most one of them can be correct." in page
    assert all(number in page for number in numbers)


def test_a_code_in_the_ledger_pays_no_other_order(owner, buy, offer, mark_paid, ledger):
    paid, other = buy(), buy()
    offer(paid)
    mark_paid(paid)
    offer(other, CODE.lower())

    page = look_up(owner, f"{CODE} Confirmed. Ksh2,650.00 sent").text

    number = ledger.column("number", paid)
    assert f"This payment is recorded for order {number}" in page
    assert "code-result--good" in page and "for no other order" in page
    listed = owner.get("/admin/review").text
    assert f"That code was used already, for order {number} (KSh 2,650)." in listed
    assert listed.count("Code from a buyer</span>") == 1  # the flag of the paid order is resolved


@both_databases
def test_an_unknown_code_is_no_payment_and_lists_the_orders_with_its_amount(owner, buy, ledger):
    other, same_phone, paid = buy(phone_number="0722 111 222"), buy(phone_number="0712 345 678"), buy()
    paid.post_callback(paid.callback())
    at = f"{datetime.now(UTC).astimezone(NAIROBI):%d/%m/%y at %-I:%M %p}"

    page = look_up(owner, f"SKB1B2C3D4 Confirmed. Ksh2,650.00 sent from 0712345678 on {at}").text

    assert "No payment known: do not hand over anything" in page
    assert "Orders that wait for this amount. That is no proof." in page
    assert page.index(ledger.column("number", same_phone)) < page.index(ledger.column("number", other))
    assert "from the phone in the message" in page
    assert "/mark-paid?code=SKB1B2C3D4&amp;amount=2650" in page
    assert ledger.column("number", paid) in page.partition("It may be recorded already")[2]
    assert ledger.order_state(same_phone).order == "awaiting"


@pytest.mark.parametrize("text", ["", "\0", CANARY, "x" * 5000, "no code here"])
def test_a_text_without_a_code_is_an_error_in_the_lookup_and_on_the_order_page(owner, buy, offer, ledger, text):
    for reply in (look_up(owner, text), offer(buy(), text)):
        assert reply.status_code == 422
        assert "<title>Error: " in reply.text
    assert ledger.count(OfferedCode) == 0


@pytest.mark.parametrize(
    ("text", "about"),
    [
        (f"{CODE} confirmed. Reversal of SK81ABCDEF, Ksh2,650.00 is credited", "a payment that was reversed"),
        (f"{CODE} Confirmed. Ksh2,650.00 sent to WANJIRU TEST 0712345678", "money sent to 0712 345 678, which is not"),
    ],
)
def test_a_message_about_no_payment_to_the_shop_names_no_order(owner, buy, text, about):
    buy()

    page = look_up(owner, text).text

    assert "No payment to this shop: do not hand over anything" in page
    assert f"The message is about {about}" in page
    assert "mark-paid" not in page


def test_a_reversal_of_a_recorded_payment_names_its_order_and_is_no_code_of_a_payment(
    owner, buy, offer, mark_paid, ledger
):
    text = f"{CODE} Confirmed. Transaction SK81ABCDEF has been reversed. Ksh2,650.00 is debited"
    bought, other = buy(), buy()
    mark_paid(bought, code="SK81ABCDEF")

    page, refused = look_up(owner, text).text, offer(other, text)

    assert "It reverses the KSh 2,650 that was recorded for" in page
    assert ledger.column("number", bought) in page
    assert refused.status_code == 422
    assert "That message is about a payment that was reversed. Paste the message of the payment" in refused.text


def test_an_order_takes_five_codes_and_none_once_it_is_paid(app, buy, offer, ledger):
    bought, paid = buy(), buy()
    paid.post_callback(paid.callback())

    replies = [offer(bought, f"SK{place}1B2C3D4").status_code for place in range(6)]

    assert replies == [303] * 5 + [422]
    assert ledger.count(ReviewFlag) == 1
    assert offer(paid).status_code == 303
    assert ledger.count(OfferedCode) == 5
    assert "give the M-PESA code" not in Shopper(app).get(paid.order_path).text


class TestLimited:
    @pytest.fixture
    def settings(self, settings):
        return {**settings, "RATELIMIT_ENABLED": "1"}

    def test_offering_is_limited_for_each_order(self, buy, offer):
        bought = buy()
        assert [offer(bought).status_code for _ in range(11)] == [303] * 10 + [429]


def test_a_code_that_looks_like_one_in_the_ledger_is_compared_before_it_pays_another_order(
    app, owner, buy, mark_paid, ledger
):
    first, second = buy(), buy()
    mark_paid(first, code="TAS2VRTZ0X")

    warned = mark_paid(second, code="TAS2VRTZOX")

    number = ledger.column("number", first)
    assert warned.status_code == 422
    assert f"looks like TAS2VRTZ0X, which was used for order {number}" in warned.text
    assert ledger.order_state(second).order == "awaiting"
    assert "It looks like code TAS2VRTZ0X" in look_up(owner, "TAS2VRTZOX").text

    typed = {"amount": "2650", "method": "MPESA", "code": "TAS2VRTZOX", "reason": "Compared"}
    address = f"/admin/orders/{ledger.column('number', second)}/mark-paid"
    assert owner.post(address, {**hidden_fields(warned.text), **typed}).status_code == 303
    assert ledger.order_state(second).order == "paid"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{CODE} Confirmed. Transaction SK81ABCDEF has been reversed. Ksh2,650.00 is debited", "was reversed"),
        (f"{CODE} Confirmed.You have received Ksh265.00 from HALIMA ALI 0712345678", "The message says KSh 265."),
    ],
)
def test_a_pasted_message_about_another_payment_marks_no_order_paid(buy, mark_paid, ledger, text, problem):
    bought = buy()

    refused = mark_paid(bought, code=text)

    assert refused.status_code == 422
    assert problem in refused.text
    assert ledger.order_state(bought).order == "awaiting"
