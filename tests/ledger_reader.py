"""Reading and changing orders, payments and stock in the database, for tests."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from shop.catalog.models import Variant
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from shop.orders.expiry import expire_orders
from shop.orders.models import Order
from shop.payments.models import CallbackRecord, PaymentAttempt
from shop.pricing.models import DiscountCode
from tests.shopper import Bought


@dataclass(frozen=True)
class OrderState:
    """The state of an order and one of its payment attempts."""

    order: str
    attempt: str
    late: bool
    refund_due: bool
    paid: bool  # paid_at is set
    stock: tuple[int, int]  # on hand and held of its first line


@dataclass(frozen=True)
class StoredCallback:
    """One stored callback."""

    row: str
    claim: str
    amount: int | None
    raw: bytes
    reason: str
    alert: bool


class Ledger:
    """Reads and changes one shop's database."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def order_state(self, bought: Bought) -> OrderState:
        """The state of a purchase's order and payment attempt."""
        with self.app.app_context():
            attempt = db.session.scalars(select(PaymentAttempt).filter_by(reference=int(bought.reference))).one()
            order = attempt.order
            stock = self.stock(order.lines[0].sku)
            return OrderState(
                order.payment, attempt.state, order.paid_late, order.refund_due, order.paid_at is not None, stock
            )

    def callbacks(self, bought: Bought) -> list[StoredCallback]:
        """The stored callbacks of a purchase, in order."""
        with self.app.app_context():
            records = db.session.scalars(
                select(CallbackRecord)
                .join(PaymentAttempt)
                .where(PaymentAttempt.reference == int(bought.reference))
                .order_by(CallbackRecord.id)
            )
            return [StoredCallback(one.row, one.claim, one.amount, one.raw, one.reason, one.alert) for one in records]

    def mails(self, kind: str) -> int:
        """How many emails of a kind were written."""
        return self.count(OutboxEmail, OutboxEmail.kind == kind)

    def stock(self, sku: str) -> tuple[int, int]:
        """The stock of a SKU: on hand and held."""
        with self.app.app_context():
            return tuple(db.session.execute(select(Variant.on_hand, Variant.held).filter_by(sku=sku)).one())

    def warnings(self, bought: Bought) -> list[str]:
        """The warnings for the merchant in the order's timeline."""
        with self.app.app_context():
            return [event.words for event in self._order(bought).events if event.warning]

    def timeline(self, bought: Bought) -> list[str]:
        """The order's timeline, as the buyer sees it."""
        with self.app.app_context():
            return [event.words for event in self._order(bought).events if event.for_buyer]

    def count(self, model: Any, *where: Any) -> int:
        """How many rows."""
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0

    def count_paid(self) -> int:
        """How many orders are paid."""
        return self.count(Order, Order.payment == "paid")

    def uses(self, code: str) -> int:
        """How many uses a discount code has."""
        with self.app.app_context():
            return db.session.scalars(select(DiscountCode.uses).filter_by(code=code)).one()

    def column(self, name: str, bought: Bought) -> Any:
        """One column of the order."""
        with self.app.app_context():
            return getattr(self._order(bought), name)

    def put(self, model: Any, where: dict[str, Any], **values: Any) -> None:
        """Set columns of the one row that matches."""

        def change() -> None:
            row = db.session.scalars(select(model).filter_by(**where)).one()
            for name, value in values.items():
                setattr(row, name, value)

        with self.app.app_context():
            write(change)

    def line_id(self, bought: Bought) -> int:
        """The id of the order's first line."""
        with self.app.app_context():
            return self._order(bought).lines[0].id

    def put_mail(self, kind: str, **values: Any) -> None:
        """Set columns of the one email of a kind."""
        self.put(OutboxEmail, {"kind": kind}, **values)

    def shelve(self, sku: str, count: int) -> None:
        """Set the stock of a SKU, with none held."""
        self.put(Variant, {"sku": sku}, on_hand=count, held=0)

    def put_order(self, bought: Bought, **values: Any) -> None:
        """Set columns of a purchase's order."""
        self.put(Order, {"token": bought.order_path.rsplit("/", 1)[1]}, **values)

    def put_attempt(self, bought: Bought, **values: Any) -> None:
        """Set columns of a purchase's payment attempt."""
        self.put(PaymentAttempt, {"reference": int(bought.reference)}, **values)

    def expire(self, after: timedelta = timedelta(minutes=31)) -> int:
        """Expire orders as if this much time had passed; returns how many."""
        with self.app.app_context():
            return expire_orders(utcnow() + after)

    def cancel(self, bought: Bought) -> None:
        """Cancel an unpaid order, as the merchant does."""
        from shop.orders import transitions

        def cancel() -> None:
            order = self._order(bought)
            transitions.transition(order, "awaiting", "cancelled")
            transitions.release_order(order)

        with self.app.app_context():
            write(cancel)

    def _order(self, bought: Bought) -> Order:
        token = bought.order_path.rsplit("/", 1)[1]
        return db.session.scalars(select(Order).filter_by(token=token)).one()
