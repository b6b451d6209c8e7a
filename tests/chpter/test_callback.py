"""Reading what Chpter posts: one rule a table."""

import json
from urllib.parse import urlencode

import pytest

from shop.chpter import Callback, Claim, Unreadable, read_callback
from tests.chpter.examples import documented

PAID = json.loads(documented("mpesa_success"))


def read(fields: object, **options: object) -> Callback:
    return read_callback(json.dumps(fields).encode(), **options)  # type: ignore[arg-type]


def paid_but(**changes: object) -> dict[str, object]:
    """The documented M-PESA success with some fields changed, or left out where None is given."""
    fields = {**PAID, **changes}
    return {key: value for key, value in fields.items() if value is not None}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mpesa_success", Callback("945", 100, "100", Claim.YES, "MPESA", "M-PESA Payment Successful")),
        ("card_success", Callback("945", 100, "100", Claim.YES, "CARD", "Card Payment Successful")),
        ("mpesa_failure", Callback("945", 100, "100", Claim.NO, "MPESA", "Insufficient funds")),
        ("card_failure", Callback("945", 100, "100", Claim.NO, "CARD", "Insufficient funds")),
        ("sister_cancelled", Callback("945", 100, "100", Claim.NO, "MPESA", "Request cancelled by user")),
    ],
)
@pytest.mark.parametrize("form", [False, True])
def test_the_documented_callbacks(name, expected, form):
    raw = documented(name)
    if form:
        raw = urlencode(json.loads(raw)).encode()

    assert read_callback(raw, "application/x-www-form-urlencoded" if form else "application/json") == expected


def test_a_setting_makes_a_card_success_unclear():
    names = ("mpesa_success", "card_success", "mpesa_failure", "card_failure")
    claims = [read_callback(documented(name), card_paid_false="review").claim for name in names]

    assert claims == [Claim.YES, Claim.UNCLEAR, Claim.NO, Claim.NO]


@pytest.mark.parametrize("paid", ["True", "true", "TRUE", " True ", True])
@pytest.mark.parametrize("status", [200, "200", " 200 ", None])
@pytest.mark.parametrize(
    "outcome", ["Payment complete.", "payment complete", "PAYMENT COMPLETE.", "  Payment complete. \n"]
)
def test_every_spelling_of_a_success_is_a_success(paid, status, outcome):
    callback = read(paid_but(paid=paid, response_status=status, payment_status=outcome))

    assert callback.claim is Claim.YES


@pytest.mark.parametrize("paid", ["False", "false", "FALSE", False])
@pytest.mark.parametrize("status", [200, "200", 406, "406", "anything", None])
@pytest.mark.parametrize("method", ["MPESA", "CARD", "", None])
def test_every_spelling_of_a_failure_is_a_failure(paid, status, method):
    fields = paid_but(paid=paid, response_status=status, payment_method=method, payment_status="Payment Incomplete.")

    assert read(fields).claim is Claim.NO


@pytest.mark.parametrize(
    "changes",
    [
        {"paid": "False"},
        {"paid": "False", "payment_method": None},
        {"paid": "False", "payment_method": "CA RD"},
        {"paid": "False", "payment_method": ["CARD"]},
        {"paid": None},
        {"paid": "yes"},
        {"paid": 1},
        {"paid": ""},
        {"paid": ["True"]},
        {"paid": {"True": "True"}},
        {"payment_status": None},
        {"payment_status": ""},
        {"payment_status": "Payment Incomplete."},
        {"payment_status": "Payment completed."},
        {"payment_status": "Payment complete.."},
        {"payment_status": "Payment  complete."},
        {"payment_status": "Not: Payment complete."},
        {"payment_status": "Payment complete. Not."},
        {"payment_status": True},
        {"payment_status": ["Payment complete."]},
        {"response_status": 406},
        {"response_status": "406"},
        {"response_status": 500},
        {"response_status": 2000},
        {"response_status": "OK"},
        {"response_status": True},
        {"response_status": [200]},
        {"paid": None, "payment_status": "Payment Incomplete."},
        {"paid": "no", "payment_status": "Payment Incomplete."},
    ],
)
def test_contradictory_fields_are_unclear(changes):
    assert read(paid_but(**changes)).claim is Claim.UNCLEAR


@pytest.mark.parametrize("name", ["paid", "payment_status", "response_status"])
def test_null_says_nothing_and_is_not_the_same_as_absent(name):
    assert read({**PAID, name: None}).claim is Claim.UNCLEAR


@pytest.mark.parametrize(
    ("literal", "amount"),
    [
        ('"100"', 100),
        ("100", 100),
        ("100.0", 100),
        ("100.00", 100),
        ('"100.00"', 100),
        ('"100.0"', 100),
        ('" 100\\n"', 100),
        ('"0100"', 100),
        ("0", 0),
        ('"999999999"', 999_999_999),
        ('"1000000000"', None),
        ("1000000000", None),
        ('"100.5"', None),
        ("100.5", None),
        ('"100.000"', 100),
        ("100.000", 100),
        ('"2,650.00"', 2650),
        ('" 2,650 "', 2650),
        ('"1,002,650.000"', 1_002_650),
        ('"2,65"', None),
        ('"2650,000"', None),
        ('"0,650"', None),
        ('"2,650,"', None),
        ('"2.650,00"', None),
        ('"100.0000"', None),
        ('"100."', None),
        ("1e2", None),
        ('"1e2"', None),
        ('"1_00"', None),
        ('"+100"', None),
        ('"-100"', None),
        ("-100", None),
        ("-0", None),
        ('"0x64"', None),
        ('"100,00"', None),
        ('"1,000"', 1000),
        ('"KES 100"', None),
        ('"１００"', None),
        ('"١٠٠"', None),
        ('"1 00"', None),
        ('""', None),
        ("true", None),
        ("null", None),
        ("[100]", None),
        ("{}", None),
        ("9" * 5000, None),
        ("1e9999", None),
    ],
)
def test_amounts_are_whole_shillings_in_plain_digits_or_unreadable(literal, amount):
    raw = documented("mpesa_success").replace(b'"amount": "100"', b'"amount": ' + literal.encode())

    callback = read_callback(raw)

    assert callback.amount == amount
    assert callback.claim is Claim.YES
    assert len(callback.amount_text) <= 40


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("SKA1B2C3D4", "SKA1B2C3D4"),
        (" ska1b2c3d4\n", "SKA1B2C3D4"),
        ("ch_1-7Fa", "CH_1-7FA"),
        ("<b>", ""),
        ("x" * 41, ""),
        ("two words", ""),
        (["SKA1B2C3D4"], ""),
        (None, ""),
    ],
)
def test_a_transaction_code_is_a_short_word_or_nothing(value, code):
    assert read(paid_but(transaction_code=value)).code == code
    assert read({**PAID, "Transaction Code": value}).code == code


def test_the_amount_is_kept_as_it_was_sent():
    assert read(paid_but(amount="KES\n1,000\x1b")).amount_text == "KES 1,000"
    assert read(paid_but(amount=[100])).amount_text == '["100"]'
    assert read(paid_but(amount=True)).amount_text == "true"
    assert read(paid_but(amount=None)).amount_text == ""


@pytest.mark.parametrize(
    ("literal", "order_id"),
    [
        ('"945"', "945"),
        ("945", "945"),
        ("0", "0"),
        ('"9223372036854775807"', "9223372036854775807"),
        ('"0945"', None),
        ("945.0", None),
        ("9.45e2", None),
        ('"945.0"', None),
        ('" 945"', None),
        ('"945\\n"', None),
        ('"+945"', None),
        ("-945", None),
        ('"９４５"', None),
        ('"94_5"', None),
        ('""', None),
        ("true", None),
        ("null", None),
        ("[945]", None),
        ("9" * 5000, None),
    ],
)
def test_an_order_id_is_one_canonical_number_or_none(literal, order_id):
    raw = documented("mpesa_success").replace(b'"order_id": "945"', b'"order_id": ' + literal.encode())

    assert read_callback(raw).order_id == order_id


@pytest.mark.parametrize(
    ("value", "method"),
    [
        ("MPESA", "MPESA"),
        (" card ", "CARD"),
        ("M-PESA", "M-PESA"),
        ("bank_transfer", "BANK_TRANSFER"),
        ("CARD1", ""),
        ("<b>", ""),
        ("ｃａｒｄ", ""),
        ("X" * 21, ""),
        (7, ""),
        (None, ""),
        (["CARD"], ""),
    ],
)
def test_a_method_is_a_short_word_or_nothing(value, method):
    assert read(paid_but(payment_method=value)).method == method


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Line one\r\nSet-Cookie: a=b", "Line one Set-Cookie: a=b"),
        ("\x1b[31mred\x07", "[31mred"),
        ("abc\u202egpj.exe", "abcgpj.exe"),
        ("x" * 10_000, "x" * 255),
        ("{{7*7}}<script>", "{{7*7}}<script>"),
        (7, "7"),
        (None, ""),
        (["words"], ""),
    ],
)
def test_a_message_is_one_plain_line(value, message):
    assert read(paid_but(message=value)).message == message


def test_keys_may_have_spaces_and_capitals_and_there_may_be_others():
    fields = {key.replace("_", " ").title(): value for key, value in PAID.items()}

    assert read({**fields, "id": 7, "extra": {"a": [1, None]}}) == read(PAID)


@pytest.mark.parametrize("changed", [("payment_status", "payment_\u017ftatu\u017f"), ('"False"', '"Fal\u017fe"')])
def test_a_letter_that_only_looks_like_another_is_another(changed):
    text = documented("card_success").decode()
    assert read_callback(text.encode()).claim is Claim.YES

    assert read_callback(text.replace(*changed).encode()).claim is Claim.UNCLEAR


def test_two_spellings_of_a_key_may_agree_but_not_differ():
    assert read({**PAID, "payment status": "Payment complete."}).claim is Claim.YES
    with pytest.raises(Unreadable):
        read({**PAID, "payment status": "Payment Incomplete."})
    with pytest.raises(Unreadable):
        read({**PAID, "PAID": True})
    with pytest.raises(Unreadable):
        read({**PAID, "Response Status": "200"})


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "nonsense",
        "text/html; charset=x",
    ],
)
def test_json_is_read_whatever_its_content_type(content_type):
    assert read_callback(b" \r\n" + documented("mpesa_success"), content_type).claim is Claim.YES


@pytest.mark.parametrize("content_type", ["", "application/x-www-form-urlencoded; charset=UTF-8"])
def test_a_form_with_the_same_keys_is_read(content_type):
    raw = b"payment+method=MPESA&paid=True&order_id=945&amount=100.00&payment_status=Payment+complete.&message=%C3%A9"

    assert read_callback(raw, content_type) == Callback("945", 100, "100.00", Claim.YES, "MPESA", "é")


def test_missing_fields_are_none_and_contradict_nothing():
    assert read_callback(b"{}") == Callback(None, None, "", Claim.UNCLEAR, "", "")
    assert read(paid_but(order_id=None)).order_id is None
    failure = read(paid_but(paid="False", payment_status="Payment Incomplete.", amount=None))
    assert (failure.claim, failure.amount) == (Claim.NO, None)
