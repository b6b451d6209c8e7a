"""Files that are no images, or hide something: none is stored unsafe, none breaks the admin."""

import re
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from shop.catalog.images import processing
from shop.catalog.images.paths import FILE
from shop.catalog.images.processing import ImageRefused, shrink
from shop.catalog.models import Product, ProductImage
from shop.core.database import db
from tests import malicious_files
from tests.malicious_files import GPS, SCRIPT, Upload, every_file, photo
from tests.shopper import hidden_fields

MOST_SECONDS, MOST_MEGABYTES = 2, 200
ROOT = Path(__file__).parents[3]
MEASURING = """
import re, sys, time
from shop import create_app
from shop.catalog.images.processing import shrink
create_app({"INSTANCE_PATH": sys.argv[2], "SECRET_KEY": "x" * 40})
begun = time.process_time()
shrink(open(sys.argv[1], "rb"))
took = time.process_time() - begun
print(took, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.fixture(scope="module")
def files() -> list[Upload]:
    return every_file()


def largest_of_each_kind():
    """A little below what is refused, in the ways that take the most memory."""
    most = processing.MAX_PIXELS
    yield "photo straight from a camera", photo(9200, 6900, quality=60), most["streamed"]
    yield "CMYK, progressive", photo(2830, 2820, mode="CMYK", progressive=True, subsampling=0), most["JPEG"]
    yield "transparent PNG", photo(3600, 2770, "PNG", "RGBA"), most["PNG"]
    yield "16-bit PNG", photo(3600, 2770, "PNG", "I;16"), most["PNG"]
    yield "palette PNG", photo(3600, 2770, "PNG", "P"), most["PNG"]
    yield "transparent WebP", photo(2500, 1990, "WEBP", "RGBA", lossless=True, method=0), most["WEBP"]


def test_no_malicious_file_breaks_the_admin_or_is_stored_unsafe(app, owner, tmp_path, files):
    with app.app_context():
        products = list(db.session.scalars(select(Product.id).order_by(Product.id)))
    token = hidden_fields(owner.get(f"/admin/products/{products[0]}/images").text)["csrf_token"]
    wrong = []
    for number, sent in enumerate(files):
        address = f"/admin/products/{products[number % len(products)]}/images"
        form = {"csrf_token": token, "alt": "x", "images": (BytesIO(sent.content), sent.name)}
        begun = time.process_time()
        reply = owner.post(address, form, content_type="multipart/form-data")
        took = time.process_time() - begun
        taken = {303: True, 422: False}.get(reply.status_code)
        if taken is None or sent.taken not in (taken, None) or took > 3 * MOST_SECONDS:
            wrong.append((sent.what, reply.status, round(took, 1)))

    assert wrong == []
    kept = list((tmp_path / "instance" / "media").iterdir())
    assert len(kept) > 100
    for file in kept:
        assert FILE.fullmatch(file.name)
        content = file.read_bytes()
        assert content[:3] == b"\xff\xd8\xff" or (content[:4], content[8:12]) == (b"RIFF", b"WEBP")
        assert GPS not in content and SCRIPT not in content
        with Image.open(file) as image:
            assert image.width <= 960
    assert {file.name for file in (tmp_path / "instance").iterdir()} <= {"media", "mail"}
    with app.app_context():
        paths = db.session.scalars(select(ProductImage.path)).all()
    assert all(re.fullmatch(r"(img/products/[a-z-]+\.(svg|jpg)|media/[0-9a-f]{26}-\d+x\d+)", path) for path in paths)


def test_the_largest_accepted_images_need_little_memory_and_time(tmp_path):
    measured = {}
    for what, content, most in largest_of_each_kind():
        file = tmp_path / "sent"
        file.write_bytes(content)
        with Image.open(BytesIO(content)) as image:
            assert 0.9 * most < image.width * image.height <= most, what
        run = [sys.executable, "-c", MEASURING, str(file), str(tmp_path)]
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        seconds, megabytes = done.stdout.split()
        measured[what] = (float(seconds), int(megabytes))

    assert {what: peak for what, (_, peak) in measured.items() if peak > MOST_MEGABYTES} == {}
    assert {what: seconds for what, (seconds, _) in measured.items() if seconds > MOST_SECONDS} == {}


@pytest.mark.parametrize(
    "sent", list(malicious_files.bombs())[2:3] + list(malicious_files.bombs())[-2:], ids=lambda sent: sent.what
)
def test_a_decompression_bomb_is_refused_before_it_is_decoded(sent, monkeypatch):
    decoded = []
    load = Image.Image.load

    def counting(image):
        decoded.append(image.size)
        return load(image)

    monkeypatch.setattr(Image.Image, "load", counting)
    for kind in ("JpegImagePlugin.JpegImageFile", "PngImagePlugin.PngImageFile", "WebPImagePlugin.WebPImageFile"):
        module, name = kind.split(".")
        plugin = getattr(__import__(f"PIL.{module}").__dict__[module], name)
        real = plugin.load
        monkeypatch.setattr(plugin, "load", lambda self, real=real: (decoded.append(self.size), real(self))[1])
    with pytest.raises(ImageRefused):
        shrink(BytesIO(sent.content))
    assert decoded == []
