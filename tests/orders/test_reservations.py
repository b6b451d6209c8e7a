"""Stock reservations: the effect of each step on the stock counts and the ledger."""

from dataclasses import dataclass

import pytest
from sqlalchemy import event, select

from shop.catalog.models import Product, StockEntry, Variant
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders import reservations
from shop.orders.models import Order
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
    """Lines of a written order, not in SKU order: three pieces of one SKU and two of another."""
    bought = shopper.buy()
    ledger.shelve(SKU, 10)
    ledger.shelve(OTHER, 5)
    order = ledger.column("id", bought)
    with app.app_context():
        write(lambda: db.session.execute(StockEntry.__table__.delete()))
        yield [Line(OTHER, 2, order), Line(SKU, 3, order)]


def moves() -> list[tuple]:
    """The stock ledger: SKU, change on hand, change held, reason, order."""
    columns = (StockEntry.sku, StockEntry.on_hand, StockEntry.held, StockEntry.reason, StockEntry.order_id)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(StockEntry.id))]


def short_of(act, *lines) -> tuple[str, int]:
    """SKU and pieces left of the OutOfStock that is raised."""
    with pytest.raises(OutOfStock) as short:
        write(lambda: act(lines))
    assert str(short.value) == f"{short.value.sku}: {short.value.left} left"
    return short.value.sku, short.value.left


def test_hold_holds_stock_and_record_held_writes_the_ledger(lines, ledger):
    write(lambda: reservations.hold(lines))

    assert (ledger.stock(SKU), ledger.stock(OTHER)) == ((10, 3), (5, 2))
    assert moves() == []

    write(lambda: reservations.record_held(lines))

    order = lines[0].order_id
    why = "Held for an unpaid order"
    assert moves() == [(OTHER, 0, 2, why, order), (SKU, 0, 3, why, order)]
    assert abs((db.session.scalars(select(StockEntry.at)).first() - utcnow()).total_seconds()) < 60


def test_the_last_pieces_can_be_held_and_no_more(lines, ledger):
    write(lambda: reservations.hold([Line(SKU, 6, 1)]))

    assert short_of(reservations.hold, Line(SKU, 5, 1)) == (SKU, 4)
    write(lambda: reservations.hold([Line(SKU, 4, 1)]))
    assert short_of(reservations.hold, Line(SKU, 1, 1)) == (SKU, 0)
    assert ledger.stock(SKU) == (10, 10)


@pytest.mark.parametrize("model", [Variant, Product])
def test_goods_no_longer_sold_cannot_be_held(lines, ledger, model):
    variant = db.session.scalars(select(Variant).where(Variant.sku == SKU)).one()
    (variant if model is Variant else variant.product).active = False
    db.session.commit()

    assert short_of(reservations.hold, Line(SKU, 1, 1)) == (SKU, 0)
    assert ledger.stock(SKU) == (10, 0)


def test_an_unknown_sku_is_out_of_stock(lines):
    assert short_of(reservations.hold, Line("NONE", 1, 1)) == ("NONE", 0)


def test_commit_reduces_on_hand_and_held(lines, ledger):
    write(lambda: reservations.hold(lines))
    write(lambda: reservations.commit([*lines, Line("NONE", 1, lines[0].order_id)]))

    assert (ledger.stock(SKU), ledger.stock(OTHER)) == ((7, 0), (3, 0))
    order = lines[0].order_id
    assert sorted(moves()) == sorted([(SKU, -3, -3, "Sold", order), (OTHER, -2, -2, "Sold", order)])


def test_release_reduces_held_only(lines, ledger):
    write(lambda: reservations.hold(lines))
    write(lambda: reservations.release([*lines, Line("NONE", 1, lines[0].order_id)]))

    assert (ledger.stock(SKU), ledger.stock(OTHER)) == ((10, 0), (5, 0))
    order = lines[0].order_id
    why = "On sale again, the order ended unpaid"
    assert sorted(moves()) == sorted([(SKU, 0, -3, why, order), (OTHER, 0, -2, why, order)])


def test_a_late_payment_takes_the_last_free_piece(lines, ledger):
    write(lambda: reservations.hold([Line(SKU, 7, 1)]))

    assert write(lambda: reservations.try_take(lines)) is True

    assert (ledger.stock(SKU), ledger.stock(OTHER)) == ((7, 7), (3, 0))
    order = lines[0].order_id
    why = "Sold, paid late"
    assert sorted(moves()) == sorted([(SKU, -3, 0, why, order), (OTHER, -2, 0, why, order)])


def test_a_late_payment_takes_all_lines_or_none(lines, ledger):
    write(lambda: reservations.hold([Line(SKU, 8, 1)]))

    assert write(lambda: reservations.try_take([Line(OTHER, 1, lines[0].order_id), *lines])) is False

    assert (ledger.stock(SKU), ledger.stock(OTHER)) == ((10, 8), (5, 0))
    assert moves() == []
    assert short_of(reservations.take, *lines) == (SKU, 2)


def test_a_late_payment_takes_goods_that_are_no_longer_sold(lines, ledger):
    variant = db.session.scalars(select(Variant).where(Variant.sku == SKU)).one()
    variant.active = variant.product.active = False
    db.session.commit()

    assert write(lambda: reservations.try_take(lines)) is True
    assert ledger.stock(SKU) == (7, 0)


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


def test_a_step_without_changes_writes_no_ledger_entry(lines):
    write(lambda: reservations.commit([]))

    assert moves() == []
    assert db.session.scalars(select(Order.id)).all() == [lines[0].order_id]


def test_no_more_pieces_can_be_put_back_than_the_order_took(lines, ledger):
    write(lambda: (reservations.hold(lines), reservations.commit(lines)))
    order = lines[0].order_id

    with pytest.raises(TooManyBack) as back:
        write(lambda: reservations.put_back(order, {OTHER: 3}, "Back", "owner@example.com"))

    assert (back.value.sku, back.value.left, str(back.value)) == (OTHER, 2, f"{OTHER}: 2 may come back")
    write(lambda: reservations.put_back(order, {OTHER: 2, SKU: 0}, "Back", "owner@example.com"))
    assert (ledger.stock(OTHER), ledger.stock(SKU)) == ((5, 0), (7, 0))


def test_goods_of_a_deleted_variant_are_not_held_again(lines, ledger):
    write(lambda: (reservations.hold(lines), reservations.commit(lines)))

    write(lambda: reservations.hold_again([*lines, Line("NO-SUCH-SKU", 1, lines[0].order_id)]))

    assert (ledger.stock(OTHER), ledger.stock(SKU)) == ((5, 2), (10, 3))
    assert "NO-SUCH-SKU" not in {sku for sku, *_ in moves()}
