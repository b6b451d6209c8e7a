"""The forms of the pages as they are served: where each leads, and what a browser would send with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from tests.admin_client import PASSWORD
from tests.shopper import ANSWERS

BY_NAME = {
    **ANSWERS,
    "password": PASSWORD,
    "current": PASSWORD,
    "phone_number": "0712 345 678",
    "quantity": "1",
    "reason": "asked to",
}


@dataclass(frozen=True)
class Form:
    """Where it leads, how, and its fields: name, what is sent for it, and whether it is a file."""

    action: str
    method: str
    fields: tuple[tuple[str, str, bool], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its fields, each once."""
        return tuple(dict.fromkeys(name for name, _, _ in self.fields))


@dataclass
class _Open:
    action: str
    method: str
    fields: list[tuple[str, str, bool]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects forms, fields that name their form by id, and links with a query, which are forms of a kind."""

    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.address = address
        self.open: _Open | None = None
        self.by_id: dict[str, _Open] = {}
        self.all: list[_Open] = []
        self.loose: list[tuple[str, tuple[str, str, bool]]] = []
        self.area: str | None = None
        self.choice: tuple[str, dict[str, str | None], list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            action = urljoin(self.address, has.get("action") or self.address)
            self.open = _Open(action, (has.get("method") or "get").upper())
            self.all.append(self.open)
            self.by_id[has.get("id") or ""] = self.open
        elif tag == "a" and "?" in (has.get("href") or ""):
            parts = urlsplit(urljoin(self.address, has["href"] or ""))
            if not parts.netloc:
                asked = [(name, value, False) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
                self.all.append(_Open(parts.path, "GET", asked))
        elif has.get("name"):
            self._take(tag, str(has["name"]), has)
        elif tag == "option" and self.choice:
            self.choice[2].append(has.get("value") or "")

    def _take(self, tag: str, name: str, has: dict[str, str | None]) -> None:
        if tag == "select":
            self.choice = (name, has, [])
        elif tag == "textarea":
            self._add(has, (name, BY_NAME.get(name, ""), False))
        elif tag in ("input", "button"):
            value = has.get("value") or BY_NAME.get(name, "")
            self._add(has, (name, value, has.get("type") == "file"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select" and self.choice:
            name, has, options = self.choice
            self._add(has, (name, next((one for one in options if one), ""), False))
            self.choice = None

    def _add(self, has: dict[str, str | None], sent: tuple[str, str, bool]) -> None:
        if has.get("form"):
            self.loose.append((str(has["form"]), sent))
        elif self.open is not None:
            self.open.fields.append(sent)


def forms_on(html: str, address: str) -> Iterator[Form]:
    """Every form of a page that leads to our own shop."""
    reader = _Reader(address)
    reader.feed(html)
    for name, sent in reader.loose:
        if name in reader.by_id:
            reader.by_id[name].fields.append(sent)
    for one in reader.all:
        parts = urlsplit(one.action)
        if not parts.netloc and one.fields:
            yield Form(parts.path, one.method, tuple(one.fields))
