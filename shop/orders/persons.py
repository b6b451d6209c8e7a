"""What is known of a buyer, and taking it out of a text that says more than that."""

import re
from dataclasses import dataclass

from shop.orders.models import Order
from shop.phones import readable_phone

GONE = "…"
SHORTEST = 3  # characters; what is shorter stands inside many other words


@dataclass(frozen=True)
class Person:
    """The texts by which a buyer is known, longest first."""

    texts: tuple[str, ...]
    names: tuple[str, ...]  # the words of the name, taken out where they stand alone

    def out_of(self, text: str) -> str:
        """The text without anything of the person."""
        for known in self.texts:
            text = re.sub(re.escape(known), GONE, text, flags=re.IGNORECASE)
        for name in self.names:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", GONE, text, flags=re.IGNORECASE)
        return text


def person_of(order: Order) -> Person:
    """Who bought it."""
    phone = order.phone_number
    national = phone.removeprefix("254")
    spellings = (phone, f"0{national}", national, readable_phone(phone)) if national else ()
    texts = {order.full_name, order.email, order.location, order.note, *spellings}
    return Person(
        tuple(sorted((text for text in texts if len(text) >= SHORTEST), key=len, reverse=True)),
        tuple(word for word in order.full_name.split() if len(word) > 1),
    )
