"""Requests that are no proper HTTP, byte by byte: what to send, and which answers will do.

Every one that has a body carries a callback that would pay an order, were its body read as somebody wants it to be.
"""

from collections.abc import Iterator
from dataclasses import dataclass

HOST = "shop.example.co.ke"
REFUSED = frozenset({400, 411, 413, 414, 417, 431})
UNKNOWN_CODING = frozenset({501})  # what RFC 9112, section 6.1, wants said of a coding that is not known
SERVED = frozenset({200, 303, 404})
TOO_MUCH = 100_000


@dataclass(frozen=True)
class Sent:
    """What goes over the wire in one piece."""

    name: str
    raw: bytes
    answers: frozenset[int] = REFUSED  # or none: the connection is closed


class Writer:
    """Writes requests to one callback address, with one body that means "paid"."""

    def __init__(self, callback: str, paid: bytes) -> None:
        self.callback, self.paid = callback, paid

    def head(self, *lines: str, target: str = "", verb: str = "POST", version: str = "HTTP/1.1") -> bytes:
        """A head that is right, with these lines in it."""
        named = (f"{verb} {target or self.callback} {version}", f"Host: {HOST}", *lines, "", "")
        return "\r\n".join(named).encode("latin-1")

    @property
    def whole(self) -> bytes:
        """The callback as Chpter would send it."""
        return self.head(f"Content-Length: {len(self.paid)}", "Content-Type: application/json") + self.paid

    @property
    def chunk(self) -> bytes:
        """The body as one good chunk, with nothing after it."""
        return b"%x\r\n%s\r\n" % (len(self.paid), self.paid)

    def all(self) -> Iterator[Sent]:
        """Everything but what hides a second request."""
        yield from self.lengths()
        yield from self.chunks()
        yield from self.heads()
        yield from self.targets()
        yield from self.forms()

    def lengths(self) -> Iterator[Sent]:
        """Bodies of which two things are said, or nothing that can be."""
        size = len(self.paid)
        for said in (
            *((f"Content-Length: {size}", f"Content-Length: {size - 1}"), (f"Content-Length: {size}",) * 2),
            *((f"Content-Length: {size}, {size - 1}",), (f"Content-Length: +{size}",), (f"Content-Length: -{size}",)),
            *(
                (f"Content-Length: {size:#x}",),
                ("Content-Length: \xb2",),
                ("Content-Length: ",),
                ("Content-Length: 1_0",),
            ),
        ):
            yield Sent(str(said), self.head(*said) + self.paid)
        for said in (
            *(
                (f"Content-Length: {size}", "Transfer-Encoding: chunked"),
                ("Transfer-Encoding: chunked", "Content-Length: 0"),
            ),
            *(
                ("Transfer-Encoding: chunked",) * 2,
                ("Transfer-Encoding: chunked, identity",),
                ("Transfer-Encoding : chunked",),
            ),
            *(
                ("Transfer-Encoding:\x0bchunked",),
                ("X: y\rTransfer-Encoding: chunked",),
                ("Transfer-Encoding: \x00chunked",),
            ),
        ):
            yield Sent(ascii(said), self.head(*said) + self.chunk + b"0\r\n\r\n", REFUSED | UNKNOWN_CODING)
        yield Sent("shorter than said", self.head(f"Content-Length: {size + 1}") + self.paid)
        yield Sent("unknown coding", self.head("Transfer-Encoding: xchunked") + self.paid, UNKNOWN_CODING)
        old = self.head("Transfer-Encoding: chunked", version="HTTP/1.0")
        yield Sent("chunks in HTTP/1.0", old + self.chunk + b"0\r\n\r\n")

    def chunks(self) -> Iterator[Sent]:
        """Chunked bodies that break off, most of them after the whole callback has come."""
        size, head = b"%x" % len(self.paid), self.head("Transfer-Encoding: chunked")
        for wrong in (
            b"xyz",
            b"-1",
            b"0x2",
            b"+2",
            b"",
            b" ",
            b"1_0",
            b"f" * 20,
            b"0" * TOO_MUCH,
            b"2;" + b"x" * TOO_MUCH,
        ):
            yield Sent(f"chunk of size {wrong[:12]!r}", head + self.chunk + wrong + b"\r\nab\r\n0\r\n\r\n")
        yield Sent("chunk without its end", head + size + b"\r\n" + self.paid + b"0\r\n\r\n")
        yield Sent("chunk longer than said", head + b"2\r\n" + self.paid + b"\r\n0\r\n\r\n")
        yield Sent("chunks parted by LF", head + self.chunk.replace(b"\r\n", b"\n") + b"0\n\n")
        yield Sent("no last chunk", head + self.chunk)
        yield Sent("trailer of 100 KB", head + self.chunk + b"0\r\nX: " + b"x" * TOO_MUCH + b"\r\n\r\n")

    def heads(self) -> Iterator[Sent]:
        """Heads that are broken or too large."""
        good = self.head(f"Content-Length: {len(self.paid)}")
        yield Sent("lines parted by LF", good.replace(b"\r\n", b"\n") + self.paid)
        for line in (
            *(
                "X: a\nY: b",
                "X: a\rY: b",
                "X: a\x00b",
                "X\x00: a",
                "X: a\r\n b",
                "no colon",
                ": no name",
                "X y: a",
                "X\xe9: a",
            ),
            *(f"X: {'x' * TOO_MUCH}", f"{'x' * TOO_MUCH}: 1", f"Cookie: session={'x' * TOO_MUCH}"),
            *("\r\n".join(f"X-{number}: 1" for number in range(200)), "Host: evil.example", f"Host: {HOST}"),
            *("Expect: nothing", "X: " + "\x7f\x01"),
        ):
            yield Sent(f"head with {line[:20]!r}", self.head(f"Content-Length: {len(self.paid)}", line) + self.paid)
        for host in (
            b"",
            b"Host:\r\n",
            b"Host: evil.example\r\n",
            b"Host: a b\r\n",
            f"Host: {HOST},evil.example\r\n".encode(),
        ):
            yield Sent(f"host {host!r}", good.replace(f"Host: {HOST}\r\n".encode(), host) + self.paid)

    def targets(self) -> Iterator[Sent]:
        """First lines that name no page, or not in a way that a browser would."""
        for first in (
            *(
                "GET /",
                "GET",
                "",
                "GET / HTTP/2.0",
                "GET / HTTP/1",
                "GET / http/1.1",
                "GET  / HTTP/1.1",
                "GET / HTTP/1.1 x",
            ),
            *(
                "G\x00T / HTTP/1.1",
                "GET /\x00 HTTP/1.1",
                "GET * HTTP/1.1",
                "GET healthz HTTP/1.1",
                "PRI * HTTP/2.0",
                "\xff",
            ),
            *(f"GET /{'x' * TOO_MUCH} HTTP/1.1", f"GET /?q={'x' * TOO_MUCH} HTTP/1.1", f"{'G' * TOO_MUCH} / HTTP/1.1"),
            *(
                "GET /products/\xff\xc0\xaf HTTP/1.1",
                "GET /search?q=\xff\xc0\xaf HTTP/1.1",
                "PROXY TCP4 1.2.3.4 1.2.3.4 1 2",
            ),
        ):
            yield Sent(f"first line {first[:24]!r}", f"{first}\r\nHost: {HOST}\r\n\r\n".encode("latin-1"))
        yield Sent("HTTP/0.9", b"GET /\r\n")
        yield Sent("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200)
        yield Sent("every byte", bytes(range(256)) * 20)
        for verb, target in (
            *(
                ("GET", f"http://{HOST}/healthz"),
                ("GET", "http://evil.example/healthz"),
                ("GET", "//evil.example/healthz"),
            ),
            *(
                ("GET", "/products/%FF%C0%AF"),
                ("GET", "/search?q=%FF%C0%AF"),
                ("OPTIONS", "*"),
                ("CONNECT", "evil.example:443"),
            ),
        ):
            yield Sent(f"{verb} {target}", self.head(verb=verb, target=target), SERVED | REFUSED)

    def forms(self) -> Iterator[Sent]:
        """Forms that are too large, or hold what is no text."""
        kind = "Content-Type: application/x-www-form-urlencoded"
        huge = b"sku=" + b"x" * 2_000_000
        many = b"&".join(b"f%d=1" % number for number in range(10_000))
        parted = b"--b\r\nContent-Disposition: form-data; name=f\r\n\r\n1\r\n" * 10_000 + b"--b--\r\n"
        chunked = self.head(kind, "Transfer-Encoding: chunked", target="/cart/add")
        yield Sent("a form of 2 MB in chunks", chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(huge), huge), frozenset({413}))
        for name, form, kind_, answers in (
            ("a form of 2 MB", huge, kind, frozenset({413})),
            ("a form of 10,000 fields", many, kind, SERVED),  # of 80 KB, read in a hundredth of a second
            ("a form of 10,000 parts", parted, "Content-Type: multipart/form-data; boundary=b", frozenset({413})),
            ("a form that is no UTF-8", b"sku=\xff\xc0\xaf&\xff=%FF", kind, SERVED),
            ("a form that is cut", b"sku=x" * 10, kind, REFUSED),
        ):
            length = len(form) + (name == "a form that is cut")
            yield Sent(name, self.head(kind_, f"Content-Length: {length}", target="/cart/add") + form, answers)

    def hiding(self) -> Iterator[Sent]:
        """Requests with the callback hidden behind or in their body. It must be taken for no request of its own."""
        hidden, size, form = self.whole, len(self.whole), "Content-Type: application/x-www-form-urlencoded"
        chunked, wrapped = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (size, hidden)
        seen = SERVED | REFUSED | UNKNOWN_CODING | {405}

        def before(*lines: str, target: str = "/cart/add", verb: str = "POST") -> bytes:
            return self.head(form, *lines, target=target, verb=verb)

        yield Sent("length and chunks", before("Content-Length: 5", chunked) + b"0\r\n\r\n" + hidden)
        yield Sent("chunks and length", before(chunked, f"Content-Length: {size + 5}") + b"0\r\n\r\n" + hidden)
        yield Sent("two lengths", before("Content-Length: 0", f"Content-Length: {size}") + hidden)
        yield Sent("two lengths turned", before(f"Content-Length: {size}", "Content-Length: 0") + hidden)
        yield Sent("two codings", before(chunked, "Transfer-Encoding: x") + b"0\r\n\r\n" + hidden, seen)
        yield Sent("a blank before the colon", before("Transfer-Encoding : chunked") + b"0\r\n\r\n" + hidden)
        yield Sent("a broken chunk", before(chunked) + b"zz\r\n" + hidden)
        yield Sent("a chunk cut short", before(chunked) + b"2\r\n" + hidden)
        yield Sent("a chunk extension with LF", before(chunked) + b"0;\n\r\n\r\n" + hidden)
        yield Sent("a body that is too large", before("Content-Length: 2000000") + b"x" * 300_000 + hidden, seen)
        for verb, target in (("POST", "/cart/add"), ("POST", "/healthz"), ("GET", "/healthz"), ("POST", "/none-such")):
            length = before(f"Content-Length: {size}", target=target, verb=verb)
            yield Sent(f"within the body of {verb} {target}", length + hidden, seen)
            yield Sent(f"within a chunk of {verb} {target}", before(chunked, target=target, verb=verb) + wrapped, seen)
