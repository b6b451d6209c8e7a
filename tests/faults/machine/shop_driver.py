"""The shop under the machine: its routes, its worker's sweeps, its clock, and its tables emptied in a moment."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from shop.checkout.forms import new_key
from shop.chpter import PaymentSession, SessionRequest, Unreachable
from shop.core.database import db
from shop.emails import delivery
from shop.orders import expiry
from shop.payments import callback_spool
from tests.admin_client import AdminClient, create_owner
from tests.faults.machine.model import AREAS, CODES, SHELF
from tests.shopper import ANSWERS, Shopper, hidden_fields

OPENING_DAY = datetime(2026, 11, 2, 6, tzinfo=UTC)
FILLED = (  # what a run leaves behind, children first
    *("audit_log_entry", "outbox_email", "ledger_entry", "review_flag", "offered_code", "callback_record"),
    *("payment_attempt", "order_event", "order_search_term", "order_line", "stock_entry", "orders"),
)


class Clock:
    """Stands in for `datetime` in shop/core/clock.py: it is as late as we say."""

    moment = OPENING_DAY

    def now(self, zone: Any) -> datetime:
        return self.moment.astimezone(zone)

    def move(self, actor: timedelta) -> None:
        self.moment += actor


class Chpter:
    """Stands in for the client: opens pages as long as it is up, and remembers what it was asked for."""

    up = True
    asked: SessionRequest

    def open_session(self, request: SessionRequest) -> PaymentSession:
        self.asked = request
        if not self.up:
            raise Unreachable
        return PaymentSession(f"https://chpter.co/pay/{request.order_id}")


class Reader:
    """A connection of its own that sees what is committed."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            engine = db.engine
        self._connection = engine.raw_connection()
        if engine.dialect.name == "postgresql":
            self._connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """All rows."""
        cursor = self._connection.cursor()
        cursor.execute(query)
        return [tuple(row) for row in cursor.fetchall()]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


class ShopDriver:
    """One shop, used by one run after the other."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.app, self.clock, self.chpter = app, clock, Chpter()
        app.extensions["chpter"] = self.chpter
        self.settings = app.config["SETTINGS"]
        self.runs = self.steps = 0
        self.rows: Counter[str] = Counter()  # of the settling table, and how often each was reached
        with app.app_context():
            self.engine = db.engine
        self.reader = Reader(app)
        self.read = self.reader.read
        self._prepare()
        create_owner(app)
        owner = AdminClient(app)
        assert owner.sign_in().status_code == 303
        self.admin_token = hidden_fields(owner.get("/admin/").text)["csrf_token"]
        buyer = Shopper(app)
        self.areas = {code: buyer.area(code) for code in AREAS}
        self.buyer_token = hidden_fields(buyer.get("/orders/find").text)["csrf_token"]
        self.admin, self.browser = owner.browser, buyer.browser
        self.cookies = {one: one.get_cookie("session").value for one in (self.admin, self.browser)}
        self.server = app.test_client(use_cookies=False)

    def close(self) -> None:
        self.reader.close()

    def begin(self) -> None:
        """A new run: nothing was ever ordered."""
        self.clock.moment = OPENING_DAY
        self.chpter.up = True
        self.runs += 1
        for browser, cookie in self.cookies.items():
            browser.set_cookie("session", cookie)
        for folder in ("spool", "mail"):
            shutil.rmtree(self.settings.instance_path / folder, ignore_errors=True)
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            for table in FILLED:
                connection.execute(text(f"DELETE FROM {table}"))
            for sku, count in SHELF.items():
                there = {"sku": sku, "count": count, "at": OPENING_DAY.replace(tzinfo=None)}
                connection.execute(text("UPDATE variant SET on_hand = :count, held = 0 WHERE sku = :sku"), there)
                line = "INSERT INTO stock_entry (at, sku, on_hand, held, reason, actor)"
                connection.execute(text(f"{line} VALUES (:at, :sku, :count, 0, 'Opening stock', '')"), there)
            connection.execute(text("UPDATE discount_code SET uses = 0"))

    def _prepare(self) -> None:
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            for code, (_, _, _, most) in CODES.items():
                values = {"code": code, "most": most}
                connection.execute(text("UPDATE discount_code SET max_uses = :most WHERE code = :code"), values)

    # the buyer

    def add(self, sku: str, count: int) -> TestResponse:
        return self.browser.post("/cart/add", data={"sku": sku, "quantity": str(count)})

    def empty_cart(self) -> None:
        self.browser.post("/cart/update", data={f"quantity-{sku}": "0" for sku in SHELF})

    def press_pay(self, area: str, code: str, total: int) -> TestResponse:
        """Send the checkout form, with the total the buyer reckons."""
        with self.app.app_context():
            idempotency_key = new_key()
        shown = hidden_fields(self.browser.get("/checkout").text).get("shown", "")
        hidden = {
            "csrf_token": self.buyer_token,
            "checkout_key": idempotency_key,
            "shown_total": str(total),
            "shown": shown,
            "pay": "1",
        }
        return self.browser.post("/checkout", data={**ANSWERS, "area": self.areas[area], "code": code, **hidden})

    def newest(self) -> tuple[str, str]:
        """Token and number of the order that was just placed."""
        [(token, number)] = self.read("SELECT token, number FROM orders ORDER BY id DESC LIMIT 1")
        return token, number

    # Chpter

    def post(self, address: str, raw: bytes, from_browser: bool = False) -> int:
        headers = {"Origin": "http://localhost"} if from_browser else {}
        return self.server.post(address, data=raw, headers=headers, content_type="application/json").status_code

    # the admin

    def press(self, number: str, act: str, **fields: str) -> TestResponse:
        return self.admin.post(f"/admin/orders/{number}/{act}", data={"csrf_token": self.admin_token, **fields})

    def write_stock(self, sku: str, kind: str, pieces: int) -> int:
        page = f"/admin/stock/{sku}"
        fields = {**hidden_fields(self.admin.get(page).text, page), "kind": kind, "pieces": str(pieces), "note": ""}
        return self.admin.post(page, data=fields).status_code

    # the worker

    def expire(self) -> int:
        with self.app.app_context():
            return expiry.expire_orders(self.clock.moment)

    def drain(self) -> int:
        with self.app.app_context():
            return callback_spool.drain_spool()

    def send(self) -> int:
        with self.app.app_context():
            return delivery.send_due(self.settings, self.clock.moment)

    @property
    def mails_sent(self) -> int:
        return len(list((self.settings.instance_path / "mail").glob("*.eml")))

    # what there is

    @contextmanager
    def refusing(self, statement: int) -> Iterator[None]:
        """The database refuses this statement and all that come after it."""
        seen = 0

        def refuse(*_statement: Any) -> None:
            nonlocal seen
            seen += 1
            if seen >= statement:
                raise OperationalError("refused", {}, Exception("the database is away"))

        event.listen(self.engine, "before_cursor_execute", refuse)
        try:
            yield
        finally:
            event.remove(self.engine, "before_cursor_execute", refuse)


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at_unlink(patch: Any) -> Iterator[None]:
    """The worker dies after settling, before it takes the file away."""

    def die(*_args: object, **_options: object) -> None:
        raise Killed

    with patch.context() as patched:
        patched.setattr(Path, "unlink", die)
        with suppress(Killed):
            yield


def body(total: int, reference: str, changes: dict[str, Any]) -> bytes:
    """A documented success, changed."""
    claims = {
        "payment_method": "MPESA",
        "paid": "True",
        "response_status": 200,
        "order_id": reference,
        "message": "M-PESA Payment Successful",
        "amount": str(total),
        "payment_status": "Payment complete.",
    }
    return json.dumps({**claims, **changes}).encode()
