"""M-PESA messages as phones show them, in English and Swahili, and which way they say that the money went."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.payments.mpesa_messages import CodeError, Direction, lookalike, read_code, read_message

CODE = "SKA1B2C3D4"
MESSAGES = [
    (
        Direction.SENT,
        "SKA1B2C3D4 Confirmed. Ksh2,650.00 paid to MKONO. on 24/11/26 at 2:05 PM.New M-PESA balance is Ksh310.00. "
        "Transaction cost, Ksh0.00. Amount you can transact within the day is 497,350.00. Buy airtime on *334#.",
    ),
    (Direction.SENT, "SKA1B2C3D4 Confirmed. Ksh2,650.00 sent to CHPTER for account 2847 on 24/11/26 at 2:05 PM"),
    (Direction.SENT, "SKA1B2C3D4 Imethibitishwa. Ksh2,650.00 imetumwa kwa MKONO tarehe 24/11/26. Salio lako"),
    (Direction.RECEIVED, "SKA1B2C3D4 Confirmed.You have received Ksh2,650.00 from WANJIRU 0712345678 on 24/11/26"),
    (Direction.RECEIVED, "SKA1B2C3D4 imethibitishwa. Umepokea KSh 2650 kutoka kwa WANJIRU 254712345678"),
    (
        Direction.REVERSED,
        "SKA1B2C3D4 confirmed. Reversal of transaction SK81ABCDEF has been successfully reversed on 24/11/26 at "
        "2:05 PM and Ksh2,650.00 is credited to your M-PESA account. New M-PESA account balance is Ksh2,960.00.",
    ),
    (
        Direction.REVERSED,
        "SKA1B2C3D4 Confirmed. Transaction SK81ABCDEF has been reversed. Your account balance is now Ksh 310.00. "
        "Ksh2,650.00 is debited from your M-PESA account.",
    ),
    (Direction.REVERSED, "SKA1B2C3D4 Imethibitishwa. Muamala SK81ABCDEF umebatilishwa na Ksh2,650.00 imewekwa"),
    (Direction.FAILED, "SKA1B2C3D4 Failed. You do not have enough money in your account to pay Ksh2,650.00 to MKONO"),
    (Direction.FAILED, "SKA1B2C3D4 Imeshindikana. Huna pesa za kutosha kulipa Ksh2,650.00"),
    (Direction.WITHDRAWN, "SKA1B2C3D4 Confirmed.on 24/11/26 at 2:05 PMWithdraw Ksh2,650.00 from 1234 - DUKA AGENT New"),
    (Direction.DEPOSITED, "SKA1B2C3D4 Confirmed. On 24/11/26 at 2:05 PM Give Ksh2,650.00 cash to DUKA AGENT New"),
    (Direction.AIRTIME, "SKA1B2C3D4 confirmed.You bought Ksh2,650.00 of airtime on 24/11/26 at 2:05 PM.New M-PESA"),
    (Direction.AIRTIME, "SKA1B2C3D4 imethibitishwa. Umenunua muda wa maongezi wa Ksh2,650.00 tarehe 24/11/26"),
    (Direction.MOVED, "SKA1B2C3D4 Confirmed.Ksh2,650.00 transferred to M-Shwari account on 24/11/26. M-PESA balance"),
    (Direction.LOAN, "SKA1B2C3D4 Confirmed. Fuliza M-PESA amount is Ksh 2,650.00. Interest charged Ksh 26.50."),
    (Direction.UNKNOWN, "SKA1B2C3D4"),
    (Direction.UNKNOWN, "my code is SKA1B2C3D4, KES 2,650"),
]
AT = datetime(2026, 11, 24, 11, 5, tzinfo=UTC)
PAYMENTS = (Direction.SENT, Direction.RECEIVED, Direction.UNKNOWN)


@pytest.mark.parametrize(("direction", "text"), MESSAGES)
def test_a_message_says_which_way_the_money_went(direction, text):
    message = read_message(text)

    assert message.code == CODE
    assert message.direction == direction
    assert bool(message.no_payment) == (direction not in PAYMENTS)


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
        ("SKA1B2C3D4 Confirmed. Ksh9,999,999,999,999,999,999,999.00 sent", None, None, None),
        ("SKA1B2C3D4 Confirmed. Ksh2,650.00 sent on 31/12/9999 at 11:59 PM", 2650, None, None),
    ],
)  # fmt: skip
def test_a_message_in_english_or_swahili_gives_code_amount_time_and_phone(text, amount, at, phone):
    message = read_message(text)

    assert (message.code, message.amount, message.at, message.phone) == (CODE, amount, at, phone)


@pytest.mark.parametrize("text", ["", "0712345678", "SKA1B2C3D", "SKA1B2C3D45", "SKA1-B2C3D4"])
def test_a_text_without_a_code_is_refused_with_an_example(text):
    with pytest.raises(CodeError, match="10 letters and digits, like"):
        read_code(text)
    assert read_message(text).code is None


@given(st.text(max_size=2000))
def test_any_text_is_read_without_an_error(text):
    message = read_message(text)

    assert message.code is None or (len(message.code) == 10 and message.code == message.code.upper())


@pytest.mark.parametrize("currency", ["Ksh2,650.00", "KES 2,650", "Kshs. 2650", "Sh 2,650.00", "kes2650"])
def test_an_amount_in_a_message_is_read_in_every_spelling_of_the_currency(currency):
    assert read_message(f"{CODE} Confirmed. {currency} paid to MKONO on 24/11/26 at 2:05 PM").amount == 2650


@pytest.mark.parametrize(
    "typed",
    [
        *[text for direction, text in MESSAGES if direction in PAYMENTS],
        "ska1 b2c3 d4",
        "SKA1B2C3D4.",
        "Code: SKA1B2C3D4",
        "SKA1B2C3D4 Confirmed",
        "M-PESA code SKA1B2C3D4, thank you",
        "“SKA1B2C3D4”",
        "ＳＫＡ１Ｂ２Ｃ３Ｄ４",
        "SKA1\u200bB2C3D4",
    ],
)  # fmt: skip
def test_a_code_is_read_from_every_kind_of_pasted_text(typed):
    assert read_code(typed) == CODE


@pytest.mark.parametrize("text", [text for direction, text in MESSAGES if direction not in PAYMENTS])
def test_a_message_that_is_about_no_payment_gives_no_code(text):
    with pytest.raises(CodeError, match=r"^That message is about .+\. Paste the message of the payment$"):
        read_code(text)


def test_codes_that_look_the_same_on_a_phone_have_one_spelling():
    assert lookalike("TAS2VRTZ0X") == lookalike("TAS2VRTZOX")
    assert lookalike("T1S5VRTZ8X") == lookalike("TLSSVRTZBX") == lookalike("TIS5VRTZ8X")
    assert lookalike("TAS2VRTZ0X") != lookalike("TAS2VRTZQX")
