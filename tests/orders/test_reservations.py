"""Stock reservations: the effect of each step on the stock counts and the ledger."""

from dataclasses import dataclass

import pytest
from sqlalchemy import event, select

from shop.catalog.models import StockEntry, Variant
from shop.core.database import db, write
from shop.orders import reservations
from shop.orders.reservations import OutOfStock, TooManyBack
from tests import both_databases
from tests.shopper import SKU

pytestmark = both_databases
OTHER = "STA-BEA-ONE"


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: int
    order_id: int


@pytest.fixture
def lines(app, shopper, ledger):
    """Lines of a written order, not in SKU order: two pieces of 5 in stock, and three pieces of 10."""
    bought = shopper.buy()
    ledger.shelve(SKU, 10)
    ledger.shelve(OTHER, 5)
    order = ledger.column("id", bought)
    with app.app_context():
        write(lambda: db.session.execute(StockEntry.__table__.delete()))
        yield [Line(OTHER, 2, order), Line(SKU, 3, order)]


@pytest.fixture
def stock(ledger):
    """The stock of both SKUs: on hand and held."""
    return lambda: (ledger.stock(SKU), ledger.stock(OTHER))


def moves() -> list[tuple]:
    """The stock ledger: SKU, change on hand, change held, reason, order."""
    columns = (StockEntry.sku, StockEntry.on_hand, StockEntry.held, StockEntry.reason, StockEntry.order_id)
    return sorted(tuple(row) for row in db.session.execute(select(*columns)))


def short_of(step, *lines) -> tuple[str, int]:
    """SKU and pieces left of the OutOfStock that is raised."""
    with pytest.raises(OutOfStock) as short:
        write(lambda: step(lines))
    assert str(short.value) == f"{short.value.sku}: {short.value.left} left"
    return short.value.sku, short.value.left


@pytest.mark.parametrize(
    ("before", "step", "on_hand", "held", "reason"),
    [
        ("nothing", "hold", 0, 1, None),  # the order is not written yet
        ("nothing", "record_held", 0, 0, "Held for an unpaid order"),
        ("hold", "commit", -1, 0, "Sold"),
        ("hold", "release", 0, 0, "On sale again, the order ended unpaid"),
        ("nothing", "take", -1, 0, "Sold, paid late"),
        ("nothing", "hold_again", 1, 1, "Held again, the order is not paid after all"),
    ],
)
def test_each_step_changes_stock_and_writes_the_stock_ledger(lines, stock, before, step, on_hand, held, reason):
    if before == "hold":
        write(lambda: reservations.hold(lines))
    deleted = [] if step in ("hold", "record_held", "take") else [Line("NONE", 1, lines[0].order_id)]
    write(lambda: getattr(reservations, step)([*lines, *deleted]))

    assert stock() == ((10 + 3 * on_hand, 3 * held), (5 + 2 * on_hand, 2 * held))
    held_before = 1 if before == "hold" or step == "record_held" else 0
    change = 1 if step == "record_held" else held - held_before
    expected = [(sku, pieces * on_hand, pieces * change) for sku, pieces in ((SKU, 3), (OTHER, 2))]
    assert moves() == ([(*move, reason, lines[0].order_id) for move in expected] if reason else [])
    write(lambda: reservations.commit([]))
    assert len(moves()) == (2 if reason else 0)


def test_the_last_pieces_can_be_held_and_no_more(lines, ledger):
    write(lambda: reservations.hold([Line(SKU, 6, 1)]))

    assert short_of(reservations.hold, Line(SKU, 5, 1)) == (SKU, 4)
    write(lambda: reservations.hold([Line(SKU, 4, 1)]))
    assert short_of(reservations.hold, Line(SKU, 1, 1)) == (SKU, 0)
    assert short_of(reservations.hold, Line("NONE", 1, 1)) == ("NONE", 0)
    assert ledger.stock(SKU) == (10, 10)


@pytest.mark.parametrize("status", ["", "draft", "hidden", "archived"])
def test_products_not_for_sale_cannot_be_held_but_a_late_payment_takes_them(lines, ledger, status):
    variant = db.session.scalars(select(Variant).where(Variant.sku == SKU)).one()
    variant.active = bool(status)
    variant.product.status = status or "published"
    db.session.commit()

    assert short_of(reservations.hold, Line(SKU, 1, 1)) == (SKU, 0)
    assert ledger.stock(SKU) == (10, 0)
    assert write(lambda: reservations.try_take(lines)) is True
    assert ledger.stock(SKU) == (7, 0)


def test_a_late_payment_takes_all_lines_or_none(lines, stock):
    write(lambda: reservations.hold([Line(SKU, 8, 1)]))

    assert write(lambda: reservations.try_take([Line(OTHER, 1, lines[0].order_id), *lines])) is False
    assert (stock(), moves()) == (((10, 8), (5, 0)), [])
    assert short_of(reservations.take, *lines) == (SKU, 2)
    write(lambda: reservations.release([Line(SKU, 1, lines[0].order_id)]))
    assert write(lambda: reservations.try_take(lines)) is True
    assert stock() == ((7, 7), (3, 0))


@pytest.mark.parametrize("step", [reservations.hold, reservations.commit, reservations.release, reservations.take])
def test_each_step_updates_variants_in_sku_order(lines, ledger, step):
    for sku in (SKU, OTHER):
        ledger.put(Variant, {"sku": sku}, on_hand=20, held=10)
    locked = []

    def note(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("UPDATE variant"):
            values = parameters.values() if isinstance(parameters, dict) else parameters
            locked.append(next(value for value in values if value in (SKU, OTHER)))

    event.listen(db.engine, "before_cursor_execute", note)
    for turned in (lines, lines[::-1]):
        write(lambda turned=turned: step(turned))
    event.remove(db.engine, "before_cursor_execute", note)

    assert locked == sorted([SKU, OTHER]) * 2


def test_no_more_pieces_can_be_put_back_than_the_order_took(lines, stock):
    write(lambda: (reservations.hold(lines), reservations.commit(lines)))
    order = lines[0].order_id

    with pytest.raises(TooManyBack) as back:
        write(lambda: reservations.put_back(order, {OTHER: 3}, "Back", "owner@example.com"))

    assert (back.value.sku, back.value.left, str(back.value)) == (OTHER, 2, f"{OTHER}: 2 may come back")
    write(lambda: reservations.put_back(order, {OTHER: 2, SKU: 0}, "Back", "owner@example.com"))
    assert stock() == ((7, 0), (5, 0))
