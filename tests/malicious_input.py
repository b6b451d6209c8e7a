"""Texts that do harm if they are not treated as text, and checks that find out whether they did."""

import csv
import io
import re
from email import message_from_bytes, policy
from xml.etree.ElementTree import Element

from tests.page_checks import check_page

STRINGS = (
    "<hostile>alert(1)</hostile>",
    "<script>hostile()</script>",
    '"><img src=x onerror=hostile()>',
    "' onmouseover='hostile()' x='",
    '" autofocus onfocus="hostile()" x="',
    "</textarea><hostile>",
    "</title><hostile>",
    "</pre></style></script><hostile>",
    "<!-- <hostile>",
    "--><hostile>",
    "<![CDATA[<hostile>]]>",
    "<svg onload=hostile()>",
    '<a href="javascript:hostile()">x</a>',
    "javascript:hostile()",
    "data:text/html,<hostile>",
    "&lt;hostile&gt; &amp; &#60;hostile&#62;",
    "<iframe srcdoc='<hostile>'></iframe>",
    "<base href='//hostile.example/'>",
    "{{ 7 * 7191 }}",
    "{% for x in (7,) %}{{ x * 7191 }}{% endfor %}",
    "${7*7191} #{7*7191} <%= 7*7191 %>",
    "%s%s%n %(hostile)s {0.__class__} {hostile}",
    "'; DROP TABLE orders; --",
    '" OR 1=1 --',
    "%' OR '1' LIKE '%_",
    "\\'; \\\" \\\\ \\u003chostile\\u003e",
    '=HYPERLINK("//hostile.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r\nBcc: hostile@hostile.example\r\n\r\nhostile",
    "hostile\nX-Hostile: yes",
    "\x1b[31mhostile\x1b[0m \x07\x08",
    "\u202egnp.elitsoh\u202c \u2066\u200b\ufeff",
    "\u2028hostile\u2029 \x85",
    "ho\u0336\u0337\u0338\u0321\u0322stile " + "\u0301" * 60,
    "🧺👩🏾‍🌾🇰🇪 \U0001f9ff \ufffd",
    "../../../../etc/passwd .. %2e%2e/ \\..\\..",
    "ｊａｖａｓｃｒｉｐｔ：＜hostile＞ ﷽ ıİſK",
)
FORBIDDEN_ELEMENTS = {"hostile", "iframe", "base", "object", "embed"}
ADDRESSES = ("href", "src", "action", "formaction", "srcset", "poster", "srcdoc")


def check_harmless(html: str, address: str) -> None:
    """Fail if a hostile text became more than text on a page."""
    # forms remove control characters; if one is in a row anyway, a browser shows nothing for it
    tree = check_page(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]", "", html), address)
    assert "50337" not in html, f"{address}: a template inside a text was rendered"
    for element in tree.iter():
        _check_element(element, address)


def _check_element(element: Element, address: str) -> None:
    assert element.tag not in FORBIDDEN_ELEMENTS, f"{address}: <{element.tag}> from a visitor's text"
    assert not [name for name in element.attrib if "hostile" in name.lower()], f"{address}: {element.attrib}"
    for name in ADDRESSES:
        value = (element.get(name) or "").strip().lower()
        assert not value.startswith(("javascript:", "data:", "//", "vbscript:")), f"{address}: {name}={value[:60]}"


def check_cells(text: str, address: str) -> None:
    """Fail if a spreadsheet would run a cell of a CSV as a formula."""
    for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        for cell in row:
            number = cell.removeprefix("-").replace(".", "", 1).isdigit()
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), f"{address}: cell {cell[:40]!r}"


def check_email(raw: bytes) -> None:
    """Fail if a text in an email became a header or recipient."""
    email = message_from_bytes(raw, policy=policy.default)
    assert not email["Bcc"] and not email["X-Hostile"], email.items()
    assert len(email.get_all("To", [])) == 1
    assert "50337" not in raw.decode(errors="replace")
