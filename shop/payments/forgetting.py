"""What payments keep of a buyer goes with the order's: callbacks as received, and the way to the payment page.

What the shop read from a callback stays: its claim, sum, row and reason are the proof of the money.
"""

from sqlalchemy import select

from shop.database import db
from shop.orders.models import Order
from shop.orders.persons import Person
from shop.orders.signals import order_forgotten
from shop.payments.models import CallbackRecord, PaymentAttempt


def listen() -> None:
    """Begin to hear of forgotten orders. Safe to call again."""
    order_forgotten.connect(_forget)


def _forget(order: Order, person: Person) -> None:
    records = select(CallbackRecord).join(PaymentAttempt).where(PaymentAttempt.order_id == order.id)
    for record in db.session.scalars(records):
        record.raw, record.headers = b"", ""
        record.reason = person.out_of(record.reason)
    for attempt in order.attempts:
        attempt.checkout_link = None
