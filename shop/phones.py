"""Kenyan mobile numbers: every spelling a buyer uses, one spelling kept."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

LONGEST = 40  # characters looked at; longer input is no phone number


class PhoneError(ValueError):
    """The text is not a Kenyan mobile number. Its message names the cure, for the buyer."""


def kenyan_mobile(text: str) -> str:
    """The number as 2547XXXXXXXX or 2541XXXXXXXX, from 0712..., 0110..., +254..., 254... or nine bare digits.

    Raises PhoneError for anything else: a landline, another country, too few digits.
    """
    general = "Phone number must be a Kenyan mobile, like 0712 345 678 or 0110 345 678"
    if len(text) > LONGEST or any(character.isalpha() for character in text):  # letters would be read as a keypad's
        raise PhoneError(general)
    text = re.sub(r"^\D*000?(?=\D*[1-9])", "+", text)  # 00254... and 000254..., as they are dialled
    try:
        number = phonenumbers.parse(text, "KE")
    except NumberParseException:
        raise PhoneError(general) from None
    if number.country_code != 254:
        raise PhoneError("Phone number is from another country. M-PESA needs a Kenyan mobile, like 0712 345 678")
    if number.extension:
        raise PhoneError(general)
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.FIXED_LINE:
        raise PhoneError("Phone number is a landline. M-PESA needs a mobile, like 0712 345 678")
    if kind != PhoneNumberType.MOBILE or phonenumbers.region_code_for_number(number) != "KE":
        raise PhoneError(general)
    return f"254{number.national_number}"


def readable_phone(number: str) -> str:
    """254712345678 as "0712 345 678"; anything else unchanged."""
    if len(number) == 12 and number.startswith("254"):
        return f"0{number[3:6]} {number[6:9]} {number[9:]}"
    return number
