"""Kenyan mobile numbers: reading any spelling a buyer types, and formatting."""

import re
import unicodedata
from urllib.parse import quote as escaped

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

MAX_LENGTH = 60  # characters; longer input is refused
_SEPARATORS = re.compile(r"[\s().*\u00b7\u2010-\u2015-]")
_LETTER_O = re.compile(r"(?<![A-Za-z])[oO](?=[17][0-9])|(?<=[0-9])[oO](?=[0-9])")
_MOBILE = re.compile(r"(?:tel:)?[^0-9+]*(?:\+|0{0,3}(?=254))?(?:254)?0?([17][0-9]{8})[^0-9+]*", re.ASCII)
_TWO = re.compile(r"(?:\+?254|0)[17][0-9]{8}[^0-9+]+(?:\+?254|0)[17][0-9]{8}[^0-9]*", re.ASCII)

_IN_TEXT = re.compile(r"(?<![0-9+])(?:\+?254 ?|0)[17][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}(?![0-9])", re.ASCII)


class PhoneError(ValueError):
    """The text is not a Kenyan mobile number. Its message tells the buyer what to write."""


def kenyan_mobile(text: str) -> str:
    """The number as 2547XXXXXXXX or 2541XXXXXXXX, from 0712..., 0110..., +254..., 254... or nine bare digits.

    Chpter accepts every number of these two forms, so the shop does too; `unusual_mobile` finds likely mistakes. Words
    beside the number are ignored. Raises PhoneError for a landline, another country, two numbers or too few digits.
    """
    typed = _plain(text)
    if found := _MOBILE.fullmatch(typed):
        return f"254{found[1]}"
    raise PhoneError(_problem_with(typed))


def unusual_mobile(number: str) -> bool:
    """Whether a number from `kenyan_mobile` is outside the ranges known to be in use: new, or mistyped."""
    known = phonenumbers.parse(f"+{number}")
    return phonenumbers.number_type(known) != PhoneNumberType.MOBILE


def readable_phone(number: str) -> str:
    """254712345678 as "0712 345 678"; anything else unchanged."""
    if len(number) == 12 and number.startswith("254"):
        return f"0{number[3:6]} {number[6:9]} {number[9:]}"
    return number


def phones_in(text: str) -> list[tuple[str, str]]:
    """A text split into (part, number): 2547XXXXXXXX where the part is a phone number, else ""."""
    parts, end = [], 0
    for found in _IN_TEXT.finditer(text):
        parts += [(text[end : found.start()], ""), (found.group(), kenyan_mobile(found.group()))]
        end = found.end()
    return [(part, number) for part, number in [*parts, (text[end:], "")] if part]


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
    general = "Phone number must be a Kenyan mobile, like 0712 345 678 or 0110 345 678"
    if any(character.isalpha() for character in typed):  # phonenumbers reads letters as keypad digits
        return general
    try:
        number = phonenumbers.parse(re.sub(r"^\D*000?(?=\D*[1-9])", "+", typed), "KE")
    except NumberParseException:
        return general
    if number.country_code != 254:
        return "Phone number is from another country. M-PESA needs a Kenyan mobile, like 0712 345 678"
    if phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE:
        return "Phone number is a landline. M-PESA needs a mobile, like 0712 345 678"
    return general


def whatsapp_link(text: str, number: str = "") -> str:
    """A link that opens WhatsApp with this text, to a number (2547XXXXXXXX) or to a contact that the sender picks."""
    return f"https://wa.me/{number}?text={escaped(text, safe='')}" if text else f"https://wa.me/{number}"
