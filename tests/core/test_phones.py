"""Reading Kenyan mobile numbers in every spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.phones import (
    PhoneError,
    contact_phone,
    is_kenyan_mobile,
    kenyan_mobile,
    national_digits,
    readable_phone,
    unusual_mobile,
)

SAFARICOM = [
    *("0712345678", "0712 345 678", "0712-345-678", "0712.345.678", "(0712) 345678", "+254712345678"),
    *("+254 712 345 678", "+254-712-345-678", "+254 (0)712 345678", "254712345678", "254 712 345 678", "712345678"),
    *("712 345 678", "00254712345678", "000 254 712 345 678", " 0712345678 ", "\u200e0712345678"),
    *("0712\u00a0345\u00a0678", "０７１２３４５６７８", "tel:+254712345678", "tel: 0712 345 678", "Mama 0712 345 678"),
    *("0712 345 678 (Mama)", "0712-345-678 M-PESA", "O712345678", "0712 345 678 / ", "2540712345678"),
    *("+2540712345678", "0254712345678", "*0712345678", "0712\u2011345\u2011678"),
]
NEWER = ["0110345678", "0110 345 678", "110345678", "+254110345678", "254-110-345-678", "O11O345678"]
UNUSUAL = ["0109345678", "0122 345 678", "0131345678", "+254147345678", "0148 345678"]


@pytest.mark.parametrize("typed", SAFARICOM)
def test_every_spelling_of_a_number_is_stored_in_one_form(typed):
    assert kenyan_mobile(typed) == "254712345678"


@pytest.mark.parametrize("typed", NEWER)
def test_the_numbers_that_begin_with_01_are_mobiles_too(typed):
    assert kenyan_mobile(typed) == "254110345678"


@pytest.mark.parametrize("typed", UNUSUAL)
def test_a_number_of_an_unknown_range_is_accepted_as_unusual(typed):
    number = kenyan_mobile(typed)

    assert number.startswith("2541")
    assert unusual_mobile(number)


@pytest.mark.parametrize("typed", [*SAFARICOM, *NEWER])
def test_a_number_of_a_known_range_is_not_unusual(typed):
    assert not unusual_mobile(kenyan_mobile(typed))


@pytest.mark.parametrize(
    ("typed", "cure"),
    [
        ("0203456789", "landline"),
        ("+254 20 345 6789", "landline"),
        ("+255712345678", "another country"),
        ("+44 7911 123456", "another country"),
        ("00447911123456", "another country"),
        ("07123", "Kenyan mobile"),
        ("071234567890", "Kenyan mobile"),
        ("", "Kenyan mobile"),
        ("abc", "Kenyan mobile"),
        ("0712FLOWER", "Kenyan mobile"),
        ("0712 345 67x", "Kenyan mobile"),
        ("0712345678 ext 5", "Kenyan mobile"),
        ("0712345678;ext=5", "Kenyan mobile"),
        ("0712345678 / 0722345678", "must be one number"),
        ("0712345678 or +254 722 345 678", "must be one number"),
        ("0712 345 678 x2", "Kenyan mobile"),
        ("0800123456", "Kenyan mobile"),
        ("0999999999", "Kenyan mobile"),
        ("*334#", "Kenyan mobile"),
        ("0712345678" * 10_000, "Kenyan mobile"),
    ],
)
def test_a_number_that_cannot_pay_is_refused_with_a_cure(typed, cure):
    with pytest.raises(PhoneError, match=cure) as refused:
        kenyan_mobile(typed)

    assert "0712 345 678" in str(refused.value)


@given(st.text())
def test_any_text_is_a_mobile_number_or_is_refused(typed):
    try:
        number = kenyan_mobile(typed)
    except PhoneError:
        return
    assert len(number) == 12
    assert number.startswith(("2547", "2541"))
    assert number.isascii()


@given(st.sampled_from("17"), st.integers(0, 99_999_999))
def test_a_stored_number_is_formatted_for_reading(begins, rest):
    number = f"254{begins}{rest:08}"

    assert readable_phone(number).replace(" ", "") == f"0{begins}{rest:08}"


@pytest.mark.parametrize(
    ("typed", "kept", "shown", "national"),
    [
        ("0712 345 678", "254712345678", "0712 345 678", "712345678"),
        ("+44 7911 123456", "447911123456", "+44 7911 123456", "7911123456"),
        ("000 44 (0)7911 123456", "447911123456", "+44 7911 123456", "7911123456"),
        ("+1 (202) 555-0143", "12025550143", "+1 202-555-0143", "2025550143"),
        ("00255712345678", "255712345678", "+255 712 345 678", "712345678"),
    ],
)
def test_a_contact_number_may_be_of_any_country(typed, kept, shown, national):
    assert contact_phone(typed) == kept
    assert (readable_phone(kept), national_digits(kept)) == (shown, national)
    assert contact_phone(shown) == kept
    assert is_kenyan_mobile(kept) is kept.startswith("2547")


@pytest.mark.parametrize(
    ("typed", "cure"),
    [
        ("447911123456", "begin with"),
        ("+44 79", "must be complete"),
        ("+999 7911 123456", "must be complete"),
        ("+254 20 345 6789", "landline"),
        ("+44 7911 123456 / +44 7911 123457", "Kenyan mobile"),
    ],
)
def test_a_contact_number_that_cannot_be_called_is_refused(typed, cure):
    with pytest.raises(PhoneError, match=cure):
        contact_phone(typed)
