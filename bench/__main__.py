"""Benchmark of the pages: `make bench`. It measures ratios in one run, because machines are noisy.

Each page is asked for in turn with a page that does nothing (/healthz), in this process, without a network: what is
compared is the shop's own work. The list of orders is compared with itself: among many orders, and among few.
The short forms (`pages(rounds=2)`, `lists(few=30, many=60, rounds=2)`) run among the tests.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from bench import reports
from bench.orders_list import FEW, MANY, lists
from shop import create_app
from tests.databases import migrate_and_seed

PAGES = ("/", "/categories/baskets", "/products/kiondo-classic", "/search?q=basket", "/cart", "/orders/find")


def pages(rounds: int = 200) -> dict[str, tuple[float, float]]:
    """{page: (median milliseconds, ratio to an empty page)}."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate_and_seed(url, Path(folder))
        app = create_app({"DATABASE_URL": url, "INSTANCE_PATH": folder, "RATELIMIT_ENABLED": "0"})
        return _measure(app, rounds)


def _measure(app: Flask, rounds: int) -> dict[str, tuple[float, float]]:
    client = app.test_client()
    times: dict[str, list[float]] = {page: [] for page in ("/healthz", *PAGES)}
    for _ in range(rounds + 1):  # the first round fills the caches of templates and statements
        for page in times:
            times[page].append(_one(client, page))
    medians = {page: statistics.median(seconds[1:]) * 1000 for page, seconds in times.items()}
    return {page: (medians[page], medians[page] / medians["/healthz"]) for page in PAGES}


def _one(client: FlaskClient, page: str) -> float:
    began = time.perf_counter()
    reply = client.get(page)
    took = time.perf_counter() - began
    assert reply.status_code == 200, page
    return took


if __name__ == "__main__":
    import logging

    logging.disable(logging.INFO)
    for page, (milliseconds, ratio) in pages().items():
        sys.stdout.write(f"{page:28} {milliseconds:6.2f} ms {ratio:6.1f} x /healthz\n")
    for kind in ("sqlite", "postgresql"):
        sys.stdout.write(f"\nOrders on {kind}: among {MANY:,}, and how many times as long as among {FEW:,}\n")
        for name, (milliseconds, ratio) in lists(kind).items():
            sys.stdout.write(f"{name:28} {milliseconds:6.2f} ms {ratio:6.2f} x\n")
    sys.stdout.write(f"\nReports: among {reports.MANY:,} orders, and how many times as long as among {reports.FEW:,}\n")
    for days, (milliseconds, ratio) in reports.compared().items():
        sys.stdout.write(f"{f'{days} days':28} {milliseconds:6.2f} ms {ratio:6.2f} x\n")
