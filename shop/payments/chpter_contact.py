"""The contact that Chpter is given with a payment: it requires an email address and a Kenyan mobile number.

Where the buyer has none, the shop's own are sent. Where the shop has none either, the buyer must give one.
"""

from dataclasses import dataclass

from flask import current_app

from shop.config import DEFAULT_SENDER, Settings
from shop.core.phones import is_kenyan_mobile
from shop.orders.models import Order
from shop.store.settings import Store, current_store


@dataclass(frozen=True)
class ChpterContact:
    """A phone number (2547XXXXXXXX or 2541XXXXXXXX) and an email address; "" for none."""

    phone_number: str
    email: str


def own_contact(store: Store, mail_from: str) -> ChpterContact:
    """The shop's own contact: its phone or WhatsApp number if Kenyan, and its email address or the emails' sender."""
    numbers = (store.phone.removeprefix("+"), store.whatsapp)
    sender = mail_from if mail_from != DEFAULT_SENDER else ""
    return ChpterContact(next(filter(is_kenyan_mobile, numbers), ""), store.email or sender)


def contact_to_send(phone_number: str, email: str, own: ChpterContact) -> ChpterContact:
    """The buyer's contact, each part replaced by the shop's own where Chpter would refuse the buyer's."""
    return ChpterContact(phone_number if is_kenyan_mobile(phone_number) else own.phone_number, email or own.email)


def shop_contact() -> ChpterContact:
    """The own contact of the running shop."""
    settings: Settings = current_app.config["SETTINGS"]
    return own_contact(current_store(), settings.mail_from)


def replaced_parts(order: Order) -> list[str]:
    """What of the order's contact Chpter gets from the shop, in words; empty for an anonymised order."""
    if order.anonymised_at:
        return []
    sent = contact_to_send(order.phone_number, order.email, shop_contact())
    parts = {"phone number": (sent.phone_number, order.phone_number), "email address": (sent.email, order.email)}
    return [words for words, (given, of_buyer) in parts.items() if given != of_buyer]
