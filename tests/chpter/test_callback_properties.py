"""Whatever arrives, reading ends in a callback or in Unreadable, and what is read fits its limits."""

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shop.chpter import Callback, Claim, Unreadable, read_callback
from tests.chpter.examples import documented

KEYS = [*json.loads(documented("mpesa_success")), "payment status"]
TELLING = ["True", "False", "true", True, False, 200, 406, "945", 945, "100", "100.00", "MPESA", "CARD"]
OUTCOMES = ["Payment complete.", "Payment Incomplete."]
CONTENT_TYPES = st.sampled_from(["", "application/json", "application/x-www-form-urlencoded", "text/plain"])

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*TELLING, *OUTCOMES]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from(KEYS) | st.text(), values, max_size=10)


def check(raw: bytes, content_type: str) -> None:
    try:
        callback = read_callback(raw, content_type)
    except Unreadable as reason:
        assert str(reason).isprintable()
        return
    assert isinstance(callback, Callback)
    assert callback.order_id is None or str(int(callback.order_id)) == callback.order_id
    assert callback.amount is None or 0 <= callback.amount < 10**9
    assert len(callback.amount_text) <= 40
    assert len(callback.message) <= 255
    assert len(callback.method) <= 20
    for text in (callback.amount_text, callback.message, callback.method):
        text.encode("utf-8")
        assert not any(ord(character) < 32 or ord(character) == 127 for character in text)


@settings(max_examples=400, deadline=None)
@given(raw=st.binary(max_size=400), content_type=CONTENT_TYPES)
@example(raw=b"[" * 16_000, content_type="")
def test_any_bytes_are_read_or_unreadable(raw, content_type):
    check(raw, content_type)


@settings(max_examples=150, deadline=None)
@given(fields=objects, content_type=CONTENT_TYPES)
def test_any_object_is_read_or_unreadable(fields, content_type):
    check(json.dumps(fields).encode(), content_type)


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(["mpesa_success", "card_success", "mpesa_failure", "card_failure"]),
    place=st.integers(0, 250),
    length=st.integers(0, 40),
    instead=st.binary(max_size=20),
)
def test_a_damaged_payload_is_read_or_unreadable(name, place, length, instead):
    raw = documented(name)

    check(raw[:place] + instead + raw[place + length :], "application/json")


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(["paid", "order_id", "amount", "payment_status", "response_status"]),
    value=values | st.sampled_from(["true", " TRUE ", "100.0", "200", "payment complete"]),
)
def test_a_success_with_one_other_value_is_believed_only_where_it_says_the_same(name, value):
    paid = json.loads(documented("mpesa_success"))
    try:
        callback = read_callback(json.dumps({**paid, name: value}).encode())
    except Unreadable:
        return
    if (callback.claim, callback.order_id, callback.amount) == (Claim.YES, "945", 100):
        plain = str(value).strip().lower().removesuffix(".").rstrip()
        same = {"paid": "true", "order_id": "945", "payment_status": "payment complete", "response_status": "200"}
        assert plain == same[name] if name in same else re.fullmatch(r"0*100(\.0+)?", plain)


def test_a_payload_that_was_cut_short_is_never_a_success():
    raw = documented("mpesa_success").strip()

    for length in range(len(raw)):
        with pytest.raises(Unreadable):
            read_callback(raw[:length], "application/json")


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=12) | st.from_regex(r"[0-9.,+eE_ -]{0,12}", fullmatch=True))
def test_an_amount_that_is_read_is_the_one_that_was_sent(text):
    amount = read_callback(json.dumps({"amount": text}).encode()).amount if "\0" not in text else None

    if amount is not None:
        digits = text.strip().partition(".")[0].replace(",", "")
        assert digits.isascii() and digits.isdigit() and int(digits) == amount
