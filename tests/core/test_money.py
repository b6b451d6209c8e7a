"""Reading and formatting amounts of money. All forms and files use the same reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.money import AmountError, read_shillings, shillings

TWELVE_FIFTY = [
    *("1250", " 1250 ", "1,250", "1 250", "1\u00a0250", "1250.00", "1,250.00", "1250.0", "1250/=", "1,250/="),
    *("1,250/-", "1250/", "Sh1250", "Sh. 1,250", "sh 1250/=", "Shs 1,250", "Ksh1250", "KSh 1,250", "KSH. 1,250"),
    *(
        "Kshs 1,250",
        "Kshs. 1,250/=",
        "KES 1,250.00",
        "kes1250",
        "1250 KES",
        "1,250/= KSh",
        "1250 shillings",
        "１２５０",
    ),
]


@pytest.mark.parametrize("typed", TWELVE_FIFTY)
def test_every_spelling_of_an_amount_is_read(typed):
    assert read_shillings(typed) == 1250


@pytest.mark.parametrize(("typed", "amount"), [("0", 0), ("1,250,000", 1_250_000), ("1 250 000", 1_250_000)])
def test_zero_and_large_amounts_are_read(typed, amount):
    assert read_shillings(typed) == amount


@pytest.mark.parametrize(
    "typed",
    ["", "KSh", "-5", "1.250", "1,25", "12 50", "1e3", "1250 1250", "12,50.00", "US$ 20", "about 1250", "1" * 9999],
)  # fmt: skip
def test_an_invalid_or_ambiguous_amount_is_refused_with_the_cure(typed):
    with pytest.raises(AmountError, match="Fee must be whole shillings, like 2450"):
        read_shillings(typed, "Fee")


def test_cents_are_named():
    with pytest.raises(AmountError, match="Amount has cents"):
        read_shillings("KSh 2,650.50")


def test_money_carries_its_currency_and_a_comma():
    assert [shillings(sum_) for sum_ in (0, 999, 1250, 1234567, -500)] == [
        "KSh 0",
        "KSh 999",
        "KSh 1,250",
        "KSh 1,234,567",
        "-KSh 500",
    ]


@given(st.integers(0, 999_999_999))
def test_a_formatted_amount_is_read_back(amount):
    assert read_shillings(shillings(amount)) == amount


@given(st.text())
def test_any_text_is_an_amount_or_is_refused(typed):
    try:
        assert read_shillings(typed) >= 0
    except AmountError:
        return
