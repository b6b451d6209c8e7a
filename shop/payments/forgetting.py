"""What payments keep of a buyer goes with the order's: callbacks as received, codes the buyer gave, people's words.

What the shop read from a callback stays: its claim, sum, row and reason are the proof of the money. So do the lines of
the money book with their codes, without the buyer's name in their reasons.
"""

from sqlalchemy import delete, select

from shop.database import db
from shop.orders.models import Order
from shop.orders.persons import Person
from shop.orders.signals import order_forgotten
from shop.payments.models import CallbackRecord, MoneyEntry, OfferedCode, PaymentAttempt, PaymentCheck


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
    for entry in db.session.scalars(select(MoneyEntry).where(MoneyEntry.order_id == order.id)):
        entry.reason = person.out_of(entry.reason)
    for check in db.session.scalars(select(PaymentCheck).where(PaymentCheck.order_id == order.id)):
        check.words, check.closing_words = person.out_of(check.words), person.out_of(check.closing_words)
    db.session.execute(delete(OfferedCode).where(OfferedCode.order_id == order.id))
