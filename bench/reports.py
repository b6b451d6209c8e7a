"""Benchmark of the reports with 100,000 orders: python -m bench.reports"""

import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from shop import create_app
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order, OrderLine
from shop.payments.models import PaymentAttempt
from shop.reports.date_ranges import last_days
from shop.reports.queries import build_report
from tests.databases import migrate_and_seed

DAYS = 360
FEW, MANY = 1_000, 100_000
ROUNDS = 9


def fill(count: int) -> None:
    """Write `count` orders over a year, two thirds of them paid."""
    now, step = utcnow(), timedelta(days=DAYS) / count
    orders, lines, attempts = [], [], []
    for one in range(1, count + 1):
        at, total, paid = now - one * step, 500 + one % 4000, one % 3 > 0
        buyer = {
            "full_name": "Achieng Otieno",
            "phone_number": "254722000111",
            "email": "a@example.com",
            "location": "",
        }
        keys = {"id": one, "number": f"{10_000_000 + one}", "token": f"t{one}", "checkout_key": f"k{one}"}
        sums = {"subtotal": total, "discount": 0, "delivery_fee": 0, "total": total, "pickup": False}
        moments = {"placed_at": at, "expires_at": at, "paid_at": at if paid else None}
        area = {
            "note": "",
            "area_name": "Nairobi CBD",
            "area_delivery_time": "",
            "payment": "paid" if paid else "expired",
        }
        orders.append({**keys, **buyer, **sums, **moments, **area})
        line = {"order_id": one, "position": 0, "sku": f"SKU{one % 60}", "name": f"Thing {one % 60}", "label": ""}
        lines.append({**line, "image": "", "unit_price": total, "quantity": 1})
        state = {"state": "paid" if paid else "failed", "method": "MPESA" if one % 5 else "CARD"}
        attempt = {"order_id": one, "reference": one, "secret_hash": f"h{one}", "amount": total, "created_at": at}
        attempts.append({**attempt, **state, "reason": "" if paid else "timed_out"})
    for model, rows in ((Order, orders), (OrderLine, lines), (PaymentAttempt, attempts)):
        for begin in range(0, count, 5000):
            write(
                lambda model=model, rows=rows, begin=begin: db.session.execute(
                    insert(model), rows[begin : begin + 5000]
                )
            )


def measure(count: int) -> dict[int, float]:
    """The median time of a report of 1, 7 and 30 days, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate_and_seed(url, Path(folder))
        app = create_app({"DATABASE_URL": url, "INSTANCE_PATH": folder})
        with app.app_context():
            fill(count)
            return {days: statistics.median(_one(days) for _ in range(ROUNDS)) for days in (1, 7, 30)}


def _one(days: int) -> float:
    db.session.rollback()
    began = time.perf_counter()
    made = build_report(last_days(days, utcnow()))
    took = time.perf_counter() - began
    assert made.sales.count
    return took * 1000


def compared(few: int = FEW, many: int = MANY) -> dict[int, tuple[float, float]]:
    """{days: (median milliseconds with `many` orders, ratio to `few`)}."""
    small, large = measure(few), measure(many)
    return {days: (large[days], large[days] / small[days]) for days in large}


if __name__ == "__main__":
    for days, (milliseconds, ratio) in compared().items():
        sys.stdout.write(f"{days:2} days among {MANY:,} orders: {milliseconds:7.2f} ms, {ratio:.2f} x\n")
