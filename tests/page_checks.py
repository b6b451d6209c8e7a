"""Checks of every page that a test opens."""

import re
from collections import Counter
from xml.etree.ElementTree import Element

import html5lib
from jinja2 import Undefined, UndefinedError
from jinja2.utils import missing

CANARY = "<canary>&\"'"  # used in names and notes; a page must escape it
NO_LABEL_NEEDED = ("hidden", "submit", "button", "image")


def check_page(html: str, address: str) -> Element:
    """Fail unless the page is valid HTML with one h1, a title, a language, unique ids, and a label for each input."""
    parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False)
    tree = parser.parse(html)
    assert not parser.errors, f"{address}: invalid HTML: {parser.errors[:3]}"
    assert "<canary>" not in html, f"{address}: a visitor's text is not escaped"
    assert len(tree.findall(".//h1")) == 1, f"{address}: not exactly one h1"
    assert (tree.findtext(".//title") or "").strip(), f"{address}: no title"
    assert tree.get("lang"), f"{address}: no language"
    assert len(tree.findall(".//main")) == 1, f"{address}: not exactly one main"
    ids = Counter(element.get("id") for element in tree.iter() if element.get("id"))
    assert not [name for name, times in ids.items() if times > 1], f"{address}: ids used twice: {ids.most_common(3)}"
    _check_labels(tree, address, set(ids))
    _check_strictness(tree, html, address)
    return tree


def _check_labels(tree: Element, address: str, ids: set[str | None]) -> None:
    labelled = {label.get("for") for label in tree.iter("label")}
    inside = {id(control) for label in tree.iter("label") for control in label.iter() if control is not label}
    for control in [*tree.iter("input"), *tree.iter("select"), *tree.iter("textarea")]:
        if control.get("type") in NO_LABEL_NEEDED:
            continue
        named = control.get("aria-label") or control.get("id") in labelled or id(control) in inside
        assert named, f"{address}: no label for {control.get('name')}"
    for element in tree.iter():
        for reference in ("aria-describedby", "aria-labelledby"):
            for name in (element.get(reference) or "").split():
                assert name in ids, f"{address}: {reference} names {name}, which does not exist"
    for image in tree.iter("img"):
        assert image.get("alt") is not None, f"{address}: an image without alt"


def _check_strictness(tree: Element, html: str, address: str) -> None:
    assert not re.search(r"<script(?![^>]*(\bsrc=|application/ld\+json))", html), f"{address}: inline script"
    for element in tree.iter():
        assert element.get("style") is None, f"{address}: inline style"
        assert not [name for name in element.attrib if name.startswith("on")], f"{address}: inline handler"


class Missing(Undefined):
    """Fails a page that prints an undefined name, or reads an attribute that an object or a row does not have."""

    def __init__(self, hint: str | None = None, obj: object = missing, name: str | None = None, exc=UndefinedError):
        super().__init__(hint, obj, name, exc)
        if type(obj).__module__.startswith(("shop.", "sqlalchemy.")):
            raise UndefinedError(f"{type(obj).__name__} has no attribute {name}")

    def __str__(self) -> str:
        self._fail_with_undefined_error()

    __html__ = __str__
