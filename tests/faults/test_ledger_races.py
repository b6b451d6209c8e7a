"""Stock that is counted, received and written off while it is bought: exact to the piece, and the ledger says so."""

import pytest

from shop.catalog import stock
from shop.core.database import write
from tests import both_databases
from tests.faults.at_once import at_once
from tests.product_factory import Goods
from tests.shopper import SKU


@pytest.fixture
def goods(app):
    """What is sold."""
    return Goods(app)


def work_at_once(app, crowd, together, sku):
    """Twelve buyers, eight who note what has arrived and eight who note what broke, all at one moment."""
    together(12)

    def note(pieces):
        def do():
            with app.app_context():
                return write(lambda: stock.change_stock(sku, pieces, "Received" if pieces > 0 else "Damaged or lost"))

        return do

    return at_once([*crowd(12), *[note(3)] * 8, *[note(-1)] * 8])


@both_databases
def test_stock_that_changes_while_it_is_bought_adds_up_to_the_piece(app, shopper, goods, crowd, together):
    with app.app_context():
        write(lambda: stock.set_stock(SKU, 100, "Counted anew"))
    shopper.add(SKU)

    replies = work_at_once(app, crowd, together, SKU)

    assert [reply.status_code for reply in replies[:12]] == [303] * 12
    one = goods.variant(SKU)
    assert (one.on_hand, one.held) == (100 + 8 * 3 - 8, 12)
    assert goods.unexplained() == []


@both_databases
def test_a_count_below_what_buyers_are_holding_at_that_moment_never_wins(app, shopper, goods, crowd, together):
    with app.app_context():
        write(lambda: stock.set_stock(SKU, 20, "Counted anew"))
    shopper.add(SKU)
    buyers = crowd(20)
    together(20)

    def count():
        with app.app_context():
            try:
                write(lambda: stock.set_stock(SKU, 5, "Counted anew"))
            except stock.HeldByOrders as short:
                return short.held
            return 0

    replies = at_once([*buyers, count])

    one = goods.variant(SKU)
    assert one.held == sum(reply.status_code == 303 for reply in replies[:20])
    assert 0 <= one.held <= one.on_hand
    assert goods.unexplained() == []
