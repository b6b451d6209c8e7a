"""The small markup of the owner's own texts: headings, lists, bold, italic and links. HTML is shown as text.

Rendered by markdown-it-py (CommonMark). Links lead to web pages, to pages of this shop, to an email address or a phone
number; any other address stays text. Headings begin at level 2, because the page's title is level 1. A link alone in
its paragraph or list item is large enough to touch.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

MAX_TEXT = 10_000  # characters; the rest is not shown
MAX_LINKS = 200  # in one text; with more opening brackets none is a link, because looking for their ends is slow
_ALLOWED = re.compile(r"https?://|mailto:|tel:|/(?![/\\])|#", re.IGNORECASE)
_RULES = ("heading", "list", "emphasis", "link", "autolink", "newline", "escape", "entity", "lheading", "hr")


def is_allowed_link(address: str) -> bool:
    """Whether the owner may link to an address: a web page, a page of this shop, an email address, a phone number."""
    return _ALLOWED.match(address.strip()) is not None


def rendered(text: str) -> Markup:
    """A text of the owner as HTML, at most MAX_TEXT characters of it. What is not the markup above is escaped."""
    text = text[:MAX_TEXT]
    if text.count("[") > MAX_LINKS:
        text = text.replace("[", r"\[")
    return Markup(_parser().render(text))  # noqa: S704  # nosec B704 - all text is escaped, `html` is off


@lru_cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # 6 MB of memory, needed only where such a text is shown

    parser = MarkdownIt("zero", {"html": False, "breaks": True}).enable(_RULES)
    parser.validateLink = is_allowed_link  # type: ignore[method-assign, assignment]
    parser.add_render_rule("heading_open", _heading_open)
    parser.add_render_rule("heading_close", _heading_close)
    parser.add_render_rule("link_open", _link_open)
    return parser


def _heading_open(_renderer: Any, tokens: list[Any], number: int, _options: Any, _env: Any) -> str:
    return f"<h{_level(tokens[number])}>"


def _heading_close(_renderer: Any, tokens: list[Any], number: int, _options: Any, _env: Any) -> str:
    return f"</h{_level(tokens[number])}>\n"


def _link_open(renderer: Any, tokens: list[Any], number: int, options: Any, env: Any) -> str:
    links = sum(token.type == "link_open" for token in tokens)
    if links == 1 and tokens[0].type == "link_open" and tokens[-1].type == "link_close":
        tokens[number].attrSet("class", "touch-link")
    return str(renderer.renderToken(tokens, number, options, env))


def _level(heading: Any) -> int:
    return min(6, int(heading.tag[1]) + 1)
