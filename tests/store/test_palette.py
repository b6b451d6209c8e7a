"""The colours that follow from the brand colour: readable in light and in dark, whatever is chosen."""

import pytest
from coloraide import Color

from shop.store.palette import DARK_GROUNDS, DARK_PAPER, GROUNDS, is_colour, palette

COLOURS = ("#2b3990", "#000000", "#ffffff", "#ffd400", "#e60000", "#7fd3a4", "#808080", "#4b0082", "#00ff00", "#777700")


@pytest.mark.parametrize("colour", COLOURS)
def test_text_is_readable_in_both_schemes(colour):
    found = palette(colour)

    for scheme, grounds in ((found.light, GROUNDS), (found.dark, DARK_GROUNDS)):
        assert Color(scheme.brand).contrast(scheme.on_brand) >= 4.5
        assert Color(scheme.brand_deep).contrast(scheme.on_brand) >= 4.5
        assert all(Color(scheme.brand_ink).contrast(ground) >= 4.5 for ground in grounds)
    assert Color(found.dark.brand).contrast(DARK_PAPER) >= 3
    assert found.light.brand == colour, "the brand colour stays the brand colour"


@pytest.mark.parametrize(("text", "right"), [("#2B3990", True), ("red", False), ("#fff", False), ("#2b3990;}", False)])
def test_only_six_digits_are_a_colour(text, right):
    assert is_colour(text) is right
