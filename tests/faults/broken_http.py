"""Requests that are not valid HTTP, byte by byte, and the answers that are right for each.

Each that has a body carries a callback that would pay an order if its body were read in one of the wrong ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass

HOST = "shop.example.co.ke"
REFUSED = frozenset({400, 411, 413, 414, 417, 431})
UNKNOWN_CODING = frozenset({501})  # RFC 9112, section 6.1
SERVED = frozenset({200, 303, 404})
LONG = "x" * 100_000
CHUNKED, FORM = "Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded"
END = b"0\r\n\r\n"
# of a body of N bytes
LENGTHS = (*(("N", "M"), ("N", "N"), ("N, M",), ("+N",), ("-N",), ("0xN",), ("\xb2",), ("",), ("1_0",)),)
CODINGS = (
    *(("Content-Length: N", CHUNKED), (CHUNKED, "Content-Length: 0"), (CHUNKED, CHUNKED), (f"{CHUNKED}, identity",)),
    *(("Transfer-Encoding : chunked",), ("Transfer-Encoding:\x0bchunked",), (f"X: y\r{CHUNKED}",)),
    ("Transfer-Encoding: \x00chunked",),
)
CHUNK_SIZES = (b"xyz", b"-1", b"0x2", b"+2", b"", b" ", b"1_0", b"f" * 20, b"0" * 100_000, b"2;" + LONG.encode())
HEADERS = (
    *("X: a\nY: b", "X: a\rY: b", "X: a\x00b", "X\x00: a", "X: a\r\n b", "no colon", ": no name", "X y: a", "X\xe9: a"),
    *(f"X: {LONG}", f"{LONG}: 1", f"Cookie: session={LONG}", "\r\n".join(f"X-{number}: 1" for number in range(200))),
    *("Host: evil.example", f"Host: {HOST}", "Expect: nothing", "X: \x7f\x01"),
)
HOSTS = ("", "Host:\r\n", "Host: evil.example\r\n", "Host: a b\r\n", f"Host: {HOST},evil.example\r\n")
FIRST_LINES = (
    *("GET /", "GET", "", "GET / HTTP/2.0", "GET / HTTP/1", "GET / http/1.1", "GET  / HTTP/1.1", "GET / HTTP/1.1 x"),
    *("G\x00T / HTTP/1.1", "GET /\x00 HTTP/1.1", "GET * HTTP/1.1", "GET healthz HTTP/1.1", "PRI * HTTP/2.0", "\xff"),
    *(f"GET /{LONG} HTTP/1.1", f"GET /?q={LONG} HTTP/1.1", f"{LONG} / HTTP/1.1", "GET /products/\xff\xc0\xaf HTTP/1.1"),
    *("GET /search?q=\xff\xc0\xaf HTTP/1.1", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2"),
)
TARGETS = (
    *(f"GET http://{HOST}/healthz", "GET http://evil.example/healthz", "GET //evil.example/healthz"),
    *("GET /products/%FF%C0%AF", "GET /search?q=%FF%C0%AF", "OPTIONS *", "CONNECT evil.example:443"),
)


@dataclass(frozen=True)
class Sent:
    """What is sent in one piece."""

    name: str
    raw: bytes
    answers: frozenset[int] = REFUSED  # or none: the connection is closed


class Writer:
    """Writes requests to one callback address, with one body that means "paid"."""

    def __init__(self, callback: str, paid: bytes) -> None:
        self.callback, self.paid, self.size = callback, paid, len(paid)
        self.chunk = _chunk(paid)

    def head(self, *lines: str, to: str = "", version: str = "HTTP/1.1") -> bytes:
        """A valid head with these lines in it."""
        named = (f"{to or f'POST {self.callback}'} {version}", f"Host: {HOST}", *lines, "", "")
        return "\r\n".join(named).encode("latin-1")

    @property
    def whole(self) -> bytes:
        """The callback as Chpter would send it."""
        return self.head(f"Content-Length: {self.size}", "Content-Type: application/json") + self.paid

    def all(self) -> Iterator[Sent]:
        """Everything but what hides a second request."""
        yield from self._lengths()
        yield from self._chunks()
        yield from self._heads()
        yield from self._forms()

    def _lengths(self) -> Iterator[Sent]:
        """Bodies with two lengths, or with one that cannot be."""

        def lines(values: tuple[str, ...]) -> list[str]:
            sized = [value.replace("0xN", f"{self.size:#x}").replace("N", str(self.size)) for value in values]
            return [value.replace("M", str(self.size - 1)) for value in sized]

        for values in LENGTHS:
            said = [f"Content-Length: {value}" for value in lines(values)]
            yield Sent(str(said), self.head(*said) + self.paid)
        for values in CODINGS:
            said = [line.replace("Content-Length: N", f"Content-Length: {self.size}") for line in values]
            yield Sent(ascii(said), self.head(*said) + self.chunk + END, REFUSED | UNKNOWN_CODING)
        yield Sent("shorter than said", self.head(f"Content-Length: {self.size + 1}") + self.paid)
        yield Sent("unknown coding", self.head("Transfer-Encoding: xchunked") + self.paid, UNKNOWN_CODING)
        yield Sent("chunks in HTTP/1.0", self.head(CHUNKED, version="HTTP/1.0") + self.chunk + END)

    def _chunks(self) -> Iterator[Sent]:
        """Chunked bodies that break off, most of them after the whole callback has come."""
        head = self.head(CHUNKED)
        for wrong in CHUNK_SIZES:
            yield Sent(f"chunk of size {wrong[:12]!r}", head + self.chunk + wrong + b"\r\nab\r\n" + END)
        yield Sent("chunk without its end", head + self.chunk.removesuffix(b"\r\n") + END)
        yield Sent("chunk longer than said", head + b"2\r\n" + self.paid + b"\r\n" + END)
        yield Sent("chunks parted by LF", head + self.chunk.replace(b"\r\n", b"\n") + b"0\n\n")
        yield Sent("no last chunk", head + self.chunk)
        yield Sent("trailer of 100 KB", head + self.chunk + b"0\r\nX: " + LONG.encode() + b"\r\n\r\n")

    def _heads(self) -> Iterator[Sent]:
        """Heads that are broken, too large, or name no page in the way of a browser."""
        length = f"Content-Length: {self.size}"
        good = self.head(length)
        yield Sent("lines parted by LF", good.replace(b"\r\n", b"\n") + self.paid)
        for line in HEADERS:
            yield Sent(f"head with {line[:20]!r}", self.head(length, line) + self.paid)
        for host in HOSTS:
            yield Sent(f"host {host!r}", good.replace(f"Host: {HOST}\r\n".encode(), host.encode()) + self.paid)
        for first in FIRST_LINES:
            yield Sent(f"first line {first[:24]!r}", f"{first}\r\nHost: {HOST}\r\n\r\n".encode("latin-1"))
        for target in TARGETS:
            yield Sent(target, self.head(to=target), SERVED | REFUSED)
        yield Sent("HTTP/0.9", b"GET /\r\n")
        yield Sent("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200)
        yield Sent("every byte", bytes(range(256)) * 20)

    def _forms(self) -> Iterator[Sent]:
        """Forms that are too large, or are no text."""
        huge, too_large = b"sku=" + b"x" * 2_000_000, frozenset({413})
        many = b"&".join(b"f%d=1" % number for number in range(10_000))
        parts = b"--b\r\nContent-Disposition: form-data; name=f\r\n\r\n1\r\n" * 10_000 + b"--b--\r\n"
        to = "POST /cart/add"
        yield Sent("a form of 2 MB in chunks", self.head(FORM, CHUNKED, to=to) + _chunk(huge) + END, too_large)
        for name, form, kind, answers in (
            ("a form of 2 MB", huge, FORM, too_large),
            ("a form of 10,000 fields", many, FORM, SERVED),  # of 80 KB, read in a hundredth of a second
            ("a form of 10,000 parts", parts, "Content-Type: multipart/form-data; boundary=b", too_large),
            ("a form that is no UTF-8", b"sku=\xff\xc0\xaf&\xff=%FF", FORM, SERVED),
        ):
            yield Sent(name, self.head(kind, f"Content-Length: {len(form)}", to=to) + form, answers)
        yield Sent("a form that is cut", self.head(FORM, "Content-Length: 51", to=to) + b"sku=x" * 10)

    def hiding(self) -> Iterator[Sent]:
        """Requests with the callback hidden behind or in their body. It must not be taken for a request of its own."""
        hidden, length = self.whole, f"Content-Length: {len(self.whole)}"
        seen = SERVED | REFUSED | UNKNOWN_CODING | {405}
        for name, lines, body in (
            ("length and chunks", ("Content-Length: 5", CHUNKED), END),
            ("chunks and length", (CHUNKED, f"Content-Length: {len(hidden) + 5}"), END),
            ("two lengths", ("Content-Length: 0", length), b""),
            ("two lengths reversed", (length, "Content-Length: 0"), b""),
            ("a blank before the colon", ("Transfer-Encoding : chunked",), END),
            ("a broken chunk", (CHUNKED,), b"zz\r\n"),
            ("a chunk cut short", (CHUNKED,), b"2\r\n"),
            ("a chunk extension with LF", (CHUNKED,), b"0;\n\r\n\r\n"),
        ):
            yield Sent(name, self.head(FORM, *lines, to="POST /cart/add") + body + hidden)
        codings = self.head(FORM, CHUNKED, "Transfer-Encoding: x", to="POST /cart/add")
        yield Sent("two codings", codings + END + hidden, seen)
        large = self.head(FORM, "Content-Length: 2000000", to="POST /cart/add")
        yield Sent("a body that is too large", large + b"x" * 300_000 + hidden, seen)
        for to in ("POST /cart/add", "POST /healthz", "GET /healthz", "POST /none-such"):
            yield Sent(f"within the body of {to}", self.head(FORM, length, to=to) + hidden, seen)
            yield Sent(f"within a chunk of {to}", self.head(FORM, CHUNKED, to=to) + _chunk(hidden) + END, seen)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
