"""M-PESA codes: read from messages, entered by buyers, looked up in the admin. None proves a payment."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.clock import NAIROBI
from shop.payments.models import OfferedCode, ReviewFlag
from shop.payments.mpesa_messages import CodeError, read_code, read_message
from tests import both_databases
from tests.page_checks import CANARY
from tests.payment_pages import CODE, PaymentPages
from tests.shopper import Shopper, hidden_fields

AT = datetime(2026, 11, 24, 11, 5, tzinfo=UTC)


@pytest.fixture
def buy(app, provider):
    return lambda **answers: Shopper(app, provider).buy(**answers)


@pytest.fixture
def offer(app):
    return lambda bought, code=CODE, **headers: Shopper(app).post(
        f"{bought.order_path}/code", {"code": code}, headers=headers
    )


def ask(owner, text):
    return owner.post("/admin/codes", {**hidden_fields(owner.get("/admin/codes").text), "text": text})


@pytest.mark.parametrize(
    ("text", "amount", "at", "phone"),
    [
        (
            "SKA1B2C3D4 Confirmed. Ksh2,650.00 sent to MKONO CRAFTS 0700000000 on 24/11/26 at 2:05 PM. "
            "New M-PESA balance is Ksh310.00. Transaction cost, Ksh33.00.",
            2650, AT, "254700000000",
        ),
        (
            "ska1b2c3d4 confirmed.You have received Ksh2,650.00 from WANJIRU TEST 0712345678 on 24/11/26 at 2:05 PM "
            "New M-PESA balance is Ksh12,310.00.",
            2650, AT, "254712345678",
        ),
        (
            "SKA1B2C3D4 Imethibitishwa. Ksh2,650.00 imetumwa kwa MKONO tarehe 24/11/26 saa 2:05 PM. "
            "Salio lako la M-PESA ni Ksh310.00.",
            2650, AT, None,
        ),
        (
            "SKA1B2C3D4 imethibitishwa. Umepokea KSh 2650 kutoka kwa WANJIRU 254712345678 mnamo 24/11/2026 14:05",
            2650, AT, "254712345678",
        ),
        ("Fwd: my code is SKA1B2C3D4, I paid Ksh.800", 800, None, None),
        ("SKA1B2C3D4", None, None, None),
        (" ska1 b2c3 d4\n", None, None, None),
        ("SKA1B2C3D4 Confirmed. Ksh2,650.50 sent on 99/99/26 at 25:99", None, None, None),
    ],
)  # fmt: skip
def test_a_message_in_english_or_swahili_gives_code_sum_and_time(text, amount, at, phone):
    said = read_message(text)

    assert (said.code, said.amount, said.at, said.phone) == (CODE, amount, at, phone)


@pytest.mark.parametrize("text", ["", "0712345678", "SKA1B2C3D", "SKA1B2C3D45", "SKA1-B2C3D4"])
def test_what_is_no_code_is_refused_with_what_one_looks_like(text):
    with pytest.raises(CodeError, match="10 letters and digits, like"):
        read_code(text)
    assert read_message(text).code is None


@given(st.text(max_size=2000))
def test_any_text_is_read_without_an_error(text):
    said = read_message(text)

    assert said.code is None or (len(said.code) == 10 and said.code == said.code.upper())


@both_databases
@pytest.mark.parametrize(
    "text",
    [
        "SKA1B2C3D4 Confirmed. Ksh9,999,999,999,999,999,999,999.00 sent",
        "SKA1B2C3D4 Confirmed. Ksh2,650.00 sent on 3/1/0001 at 9:05 AM",
        "SKA1B2C3D4 Confirmed. Ksh2,650.00 sent on 31/12/9999 at 11:59 PM",
    ],
)
def test_a_sum_or_a_day_that_no_payment_has_is_none(owner, text):
    assert read_message(text).code == "SKA1B2C3D4"
    assert ask(owner, text).status_code == 200


@both_databases
def test_a_buyer_offers_a_code_and_is_told_that_a_person_looks(owner, buy, offer, ledger):
    bought = buy()

    assert offer(bought, " ska1b2c3d4 ").status_code == 303
    page = Shopper(owner.app).get(bought.order_path).text

    assert f"We have your M-PESA code {CODE}." in page
    assert "Until then, do not pay again" in page
    assert ledger.order_state(bought).order == "awaiting"
    listed = owner.get("/admin/checks").text
    assert f"The buyer says it was paid with M-PESA code {CODE}." in listed
    assert f"/mark-paid?code={CODE}" in listed


@both_databases
def test_the_same_code_for_two_orders_is_shown_as_such(app, owner, buy, offer, ledger):
    first, second = buy(), buy()
    offer(first)
    offer(second)

    first_number, second_number = (ledger.column("number", one) for one in (first, second))
    assert f"The same code was offered for order {first_number} too." in owner.get("/admin/checks").text
    page = ask(owner, CODE).text
    assert "It was entered for 2 orders. At most one of them can be correct." in page
    assert first_number in page
    assert second_number in page


@both_databases
def test_a_code_that_was_counted_pays_nothing_else(app, owner, buy, offer, ledger):
    paid, cheat = buy(), buy()
    offer(paid)
    PaymentPages(app, owner, ledger).mark_paid(paid)
    offer(cheat, CODE.lower())

    page = ask(owner, f"{CODE} Confirmed. Ksh2,650.00 sent").text

    assert f"This payment is recorded for order {ledger.column('number', paid)}" in page
    assert "code-result--good" in page and "for no other order" in page
    assert "do not hand over" not in page.lower()
    listed = owner.get("/admin/checks").text
    assert f"That code was used already, for order {ledger.column('number', paid)} (KSh 2,650)." in listed
    assert listed.count("Code from a buyer</span>") == 1  # the paid one's own question is answered


@both_databases
def test_an_unknown_code_is_no_payment_though_an_order_waits_for_that_sum(owner, buy, ledger):
    other, mine = buy(phone_number="0722 111 222"), buy(phone_number="0712 345 678")
    now = datetime.now(UTC)
    told = f"{now.astimezone(NAIROBI):%d/%m/%y at %-I:%M %p}"

    page = ask(owner, f"SKB1B2C3D4 Confirmed. Ksh2,650.00 sent from 0712345678 on {told}").text

    assert "No payment known: do not hand over anything" in page
    assert "Orders that wait for this amount. That is no proof." in page
    assert page.index(ledger.column("number", mine)) < page.index(ledger.column("number", other))
    assert "from the phone in the message" in page
    assert "/mark-paid?code=SKB1B2C3D4&amp;amount=2650" in page
    assert ledger.order_state(mine).order == "awaiting"


@both_databases
def test_a_payment_chpter_told_of_is_said_to_be_counted_already(owner, buy, ledger):
    paid = buy()
    paid.post_callback(paid.callback())
    now = datetime.now(UTC)
    told = f"{now.astimezone(NAIROBI):%d/%m/%y at %-I:%M %p}"

    page = ask(owner, f"SKB1B2C3D4 Confirmed. Ksh2,650.00 sent on {told}").text

    assert "It may be recorded already" in page
    assert ledger.column("number", paid) in page


@pytest.mark.parametrize("text", ["", "\0", CANARY, "x" * 5000, "😀" * 300, "no code here"])
def test_what_has_no_code_in_it_is_said_so(owner, text):
    reply = ask(owner, text)

    assert reply.status_code == 422
    assert "<title>Error: " in reply.text


@pytest.mark.parametrize("code", ["", "12345", "\0", "x" * 5000, "😀", CANARY])
def test_a_wrong_code_is_named_on_the_order_page_and_what_was_typed_stays(app, buy, offer, ledger, code):
    bought = buy()

    reply = offer(bought, code)

    assert reply.status_code == 422
    assert "M-PESA code must be 10 letters and digits" in reply.text
    assert "<title>Error: " in reply.text
    assert ledger.count(OfferedCode) == 0


def test_an_offer_from_another_site_or_for_no_order_is_refused(app, buy, offer, ledger):
    bought = buy()

    assert offer(bought, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert app.test_client().post("/orders/nobody/code", data={"code": CODE}).status_code == 404
    assert ledger.count(OfferedCode) == 0


@both_databases
def test_so_many_codes_are_enough(app, buy, offer, ledger):
    bought = buy()
    replies = [offer(bought, f"SK{place}1B2C3D4").status_code for place in range(6)]

    assert replies == [303] * 5 + [422]
    assert ledger.count(OfferedCode) == 5
    assert ledger.count(ReviewFlag) == 1


def test_a_paid_order_takes_no_code(app, buy, offer, ledger):
    bought = buy()
    bought.post_callback(bought.callback())

    assert offer(bought).status_code == 303
    assert ledger.count(OfferedCode) == 0
    assert "give the M-PESA code" not in Shopper(app).get(bought.order_path).text


class TestLimited:
    @pytest.fixture
    def settings(self, settings):
        return {**settings, "RATELIMIT_ENABLED": "1"}

    def test_offering_is_limited_for_each_order(self, buy, offer):
        bought = buy()
        assert [offer(bought).status_code for _ in range(11)] == [303] * 10 + [429]


@both_databases
@pytest.mark.parametrize(
    ("text", "about"),
    [
        (f"{CODE} confirmed. Reversal of SK81ABCDEF, Ksh2,650.00 is credited", "a payment that was reversed"),
        (f"{CODE} Failed. You do not have enough money to pay Ksh2,650.00", "a payment that failed"),
        (f"{CODE} Confirmed.You bought Ksh2,650.00 of airtime", "airtime"),
        (f"{CODE} Confirmed. Ksh2,650.00 sent to WANJIRU TEST 0712345678", "money sent to 0712 345 678, which is not"),
    ],
)  # fmt: skip
def test_a_message_about_no_payment_to_the_shop_names_no_order(owner, buy, text, about):
    buy()

    page = ask(owner, text).text

    assert "No payment to this shop: do not hand over anything" in page
    assert f"The message is about {about}" in page
    assert "mark-paid" not in page


@both_databases
def test_a_code_that_looks_like_one_that_is_counted_is_compared_before_it_pays_a_second_order(app, owner, buy, ledger):
    first, second = buy(), buy()
    actions = PaymentPages(app, owner, ledger)
    actions.mark_paid(first, code="TAS2VRTZ0X")

    form = actions.form(second, "mark-paid", code="TAS2VRTZOX")
    warned = form()

    assert warned.status_code == 422
    assert f"looks like TAS2VRTZ0X, which was used for order {ledger.column('number', first)}" in warned.text
    assert ledger.order_state(second).order == "awaiting"
    assert "It looks like code TAS2VRTZ0X" in ask(owner, "TAS2VRTZOX").text

    again = {
        **hidden_fields(warned.text),
        "amount": "2650",
        "method": "MPESA",
        "code": "TAS2VRTZOX",
        "reason": "Compared",
    }
    assert owner.post(f"/admin/orders/{ledger.column('number', second)}/mark-paid", again).status_code == 303
    assert ledger.order_state(second).order == "paid"


def test_a_buyer_may_paste_the_whole_message(owner, buy, offer):
    bought = buy()
    text = f"{CODE} Confirmed. Ksh750.00 sent to MKONO CRAFTS 0700000000 on 24/11/20 at 2:05 PM"

    assert offer(bought, text).status_code == 303

    listed = owner.get("/admin/checks").text
    assert "The message says KSh 750, the order is KSh" in listed
    assert "The message is of 24 Nov 2020, 14:05, before the order was placed." in listed


def test_a_buyer_who_pastes_a_reversal_is_told_so(buy, offer):
    refused = offer(buy(), f"{CODE} confirmed. Reversal of transaction SK81ABCDEF, Ksh2,650.00 is credited")

    assert refused.status_code == 422
    assert "That message is about a payment that was reversed. Paste the message of the payment" in refused.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{CODE} Confirmed. Transaction SK81ABCDEF has been reversed. Ksh2,650.00 is debited", "was reversed"),
        (f"{CODE} Confirmed.You have received Ksh265.00 from HALIMA ALI 0712345678", "The message says KSh 265."),
    ],
)  # fmt: skip
def test_a_pasted_message_marks_nothing_paid_that_it_does_not_speak_of(app, owner, buy, ledger, text, words):
    bought = buy()

    refused = PaymentPages(app, owner, ledger).mark_paid(bought, code=text)

    assert refused.status_code == 422
    assert words in refused.text
    assert ledger.order_state(bought).order == "awaiting"


def test_a_reversal_of_money_that_was_counted_names_its_order(app, owner, buy, ledger):
    bought = buy()
    PaymentPages(app, owner, ledger).mark_paid(bought, code="SK81ABCDEF")

    page = ask(owner, f"{CODE} Confirmed. Transaction SK81ABCDEF has been reversed. Ksh2,650.00 is debited").text

    assert "It reverses the KSh 2,650 that was recorded for" in page
    assert ledger.column("number", bought) in page
