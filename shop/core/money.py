"""Money: whole Kenyan shillings, an int everywhere. Formatting, and reading what people type."""

import re
import unicodedata

MAX_LENGTH = 40  # characters; longer input is refused
_CURRENCY = r"(?:kshs?|kes|shs?|shillings?)\.?"
_AMOUNT = re.compile(
    rf"(?:{_CURRENCY}\s*)?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]{1,3}(?: [0-9]{3})+|[0-9]{1,9})"
    r"(?P<cents>\.[0-9]{1,2})?(?:/[=-]|/)?"
    rf"(?:\s*{_CURRENCY})?",
    re.ASCII,
)


class AmountError(ValueError):
    """The text is not an amount of whole shillings. Its message says what to write."""


def shillings(amount: int) -> str:
    """1250 as "KSh 1,250"; a negative amount keeps its sign before the currency."""
    sign = "-" if amount < 0 else ""
    return f"{sign}KSh {abs(amount):,}"


def read_shillings(text: str, name: str = "Amount") -> int:
    """Whole shillings from any spelling of an amount: "1250", "1,250/=", "Sh1250", "KES 1,250.00".

    `name` is the field's name in the message. Raises AmountError for cents, a sign, and anything that can be read in
    two ways, such as "1.250" or "1,25".
    """
    typed = " ".join(unicodedata.normalize("NFKC", text[:MAX_LENGTH]).split()).casefold()
    found = _AMOUNT.fullmatch(typed) if len(text) <= MAX_LENGTH else None
    if not found:
        raise AmountError(f"{name} must be whole shillings, like 2450")
    if (found["cents"] or "").strip(".0"):
        raise AmountError(f"{name} has cents. Write whole shillings, like 2450")
    return int(re.sub("[ ,]", "", found["whole"]))
