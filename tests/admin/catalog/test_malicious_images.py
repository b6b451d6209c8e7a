"""Files that are no images, or hide something: none is stored unsafe, none takes much time or memory."""

import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFile, WebPImagePlugin

from shop.catalog.images import processing
from shop.catalog.images.paths import FILE
from shop.catalog.images.processing import ImageRefused, shrink
from tests.image_fixtures import on_disk, paths
from tests.malicious_files import GPS, OWNER, SCRIPT, every_file, photo, png

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


def largest_of_each_kind():
    """A little below what is refused, in the ways that take the most memory."""
    most = processing.MAX_PIXELS
    yield "photo straight from a camera", photo(9200, 6900, quality=60), most["streamed"]
    yield "CMYK, progressive", photo(2830, 2820, mode="CMYK", progressive=True, subsampling=0), most["JPEG"]
    yield "transparent PNG", photo(3600, 2770, "PNG", "RGBA"), most["PNG"]
    yield "16-bit PNG", photo(3600, 2770, "PNG", "I;16"), most["PNG"]
    yield "palette PNG", photo(3600, 2770, "PNG", "P"), most["PNG"]
    yield "transparent WebP", photo(2500, 1990, "WEBP", "RGBA", lossless=True, method=0), most["WEBP"]


def test_a_malicious_file_is_refused_or_encoded_again_without_what_it_hid():
    for sent in every_file():
        begun = time.process_time()
        try:
            _, sizes = shrink(BytesIO(sent.content))
        except ImageRefused:
            sizes = {}

        assert time.process_time() - begun < 3 * MOST_SECONDS, sent.what
        assert sent.taken in (bool(sizes), None), sent.what
        for content in sizes.values():
            assert content[:3] == b"\xff\xd8\xff" or (content[:4], content[8:12]) == (b"RIFF", b"WEBP"), sent.what
            assert not [hidden for hidden in (GPS, OWNER, SCRIPT) if hidden in content], sent.what
            with Image.open(BytesIO(content)) as image:
                assert image.width <= 960, sent.what
                assert not image.getexif(), sent.what
                assert not set(image.info) & {"exif", "icc_profile", "comment", "xmp"}, sent.what


def test_an_upload_is_stored_under_a_name_of_the_shop(app, sends, tmp_path):
    names = ("../../../etc/passwd.jpg", "a\0.jpg", "x" * 300, "<canary>&\"'.html", "..", "C:\\a.jpg", "🧺.jpg", " ")
    for name in names:
        assert sends((name, photo(200, 200))).status_code == 303

    assert len(paths(app)) == 1 + len(names)
    assert all(FILE.fullmatch(name) for name in on_disk(tmp_path))
    assert {file.name for file in (tmp_path / "instance").iterdir()} <= {"media", "mail"}


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


def test_an_image_with_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    decoded = []
    for plugin in (ImageFile.ImageFile, WebPImagePlugin.WebPImageFile):
        monkeypatch.setattr(plugin, "load", lambda image: decoded.append(image.size))

    for content in (
        png(4000, 2600, b""),
        photo(4000, 3000, progressive=True),
        photo(3000, 2000, "WEBP", lossless=True, method=0),
    ):
        with pytest.raises(ImageRefused, match="pixels"):
            shrink(BytesIO(content))
    assert decoded == []
