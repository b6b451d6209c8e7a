"""What was typed into a form of the catalogue, read into values; what is wrong with it, field by field, in words."""

import re
from collections.abc import Mapping

from shop.catalog.products import MAX_PRICE
from shop.catalog.slugs import MAX_SKU_LENGTH, tidy_sku
from shop.catalog.stock import MAX_STOCK
from shop.core.money import AmountError, read_shillings, shillings
from shop.core.text import one_line
from shop.web.base_form import problems_shown_again

LONGEST_TYPED = 10_000  # characters of one field that are looked at
DIGITS = re.compile("[0-9]{1,9}")  # more fit no column


class Answers:
    """A filled-in form. Reading a field that is wrong notes the problem and gives back something harmless."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self.typed = {name: tidy_text(value) for name, value in form.items()}
        self.errors: dict[str, str] = {}
        if form:  # one that was posted
            for field, words in problems_shown_again():
                self.refuse(field, words)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong: (field, words), in the order it was found."""
        return list(self.errors.items())

    def refuse(self, field: str, words: str) -> None:
        """Note what is wrong with a field; the first thing counts."""
        self.errors.setdefault(field, words)

    def line(self, field: str, what: str, longest: int, *, needed: bool = True) -> str:
        """A text on one line. `what` day_start a sentence: "Name"."""
        text = one_line(self.typed.get(field, ""), LONGEST_TYPED, joiners=True)
        if needed and not text:
            self.refuse(field, f"{what} is empty: fill it in")
        return self._short(field, what, text, longest)

    def block(self, field: str, what: str, longest: int) -> str:
        """A text of several paragraphs, or of none."""
        return self._short(field, what, self.typed.get(field, ""), longest)

    def whole(self, field: str, what: str, lowest: int, highest: int) -> int:
        """A whole number from `lowest` to `highest`."""
        digits = re.sub(r"[\s,]", "", self.typed.get(field, ""))
        if not DIGITS.fullmatch(digits) or not lowest <= int(digits) <= highest:
            self.refuse(field, f"{what} must be a whole number from {lowest:,} to {highest:,}")
            return lowest
        return int(digits)

    def price(self, field: str, what: str = "Price") -> int:
        """Whole shillings, in every spelling people use."""
        try:
            amount = read_shillings(self.typed.get(field, ""), what)
        except AmountError as error:
            self.refuse(field, str(error))
            return 1
        if not 1 <= amount <= MAX_PRICE:
            self.refuse(field, f"{what} must be from {shillings(1)} to {shillings(MAX_PRICE)}")
            return 1
        return amount

    def sku(self, field: str) -> str:
        """A SKU, tidied: capitals, digits and hyphens. Empty when nothing was typed."""
        typed = self.typed.get(field, "")
        tidied = tidy_sku(typed)
        if typed and not tidied:
            self.refuse(field, f"“{typed[:MAX_SKU_LENGTH]}” makes no SKU: use letters A to Z, digits and hyphens")
        if len(tidied) > MAX_SKU_LENGTH:
            self.refuse(field, f"A SKU has {MAX_SKU_LENGTH} characters or fewer; this one has {len(tidied)}")
            return tidied[:MAX_SKU_LENGTH]
        return tidied

    def stock(self, field: str, what: str) -> int:
        """Pieces on the shelf."""
        return self.whole(field, what, 0, MAX_STOCK)

    def _short(self, field: str, what: str, text: str, longest: int) -> str:
        if len(text) > longest:
            self.refuse(field, f"{what} has {len(text):,} characters; {longest:,} fit")
        return text[:longest]


def tidy_text(typed: str) -> str:
    """A text without what nobody can see, its lines kept, no more than one empty line in a row."""
    lines = [
        one_line(line, LONGEST_TYPED, joiners=True) for line in typed[:LONGEST_TYPED].replace("\r\n", "\n").split("\n")
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
