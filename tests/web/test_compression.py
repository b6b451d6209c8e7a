"""Compression: what is sent, and that it is the same content."""

import gzip

import brotli
import pytest

SCRIPT = "/static/js/order-page.js"
CHROME = "gzip, deflate, br, zstd"


@pytest.mark.parametrize("address", ["/", "/none-such", SCRIPT, "/assets/admin.css", "/static/img/hero.svg"])
def test_a_browser_gets_brotli_and_an_old_one_gzip(app, address):
    browser = app.test_client()
    plain = browser.get(address, headers={"Accept-Encoding": "identity"})
    for accepted, encoding, unpacked in ((CHROME, "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)):
        packed = browser.get(address, headers={"Accept-Encoding": accepted})

        assert packed.headers["Content-Encoding"] == encoding
        assert packed.status_code == plain.status_code
        assert unpacked(packed.data) == plain.data
        assert "Accept-Encoding" in packed.headers["Vary"]


def test_a_static_file_is_compressed_at_the_best_level(app):
    browser = app.test_client()
    plain = browser.get(SCRIPT).data

    assert browser.get(SCRIPT, headers={"Accept-Encoding": CHROME}).data == brotli.compress(plain, mode=1, quality=11)


def test_a_part_of_a_file_is_sent_as_it_is(app):
    part = app.test_client().get(SCRIPT, headers={"Accept-Encoding": CHROME, "Range": "bytes=0-9"})

    assert (part.status_code, len(part.data)) == (206, 10)
    assert "Content-Encoding" not in part.headers or part.headers["Content-Encoding"] == "identity"
