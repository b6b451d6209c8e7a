"""Names of persons, which stand in mails to addresses that anybody may type: no link, no phone number."""

import re
import unicodedata

_LINK = re.compile(r"://|\bwww\.|(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s|\.{2,}")  # what parts two words
_ENDING = re.compile(r"[^\W\d_]{2,}|xn--[\w-]+")  # how a domain ends: no digits, two letters or more
_NUMBER = re.compile(r"(?:\d[ .()-]?){7}")  # long enough for a telephone
_JOINERS = "\u200c\u200d"  # between letters of scripts that join them, and in emoji
# Combining grapheme joiner, and the blanks that count as letters or symbols.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_EUROPEAN = ("LATIN", "GREEK", "CYRILLIC")


def name_problem(text: str) -> str | None:
    """What is wrong with a person's name, as the end of a sentence that begins with the field's name; None when fine.

    Initials without blanks ("J.K.Otieno") are a name: one letter before each stop, four or more after the last.
    """
    if any(_is_hidden(text, place) for place in range(len(text))):
        return "holds a character that cannot be seen. Type it instead of pasting it"
    plain = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    if _LINK.search(plain) or any("." in word and _is_domain(word.strip(".")) for word in _BETWEEN.split(plain)):
        return "must be a name, without a web address. Put a blank after each full stop"
    if _NUMBER.search(plain):
        return "must be a name, without a phone number"
    return None


def compared(text: str) -> str:
    """What two names are compared by: letters and digits, whatever their case and width."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())


def trimmed(text: str) -> str:
    """`text` without blanks and invisible characters at its ends, which copying from a chat leaves there."""
    shown = [place for place in range(len(text)) if not (text[place].isspace() or _is_hidden(text, place))]
    return text[shown[0] : shown[-1] + 1] if shown else ""


def _is_domain(word: str) -> bool:
    *labels, ending = re.split(r"\.", re.split(r"[/:?#,;)\]]", word)[0].rstrip(".,"))
    if not labels or not _ENDING.match(ending):
        return False
    return len(ending) < 4 or any(len(label) > 1 for label in labels)


def _is_hidden(text: str, place: int) -> bool:
    character = text[place]
    if character in _JOINERS:
        return not (0 < place < len(text) - 1 and _joins(text[place - 1]) and _joins(text[place + 1]))
    return character in _BLANKS or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _joins(character: str) -> bool:
    """Whether a joiner may stand beside it."""
    return not (character.isascii() or character.isspace() or unicodedata.name(character, "").startswith(_EUROPEAN))
