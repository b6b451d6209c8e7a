"""The forms of the pages as they are served: where each leads, and what a browser would send with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib

from tests.admin_client import PASSWORD
from tests.shopper import ANSWERS

CONTROLS = ("input", "button", "select", "textarea")
Field = tuple[str, str, bool]  # its name, what is sent for it, and whether it is a file
TYPED = {
    **ANSWERS,
    **{"password": PASSWORD, "current": PASSWORD, "phone_number": "0712 345 678", "quantity": "1"},
    "reason": "asked to",
}


@dataclass(frozen=True)
class Form:
    """Where it leads, how, and its fields."""

    action: str
    method: str
    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its fields, each once."""
        return tuple(dict.fromkeys(name for name, _, _ in self.fields))


def forms_on(html: str, address: str) -> Iterator[Form]:
    """Every form of a page that leads to our own shop. A link with a query is a form of a kind."""
    page = html5lib.parse(html, namespaceHTMLElements=False)
    for form in page.iter("form"):
        action = urlsplit(urljoin(address, form.get("action") or address))
        own = [one for one in form.iter() if not one.get("form")]
        by_id = [one for one in page.iter() if one.get("form") and one.get("form") == form.get("id")]
        fields = tuple(_field(one) for one in (*own, *by_id) if one.get("name") and one.tag in CONTROLS)
        if fields and not action.netloc:
            yield Form(action.path, (form.get("method") or "get").upper(), fields)
    for link in page.iter("a"):
        parts = urlsplit(urljoin(address, link.get("href") or ""))
        if parts.query and not parts.netloc:
            asked = parse_qsl(parts.query, keep_blank_values=True)
            yield Form(parts.path, "GET", tuple((name, value, False) for name, value in asked))


def _field(control: Element) -> Field:
    name, value = str(control.get("name")), control.get("value")
    if control.tag == "select":
        value = next((option.get("value") for option in control.iter("option") if option.get("value")), "")
        return name, value or "", False
    return name, value or TYPED.get(name, ""), control.get("type") == "file"
