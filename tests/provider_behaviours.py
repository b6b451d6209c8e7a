"""What a misbehaving provider sends: every behaviour by its name, and its bytes."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

FAULTS = (
    # no answer, or none in HTTP; of "closed" the session may exist
    *("refused", "reset", "closed", "garbage", "long_header", "many_headers", "bad_length", "bad_chunk"),
    *(f"http_{status}" for status in (204, 400, 401, 402, 403, 404, 409, 422, 429, 500, 502, 503, 504)),
    # the documented words for refused credentials, with status 200
    "credentials",
    # bodies that are no object
    *("html", "empty", "truncated", "half_json", "list", "null", "charset", "latin_1", "nul", "two_objects"),
    *("two_links", "deep", "bad_gzip"),
    # too much, too slow, or without end
    *("huge", "huge_chunk", "gzip_bomb", "slow", "stalled", "informed", "drip_headers", "drip_body"),
    *("redirect", "redirect_301", "redirect_307", "redirect_off_host", "redirect_huge", "redirect_round"),
    *("wrong_order_id", "missing_order_id", "padded_order_id"),
    *("missing_link", "status_false", "status_zero", "status_400"),
    *("link_number", "link_javascript", "link_data", "link_http", "link_off_host", "link_userinfo", "link_lookalike"),
    *("link_idn", "link_address", "link_protocol_relative", "link_relative", "link_crlf", "link_tab"),
    *("link_backslash", "link_port", "link_long"),
)

# What other endpoints of the provider answer, and what this one may: each is a success.
DIALECTS = ("status_text", "status_200", "status_200_text", "order_id_number")

# What the provider says in its failures. None of it may ever be shown to a buyer.
UNSAID = "provider-text-7f3a"

HUGE = ("huge", "huge_chunk", "redirect_huge")
LASTING = ("slow", "stalled", "informed", "drip_headers", "drip_body", *HUGE)  # sent piece by piece, by the provider
_LINKS: dict[str, Any] = {
    "link_number": 7,
    "link_javascript": "javascript:alert(document.domain)//chpter.co",
    "link_data": "data:text/html,<h1>pay</h1>",
    "link_http": "http://chpter.co/checkout.sessions/hosted/session/abc",
    "link_off_host": "https://evil.example/checkout.sessions/hosted/session/abc",
    "link_userinfo": "https://chpter.co@evil.example/session/abc",
    "link_lookalike": "https://chpter.co.evil.example/session/abc",
    "link_idn": "https://\u0441hpter.co/session/abc",
    "link_address": "https://192.0.2.7/session/abc",
    "link_protocol_relative": "//chpter.co/checkout.sessions/hosted/session/abc",
    "link_relative": "/checkout.sessions/hosted/session/abc",
    "link_crlf": "https://chpter.co/session/abc\r\nSet-Cookie: stolen=1",
    "link_tab": "https:/\t/evil.example/session/abc",
    "link_backslash": "https://evil.example\\@chpter.co/session/abc",
    "link_port": "https://chpter.co:8443/session/abc",
    "link_long": "https://chpter.co/session/" + "a" * 5000,
}


def answer(name: str, url: str, order_id: str) -> bytes:
    """What is sent at once."""
    link = f"{url}/checkout.sessions/hosted/session/{order_id}"
    good = {"checkout_link": _LINKS.get(name, link), "status": True, "order_id": order_id}
    text = json.dumps(good).encode()
    if name == "ok":
        return http(200, text)
    if name.startswith("http_"):
        return http(int(name.removeprefix("http_")), json.dumps({"message": UNSAID}).encode())
    if name.startswith("redirect"):
        places = {"redirect_off_host": "https://evil.example/session/abc", "redirect_round": url}
        status = int(name.removeprefix("redirect_")) if name[-1].isdigit() else 302
        return http(status, b"", extra=f"Location: {places.get(name, link)}\r\n")
    broken = _broken(text)
    if name in broken:
        return broken[name]
    return http(200, _bodies(good, link, order_id).get(name, text))


def _broken(text: bytes) -> dict[str, bytes]:
    """Answers that are wrong as HTTP."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    return {
        "garbage": f"{UNSAID}\r\n\r\n".encode(),
        "truncated": http(200, text).removesuffix(text) + text[: len(text) // 2],
        "gzip_bomb": http(200, _bomb(), extra=_PACKED),
        "bad_gzip": http(200, text, extra=_PACKED),
        "long_header": head + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n" + text,
        "many_headers": head + b"X-Many: 1\r\n" * 300 + b"\r\n" + text,
        "bad_length": head + b"Content-Length: many\r\n\r\n" + text[:-1],
        "bad_chunk": head + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n" + text + b"\r\n0\r\n\r\n",
    }


_PACKED = "Content-Encoding: gzip\r\n"


@cache
def _bomb() -> bytes:
    """Ten megabytes in ten kilobytes."""
    return gzip.compress(b'{"message": "' + b"x" * 10_000_000 + b'"}')


def _bodies(good: dict[str, Any], link: str, order_id: str) -> dict[str, bytes]:
    """Answers whose body is wrong."""
    text = json.dumps(good).encode()
    return {
        "credentials": json.dumps({"message": "Invalid authentication credentials"}).encode(),
        "html": f"<!doctype html><h1>{UNSAID}</h1>".encode(),
        "empty": b"",
        "half_json": text[: len(text) // 2],
        "list": json.dumps([good]).encode(),
        "null": b"null",
        "charset": text.decode().encode("utf-16"),
        "latin_1": text[:-1] + ', "message": "é"}'.encode("latin-1"),
        "nul": text[:-1] + b', "message": "\\u0000"}',
        "two_objects": text + text,
        "two_links": text[:-1] + b', "checkout_link": "https://evil.example/session/abc"}',
        "deep": text[:-1] + b', "deep": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        "wrong_order_id": json.dumps({**good, "order_id": order_id + "7"}).encode(),
        "missing_order_id": json.dumps({"checkout_link": link, "status": True}).encode(),
        "padded_order_id": json.dumps({**good, "order_id": f" {order_id} "}).encode(),
        "missing_link": json.dumps({"status": True, "order_id": order_id}).encode(),
        "status_false": json.dumps({**good, "status": False, "message": UNSAID}).encode(),
        "status_zero": json.dumps({**good, "status": 0}).encode(),
        "status_400": json.dumps({**good, "status": 400}).encode(),
        "status_text": json.dumps({**good, "status": "True"}).encode(),
        "status_200": json.dumps({**good, "status": 200}).encode(),
        "status_200_text": json.dumps({**good, "status": "200"}).encode(),
        "order_id_number": json.dumps({**good, "order_id": int(order_id)}).encode(),
    }


def http(status: int, body: bytes, kind: str = "application/json", extra: str = "") -> bytes:
    """An answer that is right as HTTP."""
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def endless(name: str) -> Iterator[bytes]:
    """The pieces of an answer that never ends. One of a single byte is followed by a pause."""
    begun = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    opening, piece = {
        "drip_headers": (b"HTTP/1.1 200 OK\r\nX-Wait: ", b"x"),
        "drip_body": (begun + b'\r\n{"message": "', b"x"),
        "huge": (begun + b'\r\n{"message": "', b"x" * 65536),
        "huge_chunk": (begun + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"x" * 65536),
        "redirect_huge": (b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\n\r\n", b"x" * 65536),
        "informed": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "stalled": (begun + b'Content-Length: 300\r\n\r\n{"status": true, "checkout_l', b""),
    }[name]
    yield opening
    while True:
        yield piece
