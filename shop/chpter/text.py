"""Text from outside, made fit for one line of a page, a log or a request."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_JOINERS = re.compile("(?<=[^\\s\x00-\x7f])([\u200c\u200d])(?=[^\\s\x00-\x7f])")  # not between Latin letters


def one_line(text: str, limit: int, *, joiners: bool = False) -> str:
    """`text` on one line without invisible characters, spaces collapsed, at most `limit` characters.

    Control characters become spaces, so that words on two lines stay two words. `joiners` keeps the zero-width joiner
    and non-joiner inside words of scripts that are spelled with them, and inside emoji.
    """
    shown = str.maketrans({character: _visible(character) for character in set(text)})
    parts = _JOINERS.split(text) if joiners else [text]
    plain = "".join(part if place % 2 else part.translate(shown) for place, part in enumerate(parts))
    return _SPACES.sub(" ", plain).strip()[:limit].rstrip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category in ("Cf", "Cs", "Co", "Cn"):  # invisible, among them what turns the writing direction round
        return ""
    return character
