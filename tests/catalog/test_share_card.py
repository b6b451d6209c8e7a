"""The picture of a shared product link."""

from io import BytesIO

import pytest
from PIL import Image

from shop.catalog.images.share_card import HEIGHT, MAX_BYTES, WIDTH, share_card

LONG = "Hand-spun wool rug in charcoal, ochre and terracotta diamonds, 120 by 180 cm, with a fringe on both short ends"


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "photo.png"
    Image.effect_noise((1600, 900), 120).convert("RGB").save(file)  # the largest a JPEG can become
    return file


@pytest.mark.parametrize("name", ["Rug", LONG, "W" * 120, "كيس"])
def test_a_card_has_the_size_that_chats_show_and_is_small_enough(photo, name):
    for picture in (photo, None):
        card = share_card(picture, name, "KSh 9,500", "Mkono", "#2b3990")

        with Image.open(BytesIO(card)) as opened:
            assert (opened.format, opened.size) == ("JPEG", (WIDTH, HEIGHT))
        assert len(card) <= MAX_BYTES
