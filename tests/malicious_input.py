"""Texts that do harm where they are not treated as text, and the checks that find whether one did."""

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
NEVER = {"hostile", "iframe", "base", "object", "embed"}  # elements that no page of ours has
ADDRESSES = ("href", "src", "action", "formaction", "srcset", "poster", "srcdoc")


def check_harmless(html: str, address: str) -> None:
    """Fail where a hostile text became more than text on a page."""
    # forms take control characters off; where one got into a row all the same a browser draws nothing for it
    tree = check_page(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]", "", html), address)
    assert "50337" not in html, f"{address}: a template within a text was carried out"
    for element in tree.iter():
        _check_element(element, address)


def _check_element(element: Element, address: str) -> None:
    assert element.tag not in NEVER, f"{address}: <{element.tag}> of a visitor"
    assert not [name for name in element.attrib if "hostile" in name.lower()], f"{address}: {element.attrib}"
    for name in ADDRESSES:
        value = (element.get(name) or "").strip().lower()
        assert not value.startswith(("javascript:", "data:", "//", "vbscript:")), f"{address}: {name}={value[:60]}"


def check_cells(text: str, address: str) -> None:
    """Fail where a cell of a CSV would be taken for a formula."""
    for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        for cell in row:
            number = cell.removeprefix("-").replace(".", "", 1).isdigit()
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), f"{address}: cell {cell[:40]!r}"


def check_letter(raw: bytes) -> None:
    """Fail where a text of a mail became a header or a recipient of it."""
    letter = message_from_bytes(raw, policy=policy.default)
    assert not letter["Bcc"] and not letter["X-Hostile"], letter.items()
    assert len(letter.get_all("To", [])) == 1
    assert "50337" not in raw.decode(errors="replace")
