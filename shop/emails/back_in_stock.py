"""Emails the buyers who wait for a variant once it can be bought again. Each request is one email, and then deleted."""

from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Select, delete, func, select

from shop.catalog.back_in_stock import is_back
from shop.catalog.models import BackInStockRequest, Product, Variant
from shop.config import Settings
from shop.core.database import db, updated, write
from shop.emails.messages import write_email
from shop.emails.models import OutboxEmail
from shop.emails.smtp import email_file

BATCH = 100  # requests in one transaction
KIND = "back_in_stock"
KEPT_FOR = timedelta(days=7)  # an email that was sent or given up, with its recipient


def email_waiting_buyers() -> int:
    """Write the emails that are due and return how many. Safe to run twice, concurrently, and after a kill."""
    told = 0
    while db.session.scalar(_due().limit(1)) is not None:
        told += write(_email_batch)
    db.session.rollback()
    return told


def delete_old_emails(now: datetime) -> int:
    """Delete such emails that were sent or given up, KEPT_FOR after they were written, and return how many."""
    done = OutboxEmail.sent_at.is_not(None) | OutboxEmail.ended_at.is_not(None)
    return delete_emails(OutboxEmail.written_at < now - KEPT_FOR, done)


def delete_emails(*conditions: Any) -> int:
    """Delete such emails and their files, inside the caller's transaction. Returns how many."""
    settings: Settings = current_app.config["SETTINGS"]
    found = db.session.execute(
        select(OutboxEmail.id, OutboxEmail.message_id).where(OutboxEmail.kind == KIND, *conditions)
    ).all()
    for _, message_id in found:
        email_file(settings.instance_path / "mail", message_id).unlink(missing_ok=True)
    return updated(delete(OutboxEmail).where(OutboxEmail.id.in_([email_id for email_id, _ in found]))) if found else 0


def to_contact(contacts: set[str]) -> Any:
    """The condition that an email is for one of these addresses, which are in lower case."""
    return func.lower(OutboxEmail.recipient).in_(contacts)


def _due() -> Select[Any]:
    waits = select(BackInStockRequest.id).join(Variant, Variant.id == BackInStockRequest.variant_id)
    return waits.join(Product, Product.id == Variant.product_id).where(BackInStockRequest.by_email, is_back())


def _email_batch() -> int:
    query = _due().with_only_columns(BackInStockRequest, Variant.label, Product.name, Product.slug)
    locked = query.order_by(BackInStockRequest.id).limit(BATCH).with_for_update(of=BackInStockRequest)
    due = db.session.execute(locked).all()
    for request, label, name, slug in due:
        name = f"{name} ({label})" if label else name
        write_email(KIND, request.contact, request=request, name=name, path=f"/products/{slug}")
    ids = [request.id for request, *_ in due]
    updated(delete(BackInStockRequest).where(BackInStockRequest.id.in_(ids)))
    return len(ids)
