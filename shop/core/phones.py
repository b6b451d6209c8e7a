"""Phone numbers: reading any spelling a buyer types, and formatting.

A number is kept as digits with its country code and without a plus sign: 2547XXXXXXXX, 447911123456.
"""

import re
import unicodedata
from urllib.parse import quote as escaped

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

MAX_LENGTH = 60  # characters; longer input is refused
_SEPARATORS = re.compile(r"[\s().*\u00b7\u2010-\u2015-]")
_LETTER_O = re.compile(r"(?<![A-Za-z])[oO](?=[17][0-9])|(?<=[0-9])[oO](?=[0-9])")
_KENYAN = re.compile(r"254[17][0-9]{8}", re.ASCII)
_INTERNATIONAL = re.compile(r"(?:tel:)?(?:\+|000?)([1-9][0-9]{0,16})", re.ASCII)
_MOBILE = re.compile(r"(?:tel:)?[^0-9+]*(?:\+|0{0,3}(?=254))?(?:254)?0?([17][0-9]{8})[^0-9+]*", re.ASCII)
_TWO = re.compile(r"(?:\+?254|0)[17][0-9]{8}[^0-9+]+(?:\+?254|0)[17][0-9]{8}[^0-9]*", re.ASCII)

_IN_TEXT = re.compile(r"(?<![0-9+])(?:\+?254 ?|0)[17][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}(?![0-9])", re.ASCII)
_GENERAL = "Phone number must be a Kenyan mobile, like 0712 345 678 or 0110 345 678"


class PhoneError(ValueError):
    """The text is not a phone number of the wanted kind. Its message tells the buyer what to write."""


def kenyan_mobile(text: str) -> str:
    """The number as 2547XXXXXXXX or 2541XXXXXXXX, from 0712..., 0110..., +254..., 254... or nine bare digits.

    Chpter accepts every number of these two forms, so the shop does too; `unusual_mobile` finds likely mistakes. Words
    beside the number are ignored. Raises PhoneError for a landline, another country, two numbers or too few digits.
    """
    typed = _plain(text)
    if found := _MOBILE.fullmatch(typed):
        return f"254{found[1]}"
    raise PhoneError(_problem_with(typed))


def contact_phone(text: str) -> str:
    """The digits of a Kenyan mobile number, or of any country's number that begins with + or 00, to contact its owner.

    A foreign number cannot pay by M-PESA: see `is_kenyan_mobile`. Raises PhoneError.
    """
    try:
        return kenyan_mobile(text)
    except PhoneError as error:
        found = _INTERNATIONAL.fullmatch(_plain(text))
        if found is None and str(error) == _GENERAL:
            raise PhoneError(f"{_GENERAL}. If it is from another country, begin with +") from None
        if found is None or found[1].startswith("254"):
            raise
    number = _parsed(found[1])
    if number is None or not phonenumbers.is_valid_number(number):
        raise PhoneError("Phone number from another country must be complete, like +44 7911 123456")
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def is_kenyan_mobile(number: str) -> bool:
    """Whether digits are a number from `kenyan_mobile`, which M-PESA and Chpter accept."""
    return _KENYAN.fullmatch(number) is not None


def national_digits(number: str) -> str:
    """A kept number without its country code, as it is dialled inside its country but for a leading 0."""
    if is_kenyan_mobile(number):
        return number.removeprefix("254")
    known = _parsed(number)
    return phonenumbers.national_significant_number(known) if known else number


def unusual_mobile(number: str) -> bool:
    """Whether a number from `kenyan_mobile` is outside the ranges known to be in use: new, or mistyped."""
    known = phonenumbers.parse(f"+{number}")
    return phonenumbers.number_type(known) != PhoneNumberType.MOBILE


def readable_phone(number: str) -> str:
    """254712345678 as "0712 345 678", 447911123456 as "+44 7911 123456"; anything else unchanged."""
    if len(number) == 12 and number.startswith("254"):
        return f"0{number[3:6]} {number[6:9]} {number[9:]}"
    foreign = _parsed(number)
    if foreign and phonenumbers.is_valid_number(foreign):
        return phonenumbers.format_number(foreign, PhoneNumberFormat.INTERNATIONAL)
    return number


def phones_in(text: str) -> list[tuple[str, str]]:
    """A text split into (part, number): 2547XXXXXXXX where the part is a phone number, else ""."""
    parts, end = [], 0
    for found in _IN_TEXT.finditer(text):
        parts += [(text[end : found.start()], ""), (found.group(), kenyan_mobile(found.group()))]
        end = found.end()
    return [(part, number) for part, number in [*parts, (text[end:], "")] if part]


def _parsed(number: str) -> PhoneNumber | None:
    """A kept number for the phonenumbers library; None for any other text."""
    if not (number.isascii() and number.isdigit()):
        return None
    try:
        return phonenumbers.parse(f"+{number}")
    except NumberParseException:
        return None


def _plain(text: str) -> str:
    """The text in plain digits, without separators and invisible characters; "" if it is too long."""
    if len(text) > MAX_LENGTH:
        return ""
    shown = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one)[0] != "C")
    return _LETTER_O.sub("0", _SEPARATORS.sub("", shown))


def _problem_with(typed: str) -> str:
    """The message for a text that is no Kenyan mobile number."""
    if _TWO.fullmatch(typed):
        return "Phone number must be one number, like 0712 345 678. Enter the one that pays"
    if any(character.isalpha() for character in typed):  # phonenumbers reads letters as keypad digits
        return _GENERAL
    try:
        number = phonenumbers.parse(re.sub(r"^\D*000?(?=\D*[1-9])", "+", typed), "KE")
    except NumberParseException:
        return _GENERAL
    if number.country_code != 254:
        return "Phone number is from another country. M-PESA needs a Kenyan mobile, like 0712 345 678"
    if phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE:
        return "Phone number is a landline. M-PESA needs a mobile, like 0712 345 678"
    return _GENERAL


def whatsapp_link(text: str, number: str = "") -> str:
    """A link that opens WhatsApp with this text, to a number (its digits) or to a contact that the sender picks."""
    return f"https://wa.me/{number}?text={escaped(text, safe='')}" if text else f"https://wa.me/{number}"
