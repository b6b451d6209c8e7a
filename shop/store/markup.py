"""The small markup of the owner's own texts: headings, lists, bold, italic and links. HTML is shown as text.

Rendered by markdown-it-py (CommonMark). Links lead to web pages, to pages of this shop, to an email address or a phone
number; any other address stays text.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

_ALLOWED = re.compile(r"https?://|mailto:|tel:|/(?![/\\])|#", re.IGNORECASE)
_RULES = ("heading", "list", "emphasis", "link", "autolink", "newline", "escape", "entity", "lheading", "hr")


class _Renderer(RendererHTML):
    """Headings begin at level 2, because the page's title is level 1.

    A link alone in its paragraph or list item is large enough to touch.
    """

    def heading_open(self, tokens: list[Token], number: int, _options: OptionsDict, _env: EnvType) -> str:
        return f"<h{_level(tokens[number])}>"

    def heading_close(self, tokens: list[Token], number: int, _options: OptionsDict, _env: EnvType) -> str:
        return f"</h{_level(tokens[number])}>\n"

    def link_open(self, tokens: list[Token], number: int, options: OptionsDict, env: EnvType) -> str:
        links = sum(token.type == "link_open" for token in tokens)
        if links == 1 and tokens[0].type == "link_open" and tokens[-1].type == "link_close":
            tokens[number].attrSet("class", "touch-link")
        return self.renderToken(tokens, number, options, env)


def _level(heading: Token) -> int:
    return min(6, int(heading.tag[1]) + 1)


_parser = MarkdownIt("zero", {"html": False, "breaks": True}, renderer_cls=_Renderer).enable(_RULES)


def is_allowed_link(address: str) -> bool:
    """Whether the owner may link to an address: a web page, a page of this shop, an email address, a phone number."""
    return _ALLOWED.match(address.strip()) is not None


_parser.validateLink = is_allowed_link  # type: ignore[method-assign, assignment]


def rendered(text: str) -> Markup:
    """A text of the owner as HTML. Everything that is not the markup above is escaped."""
    return Markup(_parser.render(text))  # noqa: S704  # nosec B704 - all text is escaped, `html` is off
