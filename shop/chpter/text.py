"""Text from outside, made fit for one line of a page, a log or a request."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")


def one_line(text: str, limit: int) -> str:
    """`text` on one line without invisible characters, blanks collapsed, at most `limit` characters.

    Control characters become blanks, so that words on two lines stay two words.
    """
    shown = str.maketrans({character: _visible(character) for character in set(text)})
    return _SPACES.sub(" ", text.translate(shown)).strip()[:limit].rstrip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category in ("Cf", "Cs", "Co", "Cn"):  # invisible, among them what turns the writing direction round
        return ""
    return character
