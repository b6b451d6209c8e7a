"""What is stored about a phone number or an email address without an order: back-in-stock requests."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select

from shop.catalog.models import BackInStockRequest, Variant
from shop.core.database import db, updated
from shop.emails.back_in_stock import delete_emails, to_contact
from shop.orders.models import Order


def contacts_of(orders: Iterable[Order], buyer: str = "") -> set[str]:
    """The contacts of these orders, and `buyer`, as back-in-stock requests have them."""
    found = {contact.lower() for order in orders for contact in (order.phone_number, order.email)}
    return {contact for contact in (*found, buyer.lower()) if contact}


def requests_of(contacts: set[str]) -> list[dict[str, Any]]:
    """The back-in-stock requests of these contacts, oldest first: SKU, contact and time (ISO, UTC)."""
    query = select(Variant.sku, BackInStockRequest.contact, BackInStockRequest.asked_at).join(
        Variant, Variant.id == BackInStockRequest.variant_id
    )
    rows = db.session.execute(query.where(BackInStockRequest.contact.in_(contacts)).order_by(BackInStockRequest.id))
    return [{"sku": sku, "contact": contact, "asked_at": asked_at.isoformat()} for sku, contact, asked_at in rows]


def forget_contacts(contacts: set[str]) -> int:
    """Delete the requests of these contacts and their emails; how many requests. Inside the caller's transaction."""
    delete_emails(to_contact(contacts))
    return updated(delete(BackInStockRequest).where(BackInStockRequest.contact.in_(contacts)))
