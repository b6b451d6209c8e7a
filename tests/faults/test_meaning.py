"""The judge of malformed bodies: it knows the documented payloads, and finds a reader that leaves out one check."""

import json

import pytest

from shop.chpter import Claim, Unreadable, read_callback
from tests.faults.malformed import Malformer
from tests.faults.meaning import may_pay
from tests.faults.test_malformed import SEED

REFERENCE, TOTAL = "945945945", 1500
YES = {
    "payment_method": "MPESA",
    "paid": "True",
    "response_status": 200,
    "order_id": REFERENCE,
    "message": "M-PESA Payment Successful",
    "amount": str(TOTAL),
    "payment_status": "Payment complete.",
}
CARD = {**YES, "payment_method": "CARD", "paid": "False"}
NO = {**YES, "paid": "False", "payment_status": "Payment Incomplete."}
GONE = {
    "_order_id": lambda _value: REFERENCE,
    "_amount": lambda _value: TOTAL,
    "_paid": bool,
    "_outcome": lambda _value: "payment complete",
    "_status_fits": lambda _fields: True,
    "_method": lambda _value: "CARD",
    "_same": lambda _one, _other: True,
}


def believed(raw: bytes, content_type: str) -> bool:
    """Whether the shop reads that exactly this payment was made."""
    try:
        read = read_callback(raw, content_type)
    except Unreadable:
        return False
    return (read.claim, read.order_id, read.amount) == (Claim.YES, REFERENCE, TOTAL)


def wrongly_believed(count: int) -> int:
    """Of so many malformed bodies, those that the shop's reader believes and should not."""
    source = Malformer(SEED)
    bodies = [source.body(REFERENCE, TOTAL) for _ in range(count)]
    return sum(
        believed(one.raw, one.content_type) and not may_pay(one.raw, one.content_type, REFERENCE, TOTAL)
        for one in bodies
    )


@pytest.mark.parametrize(
    ("said", "may"),
    [
        (YES, True),
        (CARD, True),
        ({**YES, "amount": 1500, "paid": True, "response_status": "200"}, True),
        ({key.replace("_", " "): value for key, value in YES.items()}, True),
        (NO, False),
        ({**CARD, "payment_method": "MPESA"}, False),
        ({**YES, "amount": "1501"}, False),
        ({**YES, "order_id": "945945946"}, False),
        ({**YES, "response_status": 406}, False),
        ({"data": YES}, False),
        ([YES], False),
        ({"Success": True, "transaction_reference": REFERENCE}, False),
    ],
)
def test_the_judge_knows_what_is_documented(said, may):
    assert may_pay(json.dumps(said).encode(), "application/json", REFERENCE, TOTAL) is may


def test_the_shop_reads_what_the_judge_reads():
    assert wrongly_believed(1_500) == 0
