"""Benchmark of the admin's list of orders and its search, with many orders and with few in turn."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from bench.many_orders import AREAS, END, LENGTH, code_of, fill, order_of
from shop import create_app
from shop.core.database import db
from tests.admin_client import AdminClient, create_owner
from tests.databases import Postgres, migrate_and_seed

FEW, MANY = 1_000, 100_000


def lists(kind: str = "sqlite", few: int = FEW, many: int = MANY, rounds: int = 40) -> dict[str, tuple[float, float]]:
    """{list: (median milliseconds with `many` orders, ratio to `few`)}."""
    with tempfile.TemporaryDirectory() as folder, _databases(kind, Path(folder)) as urls:
        clients, pages = [], []
        for url, count in zip(urls, (few, many), strict=True):
            app = create_app({"DATABASE_URL": url, "INSTANCE_PATH": folder, "RATELIMIT_ENABLED": "0"})
            with app.app_context():
                fill(db.engine, count)
            clients.append(_signed_in(app))
            pages.append(_pages(count))
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in pages[0]}
        for _ in range(rounds + 2):  # the first rounds fill the caches
            for name, each in times.items():
                for client, addresses, taken in zip(clients, pages, each, strict=True):
                    taken.append(_one(client, addresses[name]))
        medians = {name: [statistics.median(taken[2:]) * 1000 for taken in each] for name, each in times.items()}
        return {name: (slow, slow / quick) for name, (quick, slow) in medians.items()}


def _pages(count: int) -> dict[str, str]:
    middle = order_of(count // 2, count)
    deep = f"{round(middle['placed_at'].timestamp()) * 1_000_000}-{middle['id']}"
    day = (END - LENGTH / 2).date()
    queries = {
        "to pack": "tab=to-pack",
        "waiting": "tab=waiting",
        "to send": "tab=to-send",
        "done": "tab=done",
        "sent": "tab=sent",
        "all": "tab=all",
        "deep inside": f"tab=all&before={deep}",
        "by number": f"q={middle['number']}",
        "by phone": f"q=0{middle['phone_number'][3:]}",
        "by e-mail": f"q={middle['email']}",
        "by M-PESA code": f"q={code_of(middle['id'])}",
        "by rare name": "q=nyokabi",
        "by seldom name": "q=kiprono",
        "by common name": "q=wanjiru",
        "by two names": "q=wanjiru+kamau",
        "by part of a name": "q=mwa&tab=to-pack",
        "by product": "q=kiondo",
        "by SKU, to pack": "q=KIO-CLA-TER&tab=to-pack",
        "of an area": f"tab=all&area={AREAS[0].replace(' ', '+')}",
        "of a day": f"tab=all&from={day}&to={day}",
        "paid in half a year": f"tab=all&paid_to={day}",
    }
    return {name: f"/admin/?{query}" for name, query in queries.items()}


@contextmanager
def _databases(kind: str, folder: Path) -> Iterator[list[str]]:
    """The URLs of two databases without orders."""
    if kind == "sqlite":
        urls = [f"sqlite:///{folder}/{name}.db" for name in ("few", "many")]
        for url in urls:
            migrate_and_seed(url, folder)
        yield urls
    else:
        server = Postgres(folder, durable=True)
        try:
            yield [server.fresh(), server.fresh()]
        finally:
            server.stop()


def _signed_in(app: Flask) -> FlaskClient:
    create_owner(app)
    owner = AdminClient(app)
    assert owner.sign_in().status_code == 303
    return owner.browser


def _one(client: FlaskClient, address: str) -> float:
    began = time.perf_counter()
    reply = client.get(address)
    took = time.perf_counter() - began
    assert reply.status_code == 200, address
    return took
