"""Bodies that are not read: they hold nothing, or could be taken in two ways."""

import pytest

from shop.chpter import Unreadable, read_callback


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"", ""),
        (b" ", "application/json"),
        (b"hello", ""),
        (b"<xml/>", ""),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", ""),
        (b"a=b", "application/json"),
        (b"a=b", "multipart/form-data"),
        (b"a=b&a=c", ""),
        (b"a=b&a=b", ""),
        (b"a=%ff", ""),
        (b"a=%00", ""),
        (b"&".join(b"k%d=v" % n for n in range(65)), ""),
        (b"null", "application/json"),
        (b"7", "application/json"),
        (b'"text"', "application/json"),
        (b"[]", ""),
        (b"[{}]", ""),
        (b"{", ""),
        (b'{"paid": "True"', ""),
        (b'{"paid": "True"} {}', ""),
        (b'{"paid": "True"}x', ""),
        (b'{"paid": "True",}', ""),
        (b"{'paid': 'True'}", ""),
        (b'{"paid": "False", "paid": "True"}', ""),
        (b'{"paid": "True", "paid": "True"}', ""),
        (b'{"extra": {"a": 1, "a": 2}}', ""),
        (b'{"amount": NaN}', ""),
        (b'{"amount": -Infinity}', ""),
        (b'{"extra": [Infinity]}', ""),
        (b'{"message": "\\ud800"}', ""),
        (b'{"\\udfff": 1}', ""),
        (b'{"message": "\\u0000"}', ""),
        (b'{"extra": [["\\u0000"]]}', ""),
        (b'{"message": "\x00"}', ""),
        (b'{"message": "a\nb"}', ""),
        (b'{"message": "\xff"}', ""),
        (b"\xef\xbb\xbf{}", ""),
        (b"\x00{}", ""),
        ("{}".encode("utf-16"), ""),
        ("{}".encode("utf-32-be"), ""),
        (b"[" * 10_000, ""),
        (b'{"a":' * 3_000, ""),
        (b'{"a":' + b"[" * 8 + b"]" * 8 + b"}", ""),
        (b'{"a":' + b"[" * 4000 + b"]" * 4000 + b"}", ""),
        (b'{"a": "' + b"x" * (16 * 1024) + b'"}', ""),
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_unreadable(raw, content_type):
    with pytest.raises(Unreadable) as caught:
        read_callback(raw, content_type)

    assert str(caught.value).startswith("The body was not read: ")
    assert str(caught.value).endswith(".")


def test_nesting_that_a_provider_may_use_is_read():
    assert read_callback(b'{"paid": "True", "a":' + b"[" * 7 + b"]" * 7 + b"}")
