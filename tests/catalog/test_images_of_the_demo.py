"""The images of the demo shop: drawings, and photographs in several widths."""

import re
import tomllib
from pathlib import PurePath

from PIL import Image

from shop.catalog.images.paths import shown
from shop.demo_data import SEED
from shop.web.assets import STATIC

CATALOGUE = tomllib.loads(SEED.read_text())
IMAGES = [image for product in CATALOGUE["product"] for image in product["images"]]
PHOTOS = [image["file"] for image in IMAGES if image["file"].endswith(".jpg")]
MAX_BYTES = 150_000  # of one file
MAX_JPEG_BYTES = 6_000_000  # of all


def test_every_image_exists_and_says_what_it_shows():
    paths = [image["file"] for image in IMAGES] + [category["image"] for category in CATALOGUE["category"]]

    assert [path for path in paths if not (STATIC / path).is_file()] == []
    assert [image["file"] for image in IMAGES if not 20 <= len(image["alt"]) <= 140] == []


def test_a_dozen_products_show_a_photograph_first_and_their_drawing_after_it():
    kinds = [[PurePath(image["file"]).suffix for image in product["images"]] for product in CATALOGUE["product"]]
    photographed = [one for one in kinds if ".jpg" in one]

    assert len(photographed) >= 12
    for one in photographed:
        assert one == sorted(one) and ".svg" in one  # .jpg sorts before .svg


def test_a_variant_with_an_image_shows_the_photograph_if_there_is_one():
    for product in CATALOGUE["product"]:
        files = [image["file"] for image in product["images"]]
        for variant in product["variant"]:
            if "image" in variant and files[0].endswith(".jpg"):
                assert files[variant["image"] - 1].endswith(".jpg"), variant["sku"]


def test_every_width_of_a_photograph_is_there_and_light(app):
    for path in PHOTOS:
        with app.test_request_context():
            it = shown(path)
        addresses = re.findall(r"/static/(\S+)\?v=\w+ (\d+)w", f"{it.webp}, {it.jpeg}")

        assert {".webp", ".jpg"} == {PurePath(name).suffix for name, _ in addresses}
        for name, width in addresses:
            with Image.open(STATIC / name) as image:
                assert image.width == int(width), name
                assert abs(image.height / image.width - it.height / it.width) < 0.01, name
            assert (STATIC / name).stat().st_size <= MAX_BYTES, name


def test_the_photographs_together_are_light():
    assert sum(file.stat().st_size for file in (STATIC / "img/products").rglob("*.jpg")) < MAX_JPEG_BYTES
