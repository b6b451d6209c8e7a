"""Orders written directly into the database, for tests that need many or unusual ones."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flask import Flask

from shop.core.clock import utcnow
from shop.core.database import write
from shop.orders.models import Order, OrderLine
from shop.payments.models import AttemptState, CallbackRecord, PaymentAttempt

_numbers = count(1)
NOON = datetime.fromisoformat("2026-11-02T09:00:00+00:00")


def order(**fields: Any) -> Order:
    """An order with one line, a minute newer than the one before. `fields` override its columns."""
    one = next(_numbers)
    total = fields.pop("total", 2450)
    values = {
        "number": f"{10_000_000 + one}",
        "token": f"token-{one}",
        "checkout_key": f"key-{one}",
        "full_name": "Achieng Otieno",
        "phone_number": "254722000111",
        "email": "achieng@example.com",
        "location": "Behind the market",
        "note": "",
        "area_name": "Nairobi CBD",
        "area_delivery_time": "tomorrow",
        "pickup": False,
        "subtotal": total,
        "discount": 0,
        "delivery_fee": 0,
        "total": total,
        "placed_at": NOON + timedelta(minutes=one),
        "expires_at": NOON + timedelta(minutes=one + 30),
        **fields,
    }
    line = OrderLine(position=0, sku="KIO", name="Kiondo", label="", image="img/logo.svg", unit_price=total, quantity=1)
    made = Order(**values, lines=[line])
    made.record("Order placed", for_buyer=True)
    return made


def attempt(callbacks: Sequence[CallbackRecord] = (), **fields: Any) -> PaymentAttempt:
    """A payment attempt. `keep` writes its callbacks."""
    one = next(_numbers)
    values = {"reference": 700_000_000 + one, "secret_hash": f"hash-{one}", "state": AttemptState.OPEN, "amount": 2450}
    made = PaymentAttempt(**{**values, "created_at": NOON, **fields})
    made.heard = callbacks
    return made


def callback(raw: bytes = b"{}", **fields: Any) -> CallbackRecord:
    """A stored callback."""
    values = {
        "headers": "",
        "claim": "no",
        "amount": None,
        "row": "R6",
        "reason": "The payment failed.",
        "alert": False,
    }
    return CallbackRecord(**{**values, "raw": raw, "received_at": utcnow(), **fields})


def keep(app: Flask, *orders: Order) -> list[str]:
    """Write orders and return their numbers."""
    from shop.core.database import db
    from shop.orders.search_index import add_search_terms, index_order

    def add() -> None:
        attempts = [each for one in orders for each in one.attempts]
        db.session.add_all(orders)
        db.session.flush()
        for each in attempts:
            for record in each.heard:
                record.attempt_id = each.id
                db.session.add(record)
        for one in orders:
            index_order(one)
            add_search_terms(one, *(str(attempt.reference) for attempt in one.attempts))

    with app.app_context():
        write(add)
        return [one.number for one in orders]
