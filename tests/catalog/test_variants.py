"""Choosing one of several variants, without JavaScript."""

import pytest
from sqlalchemy import select

from shop.catalog.editing import NewVariant, add_variants, name_options, revalue
from shop.catalog.models import Product
from shop.database import db, write
from tests.catalog.test_pages import text_of


@pytest.fixture
def coloured(app):
    """Turn the classic kiondo into one of sizes and colours; `left` is how many there are of each."""

    def make(sizes, colours, left):
        def change():
            kiondo = db.session.scalars(select(Product).where(Product.slug == "kiondo-classic")).one()
            name_options(kiondo, ("Size", "Colour"))
            for number, variant in enumerate(kiondo.variants):
                revalue(variant, ("Old", f"Shade {number}"))
                variant.active = False
            pairs = [(size, colour) for size in sizes for colour in colours]
            fresh = [NewVariant(f"KIO-{n}", 2000 + n, left(n), values=values) for n, values in enumerate(pairs)]
            add_variants(kiondo, fresh, "")

        with app.app_context():
            write(change)

    return make


def test_a_few_stand_as_cards_below_their_size(shopper, coloured):
    coloured(["Small", "Large"], ["Indigo", "Madder"], lambda n: n)

    shopper.get("/products/kiondo-classic")

    words = text_of(shopper.page)
    assert "Choose size and colour" in words
    assert words.index("Small") < words.index("Small, Indigo") < words.index("Large, Indigo")
    radios = [one for one in shopper.page.iter("input") if one.get("type") == "radio"]
    assert [one.get("value") for one in radios] == ["KIO-0", "KIO-1", "KIO-2", "KIO-3"]
    assert radios[0].get("disabled") is not None
    assert radios[1].get("checked") is not None
    assert "Shade" not in words


def test_many_stand_in_a_list_with_a_group_for_each_size_and_can_be_bought(shopper, coloured):
    coloured(["Small", "Medium", "Large"], ["Indigo", "Madder", "Black", "Natural"], lambda n: n)

    shopper.get("/products/kiondo-classic")

    assert [one.get("label") for one in shopper.page.iter("optgroup")] == ["Small", "Medium", "Large"]
    options = [one for one in shopper.page.iter("option") if (one.get("value") or "").startswith("KIO")]
    assert options[0].text == "Indigo, KSh 2,000, sold out" and options[0].get("disabled") is not None
    assert options[1].text == "Madder, KSh 2,001, only 1 left" and options[1].get("selected") is not None
    assert options[11].text == "Natural, KSh 2,011"
    assert shopper.buy("KIO-11").status["payment"] == "awaiting"
