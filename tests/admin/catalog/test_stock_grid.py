"""Variants of two options as a grid: their stock at once, their prices, and new combinations."""

import pytest
from sqlalchemy import update

from shop.admin.catalog.variant_grid import grid_of
from shop.catalog.models import Variant
from shop.core.database import db, write
from tests import both_databases
from tests.product_factory import fields_of, problems

SIZES = ("38", "39", "40")


@pytest.fixture
def shoe(owner, goods):
    """A shoe in three sizes and two colours, without stock; its id."""
    added = goods.added(owner, name="Shoe", sku="SHOE", stock="0")
    page = goods.options(
        owner, added, option_1="Colour", values_1="White, Black", option_2="Size", values_2="38, 39, 40"
    )
    goods.make(owner, added, page)
    return added


def of(goods, product_id, label):
    sku = next(sku for sku, words in goods.skus(product_id).items() if words == label)
    return goods.variant(sku)


def send(user, goods, shoe, kind, pieces, **more):
    """Type pieces by label into the grid."""
    page = fields_of(user.get(f"/admin/products/{shoe}/stock").text)
    typed = {f"pieces-{of(goods, shoe, label).id}": number for label, number in pieces.items()}
    return user.post(f"/admin/products/{shoe}/stock", {**page, "kind": kind, **typed, **more})


def test_the_option_with_more_values_is_in_the_rows():
    pairs = {number: (colour, size) for number, (colour, size) in enumerate((c, s) for c in "WB" for s in SIZES)}

    grid = grid_of(("Colour", "Size"), pairs)
    assert (grid.row_option, grid.columns) == ("Size", ["W", "B"])
    assert grid.rows == [("38", [0, 3]), ("39", [1, 4]), ("40", [2, 5])]
    assert grid_of(("Size",), {1: ("38",)}) is None
    assert grid_of(("Size", "Colour"), {1: ("38", "W"), 2: ("38", "W")}) is None


@both_databases
def test_the_pieces_of_several_variants_are_received_at_once(staff, goods, shoe):
    reply = send(staff, goods, shoe, "received", {"White, 38": "4", "Black, 40": "2"}, note="Kamukunji")

    assert reply.status_code == 303
    assert (of(goods, shoe, "White, 38").on_hand, of(goods, shoe, "Black, 40").on_hand) == (4, 2)
    assert of(goods, shoe, "White, 39").on_hand == 0
    assert goods.moves(of(goods, shoe, "White, 38").sku) == [("Received: Kamukunji", 4, 0)]
    assert goods.unexplained() == []


def test_a_refused_number_is_named_and_nothing_is_saved(staff, goods, shoe):
    send(staff, goods, shoe, "received", {"White, 38": "4"})

    for pieces, words in (
        ({"White, 38": "1", "White, 39": "1"}, "Only 0 of White, 39 are here, so no more can be taken away"),
        ({"White, 38": "many"}, "Pieces of White, 38 must be a whole number from 0 to 1,000,000"),
        ({}, "Enter the pieces of one variant at least"),
    ):
        reply = send(staff, goods, shoe, "damaged", pieces)
        assert reply.status_code == 422 and problems(reply) == [words]
    assert of(goods, shoe, "White, 38").on_hand == 4


def test_a_count_of_what_was_sold_meanwhile_is_not_saved(app, staff, goods, shoe):
    send(staff, goods, shoe, "received", {"White, 38": "4"})
    variant = of(goods, shoe, "White, 38")
    page = fields_of(staff.get(f"/admin/products/{shoe}/stock").text)
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.id == variant.id).values(on_hand=3)))

    reply = staff.post(f"/admin/products/{shoe}/stock", {**page, "kind": "counted", f"pieces-{variant.id}": "4"})

    assert reply.status_code == 409
    assert "4 of White, 38 were here when you opened this page, 3 now. Count them again" in problems(reply)
    assert goods.variant(variant.sku).on_hand == 3


def test_a_grid_sent_twice_counts_once(staff, goods, shoe):
    page = fields_of(staff.get(f"/admin/products/{shoe}/stock").text)
    form = {**page, "kind": "received", f"pieces-{of(goods, shoe, 'White, 38').id}": "4"}

    assert [staff.post(f"/admin/products/{shoe}/stock", form).status_code for _ in range(2)] == [303, 303]
    assert of(goods, shoe, "White, 38").on_hand == 4


def test_prices_and_new_combinations_are_in_a_grid_too(owner, goods, shoe):
    edit = owner.get(f"/admin/products/{shoe}/edit").text
    assert 'class="grid"' in edit and edit.count('name="price-') == 6
    matrix = goods.options(owner, shoe, values_1="White, Black, Red")
    assert 'class="grid"' in matrix.text and matrix.text.count('name="stock-') == 3
