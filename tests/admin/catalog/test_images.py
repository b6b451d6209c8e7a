"""Images of products: how an upload is processed, stored and refused."""

import re
from io import BytesIO

import pytest
from PIL import Image

from shop.catalog.images import gallery, processing, serving, uploads
from shop.catalog.images.paths import Shape, files_of
from shop.catalog.images.processing import shrink
from shop.core.database import db, write
from tests import both_databases
from tests.at_once import at_once
from tests.image_fixtures import SLUG, on_disk, paths
from tests.malicious_files import exif, grainy, photo
from tests.page_checks import CANARY


def shrunk(content):
    """The largest JPEG that the shop makes of an upload."""
    shape, sizes = shrink(BytesIO(content))
    return Image.open(BytesIO(sizes[f"{shape.width}.jpg"]))


# by EXIF orientation: the side on which an image whose left half is bright must be bright
@pytest.mark.parametrize(
    ("way", "bright"),
    [(1, "left"), (2, "right"), (3, "right"), (4, "left"), (5, "top"), (6, "top"), (7, "bottom"), (8, "bottom")],
)
def test_a_photo_is_turned_the_way_it_was_taken(way, bright):
    image = shrunk(photo(exif=exif(way)))

    assert (image.width > image.height) == (way < 5)
    spots = {"left": (0.1, 0.5), "right": (0.9, 0.5), "top": (0.5, 0.1), "bottom": (0.5, 0.9)}
    red = {name: image.getpixel((int(x * image.width), int(y * image.height)))[0] for name, (x, y) in spots.items()}
    assert max(("left", "right") if way < 5 else ("top", "bottom"), key=red.__getitem__) == bright


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "I;16"), ("JPEG", "CMYK"), ("PNG", "P"), ("PNG", "LA"), ("WEBP", "RGBA"), ("JPEG", "L")],
)
def test_colours_are_kept_in_every_colour_mode(kind, mode):
    halves = shrunk(photo(kind=kind, mode=mode)).convert("L").resize((2, 1), Image.Resampling.BOX)

    assert halves.getpixel((0, 0)) == pytest.approx(100, abs=12)
    assert halves.getpixel((1, 0)) == pytest.approx(30, abs=12)


def test_transparent_parts_become_white():
    out = BytesIO()
    Image.new("RGBA", (400, 300), (255, 0, 0, 0)).save(out, "PNG")

    assert shrunk(out.getvalue()).getpixel((200, 150)) == (255, 255, 255)


def test_a_small_image_is_not_enlarged():
    shape, sizes = shrink(BytesIO(photo(500, 400, "PNG")))

    assert shape == Shape(500, 400)
    assert {Image.open(BytesIO(content)).width for content in sizes.values()} == {160, 320, 500}


def test_a_photo_from_a_phone_is_on_the_page_of_the_product_in_several_sizes(app, owner, sends, tmp_path):
    reply = sends(("IMG_20261124.jpg", grainy(4032, 3024)))

    assert reply.status_code == 303
    path = paths(app)[1]
    assert re.fullmatch(r"media/[0-9a-f]{26}-960x720", path)
    assert on_disk(tmp_path) == sorted(files_of(path))
    page = owner.get(f"/products/{SLUG}").text
    assert all(f"{path}-{width}.webp {width}w" in page for width in (160, 320, 640, 960))
    assert 'width="960" height="720" alt="Teapot from the side"' in page
    assert re.search(r"Added 1 image\. [0-9.]+ MB became [0-9]+ KB", owner.get(reply.headers["Location"]).text)


def test_several_images_are_added_at_once_and_a_bad_one_does_not_stop_the_others(app, owner, sends):
    reply = sends(("a.jpg", photo()), (f"{CANARY}.jpg", b"no image"), ("b.png", photo(kind="PNG")))

    assert reply.status_code == 303
    assert len(paths(app)) == 3
    said = owner.get(reply.headers["Location"]).text
    assert "Added 2 images." in said
    assert "was not added: it is not a complete JPEG, PNG or WebP image" in said


def test_an_upload_that_cannot_be_added_is_refused_with_the_remedy_and_keeps_the_description(app, sends):
    for files, alt, words in (
        ([], "x", "Choose at least one image"),
        ([("", b"")], "x", "Choose at least one image"),
        ([("a.jpg", b"x")] * 9, "x", "Send 8 images at a time, not 9"),
        ([("a.jpg", photo())], "x" * 201, "200 characters or fewer"),
        ([("a.jpg", b"")], "x", "it is empty"),
        ([("a.jpg", photo() + bytes(12 * 1024 * 1024))], "x", "more than 12"),
        ([("IMG_1.HEIC", b"\0\0\0\x18ftypheic" + bytes(40))], CANARY, "Settings, Camera, Formats, Most Compatible"),
    ):
        reply = sends(*files, alt=alt)
        assert reply.status_code == 422
        assert words in reply.text
    assert "<title>Error: " in reply.text and 'href="#image-upload"' in reply.text
    assert "&lt;canary&gt;" in reply.text
    assert len(paths(app)) == 1


def test_only_owners_may_send_large_requests(owner, staff, shopper, images_page):
    def answer(user):
        form = {"csrf_token": "x", "images": (BytesIO(bytes(1024 * 1024)), "a.jpg")}
        return user.browser.post(images_page, data=form, content_type="multipart/form-data").status_code

    assert answer(shopper) == answer(staff) == 413
    assert answer(owner) == 400  # read, and refused for its token
    assert owner.browser.post("/cart/add", data={"sku": "x" * 300_000}).status_code == 413


@both_databases
def test_two_uploads_at_once_do_not_exceed_the_maximum_of_images(app, images_page, sends, tmp_path):
    number = int(images_page.split("/")[3])
    sends(*[("a.jpg", photo(200, 200))] * 8)
    sends(*[("a.jpg", photo(200, 200))] * 2)
    assert len(paths(app)) == gallery.MAX_IMAGES - 1

    def add():
        with app.app_context():
            path = serving.store(*shrink(BytesIO(photo(200, 200))))
            try:
                write(lambda: gallery.add(gallery.lock_product(number), [path], "x"))
            except gallery.TooManyImages:
                serving.remove(path)
                return False
            return True

    assert sorted(at_once([add, add, add])) == [False, False, True]
    assert len(paths(app)) == gallery.MAX_IMAGES
    full = sends(("a.jpg", photo()))
    assert full.status_code == 422
    assert "A product has at most 12 images. Remove one first" in full.text
    assert set(on_disk(tmp_path)) == {name for path in paths(app) for name in files_of(path)}


def test_no_file_stays_when_the_product_is_deleted_during_the_upload(sends, tmp_path, monkeypatch):
    def deleted(_number):
        raise gallery.ImageNotFound

    monkeypatch.setattr(gallery, "lock_product", deleted)

    assert sends(("a.jpg", photo())).status_code == 404
    assert on_disk(tmp_path) == []


def test_a_full_disk_is_reported_and_no_file_stays(app, sends, tmp_path, monkeypatch):
    real = serving._write

    def full_after_three(place, content):
        if len(on_disk(tmp_path)) >= 3:
            raise OSError(28, "No space left on device")
        real(place, content)

    monkeypatch.setattr(serving, "_write", full_after_three)
    reply = sends(("a.jpg", photo()))

    assert reply.status_code == 422
    assert "the shop’s disk cannot store it" in reply.text
    assert on_disk(tmp_path) == []
    assert len(paths(app)) == 1


def test_an_upload_waits_for_other_images_and_then_is_refused(sends, monkeypatch):
    monkeypatch.setattr(processing, "TURN_TIMEOUT", 0.05)
    with processing._decoding_slot():
        busy = sends(("a.jpg", photo()))

    assert busy.status_code == 422
    assert "busy with other images" in busy.text
    assert sends(("a.jpg", photo())).status_code == 303


def test_no_transaction_is_open_while_an_image_is_decoded(sends, monkeypatch):
    seen = []

    def looking(file):
        seen.append(db.session().in_transaction())
        return shrink(file)

    monkeypatch.setattr(uploads, "shrink", looking)
    sends(("a.jpg", photo()))

    assert seen == [False]
