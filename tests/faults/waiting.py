"""Orders that wait for their money, and are put back to wait again when a callback has moved them."""

from typing import Any

from flask import Flask
from sqlalchemy import delete, func, select, update

from shop.catalog.models import Variant
from shop.core.database import db, write
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from tests.faults.reading import Reader
from tests.ledger_reader import Ledger
from tests.shopper import SKU, Bought, Shopper

MOVED = (Order.__table__, PaymentAttempt.__table__, Variant.__table__)


class Waiting:
    """So many purchases of one piece each; `next()` is always one that nothing has moved."""

    def __init__(self, app: Flask, shopper: Shopper, count: int) -> None:
        self.app, self.ledger, self.reader = app, Ledger(app), Reader(app)
        self.ledger.shelve(SKU, count + 10)
        self.purchases = [shopper.buy() for _ in range(count)]
        self.clean = list(self.purchases)
        self.paid = 0
        with app.app_context():
            self._before = {table: [dict(row) for row in _rows(table)] for table in MOVED}
            self._last = {
                table: db.session.scalar(select(func.max(table.c.id))) or 0
                for table in db.metadata.sorted_tables
                if table not in MOVED and "id" in table.c
            }

    def next(self) -> Bought:
        """One that waits."""
        if not self.clean:
            self.put_back()
        return self.clean[-1]

    def look(self, bought: Bought) -> tuple[str, str]:
        """Where the order and its attempt stand now. One that was moved is not taken again before it is put back."""
        found = "SELECT payment, state FROM payment_attempt JOIN orders ON orders.id = order_id WHERE reference"
        [standing] = self.reader.read(f"{found} = {int(bought.reference)}")
        if standing != ("awaiting", "open"):
            self.clean.remove(bought)
            self.paid += standing == ("paid", "paid")
        return standing[0], standing[1]

    def put_back(self) -> None:
        """Check that goods and mails fit what was paid, then let everything stand as it did at first."""
        count = len(self.purchases)
        assert self.ledger.stock(SKU) == (count + 10 - self.paid, count - self.paid)
        assert self.ledger.mails("paid") == self.ledger.mails("new_order") == self.paid
        with self.app.app_context():
            write(self._put_back)
        self.clean, self.paid = list(self.purchases), 0

    def _put_back(self) -> None:
        for table in reversed(db.metadata.sorted_tables):
            if table in self._last:
                db.session.execute(delete(table).where(table.c.id > self._last[table]))
        for table, rows in self._before.items():
            now = {row["id"]: dict(row) for row in _rows(table)}
            for row in rows:
                if now[row["id"]] != row:
                    db.session.execute(update(table).where(table.c.id == row["id"]).values(row))


def _rows(table: Any) -> Any:
    return db.session.execute(select(table)).mappings()
