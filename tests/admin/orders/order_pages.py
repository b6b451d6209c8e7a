"""Opening and using the admin's pages of orders."""

import re
from itertools import count

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.orders.models import Order, OrderEvent
from shop.orders.states import Payment
from tests import order_factory
from tests.admin_client import AdminClient
from tests.shopper import hidden_fields

_emails = count(1)


def press(owner: AdminClient, number: str, act: str, **fields: str) -> TestResponse:
    """Press a button of an order's page, and open the page it leads to."""
    reply = owner.post(f"/admin/orders/{number}/{act}", {"csrf_token": token_of(owner), **fields})
    return owner.get(reply.headers["Location"]) if reply.status_code == 303 else reply


def press_list(owner: AdminClient, act: str, *numbers: str, **fields: str) -> list[str]:
    """Tick orders in the list and press a button; the notices of the page that answers."""
    form = {"csrf_token": token_of(owner), "order": list(numbers), "act": act, **fields}
    reply = owner.post("/admin/orders", form)
    assert reply.status_code == 303
    owner.get(reply.headers["Location"])
    return notices(owner)


def token_of(owner: AdminClient) -> str:
    return hidden_fields(owner.get("/admin/").text)["csrf_token"]


def notices(owner: AdminClient) -> list[str]:
    shown = [text_of(one) for one in owner.page.iter("p") if "notice--" in (one.get("class") or "")]
    return [words.removesuffix(".") for words in shown]


def text_of(element) -> str:
    """The text of an element or a page, with single blanks."""
    return " ".join("".join(element.itertext()).split())


def listed_numbers(reply: TestResponse) -> list[str]:
    return re.findall(r'href="/admin/orders/([0-9]+)"', reply.text)


def tabs(owner: AdminClient, address: str) -> dict[str, str]:
    """The tabs of a list with their counts."""
    owner.get(address)
    links = owner.page.findall(".//nav[@class='tabs']//a")
    return {(link.text or "").strip(): link.findtext("span", "") for link in links}


def timeline(owner: AdminClient, number: str) -> list[str]:
    assert owner.get(f"/admin/orders/{number}").status_code == 200
    return [text_of(line) for line in owner.page.findall(".//ol[@class='timeline timeline--admin']/li")]


def paid(app: Flask, **fields: object) -> str:
    """Write a paid order; its number."""
    return order_factory.keep(app, order_factory.order(payment=Payment.PAID, **fields))[0]


def order_of(app: Flask, number: str) -> Order:
    with app.app_context():
        return db.session.scalars(select(Order).where(Order.number == number)).one()


def state_of(app: Flask, number: str) -> str:
    return order_of(app, number).fulfilment


def events(app: Flask) -> list[OrderEvent]:
    """All timeline events, oldest first."""
    with app.app_context():
        return list(db.session.scalars(select(OrderEvent).order_by(OrderEvent.id)))


def emails(app: Flask, kind: str) -> list[OutboxEmail]:
    with app.app_context():
        return list(db.session.scalars(select(OutboxEmail).where(OutboxEmail.kind == kind)))


def audited(app: Flask) -> list[tuple[str, str]]:
    """Who did what to an order, as the audit log says, oldest first."""
    entries = select(AuditLogEntry.who, AuditLogEntry.words).where(AuditLogEntry.order_id.is_not(None))
    with app.app_context():
        return [tuple(row) for row in db.session.execute(entries.order_by(AuditLogEntry.id))]


def new_email(**fields: object) -> OutboxEmail:
    now, one = utcnow(), next(_emails)
    values = {"kind": "sent", "idempotency_key": f"key-{one}", "message_id": f"<{one}>", "subject": "On its way"}
    values |= {"recipient": "a@example.com", "body": "", "written_at": now, "next_try_at": now}
    return OutboxEmail(**{**values, **fields})
