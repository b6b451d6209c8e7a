"""Writes the orders of two years directly into the tables."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Engine, Table, insert, text

from shop.core.database import db
from shop.orders.search_index import normalised_word, search_terms, search_terms_of_row

END = datetime(2026, 11, 24, 9, tzinfo=UTC)
LENGTH = timedelta(days=730)
BATCH = 20_000
FIRST = (
    *("Wanjiru", "Achieng", "Kamau", "Otieno", "Njeri", "Mwangi", "Atieno", "Kiprop", "Chebet", "Mutua", "Nduta"),
    *("Barasa", "Wafula", "Hassan", "Amina", "Zawadi"),
)
LAST = (
    *("Kamau", "Otieno", "Wanjala", "Odhiambo", "Kariuki", "Mwangi", "Njoroge", "Kimani", "Cheruiyot", "Muthoni"),
    *("Onyango", "Wekesa", "Maina", "Juma", "Ali"),
)
GOODS = (("KIO-CLA-TER", "Kiondo, classic"), ("SOA-BOW-PLA", "Soapstone bowl"), ("KIK-TOW-IND", "Kikoi towel"))
AREAS = ("Nairobi CBD", "Westlands", "Kilimani", "Kisumu", "Mombasa", "Nakuru", "Eldoret", "Thika", "Nyeri", "Pickup")
KINDS = (  # (count in 100 orders, payment, fulfilment)
    (2, "paid", "unfulfilled"),
    (1, "paid", "packed"),
    (70, "paid", "delivered"),
    (9, "paid", "sent"),
    (1, "awaiting", "unfulfilled"),
    (1, "review", "unfulfilled"),
    (14, "expired", "unfulfilled"),
    (2, "cancelled", "unfulfilled"),
)


def fill(engine: Engine, count: int) -> None:
    """Write `count` orders with lines, payment attempts and search terms, and run ANALYZE."""
    for name, rows in _tables(count).items():
        table = db.metadata.tables[name]
        while some := list(islice(rows, BATCH)):
            _insert(engine, table, some)
    if engine.dialect.name == "postgresql":  # as autovacuum does some minutes later
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))


def code_of(one: int) -> str:
    """The M-PESA code of an order."""
    return f"TKO{one:07d}"


def order_of(one: int, count: int) -> dict[str, Any]:
    """Order number `one` of `count`."""
    chance = random.Random(one)
    states = [state for state in KINDS for _ in range(state[0])]
    _, payment, fulfilment = states[chance.randrange(100)]
    placed = END - LENGTH * (count - one) / count
    total = chance.randrange(500, 9000)
    first, last = chance.choice(FIRST), chance.choice(LAST)
    return {
        "id": one,
        "number": f"{10_000_000 + one * 7919 % 89_999_987}",
        "token": f"t{one}",
        "checkout_key": f"k{one}",
        "payment": payment,
        "fulfilment": fulfilment,
        "paid_late": False,
        "refund_due": chance.random() < 0.002,
        "open_warning": chance.random() < 0.01,
        "attempts_opened": 0,
        "full_name": _name(one) or f"{first} {last}",
        "phone_number": f"2547{chance.randrange(100_000_000):08d}",
        "email": f"{first}.{last}{one}@{chance.choice(('example.com', 'example.org'))}".lower(),
        "location": "Near the stage, blue gate, second floor, ask for the shop of spare parts",
        "note": "",
        "area_name": chance.choice(AREAS),
        "area_delivery_time": "1-2 days",
        "pickup": False,
        "subtotal": total,
        "discount": 0,
        "delivery_fee": 0,
        "total": total,
        "discount_code": "",
        "placed_at": placed,
        "expires_at": placed + timedelta(minutes=30),
        "paid_at": placed + timedelta(minutes=3) if payment == "paid" else None,
    }


def _name(one: int) -> str:
    """A name; one is rare (1 in 10,000 orders), one less rare (1 in 200)."""
    return "Nyokabi Rarely" if one % 10_000 == 500 else "Kiprono Seldom" if one % 200 == 100 else ""


def _tables(count: int) -> dict[str, Iterator[dict[str, Any]]]:
    numbers = range(1, count + 1)
    return {
        "orders": (order_of(one, count) for one in numbers),
        "order_line": (_line(one) for one in numbers),
        "order_event": (_event(one, kind) for one in numbers for kind in range(3)),
        "payment_attempt": (_attempt(one) for one in numbers),
        "order_search_term": (row for one in numbers for row in _words(order_of(one, count))),
    }


def _line(one: int) -> dict[str, Any]:
    sku, name = GOODS[one % 3]
    said = {"sku": sku, "name": name, "label": "", "image": "img/logo.svg", "unit_price": 900, "quantity": 1}
    return {"id": one, "order_id": one, "position": 0, **said}


def _event(one: int, kind: int) -> dict[str, Any]:
    words = ("Order placed", "Payment received", "Packed order")[kind]
    said = {"words": words, "for_buyer": True, "warning": False, "actor": ""}
    return {"id": one * 3 + kind, "order_id": one, "at": END, **said}


def _attempt(one: int) -> dict[str, Any]:
    said = {"state": "paid", "amount": 900, "create_error": "", "method": "MPESA", "reason": "", "created_at": END}
    return {"id": one, "order_id": one, "reference": _reference(one), "secret_hash": f"h{one}", **said}


def _reference(one: int) -> int:
    return 100_000_000 + one * 104_729 % 1_900_000_000


def _words(order: dict[str, Any]) -> Iterator[dict[str, Any]]:
    one = order["id"]
    sku, name = GOODS[one % 3]
    row = search_terms_of_row(order["number"], order["full_name"], order["phone_number"], order["email"])
    for word in row | search_terms(name) | {normalised_word(sku), normalised_word(code_of(one)), str(_reference(one))}:
        yield {"word": word, "order_id": one}


def _insert(engine: Engine, table: Table, rows: list[dict[str, Any]]) -> None:
    """Write rows in one transaction; on PostgreSQL with COPY, which is ten times faster."""
    names = list(rows[0])
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if hasattr(raw.cursor(), "copy"):
            with raw.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([row[name] for name in names])
            raw.commit()
        else:
            connection.execute(insert(table), rows)
            connection.commit()
