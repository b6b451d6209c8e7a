"""Cleaning, checking and masking what people type: lines, names, email addresses."""

import re
import unicodedata
from difflib import get_close_matches

from email_validator import validate_email


def masked_phone(number: str) -> tuple[str, str]:
    """Start and end of 254712345678: "0712" and "678". For any other number "" and the last three digits."""
    if len(number) == 12 and number.startswith("254"):
        return f"0{number[3:6]}", number[9:]
    return "", number[-3:]


def masked_email(address: str) -> tuple[str, str]:
    """The first letter of an address, and its domain."""
    mailbox, _, host = address.rpartition("@")
    return mailbox[:1], host


_LINK = re.compile(r"://|\bwww\.|(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)", re.IGNORECASE)
_WORD_BREAK = re.compile(r"\s|\.{2,}")
_TOP_LEVEL_DOMAIN = re.compile(r"[^\W\d_]{2,}|xn--[\w-]+")  # no digits, two letters or more
_NUMBER = re.compile(r"(?:\d[ .()-]?){7}")  # long enough for a phone number
MAX_NAME_READ = 1000  # characters
_JOINERS = "\u200c\u200d"  # between letters of scripts that join them, and in emoji
# Combining grapheme joiner, and the spaces that Unicode counts as letters or symbols.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_EUROPEAN = ("LATIN", "GREEK", "CYRILLIC")


def name_problem(text: str) -> str | None:
    """What is wrong with a person's name, as a sentence without its subject; None if nothing is.

    Initials without spaces ("J.K.Otieno") are accepted: one letter before each dot, four or more after the last.
    Only the first MAX_NAME_READ characters are looked at: no form takes a longer name.
    """
    text = text[:MAX_NAME_READ]
    if any(_is_hidden(text, place) for place in range(len(text))):
        return "holds a character that cannot be seen. Type it instead of pasting it"
    plain = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    if _LINK.search(plain) or any("." in word and _is_domain(word.strip(".")) for word in _WORD_BREAK.split(plain)):
        return "must be a name, without a web address. Put a space after each full stop"
    if _NUMBER.search(plain):
        return "must be a name, without a phone number"
    return None


def comparison_key(text: str) -> str:
    """The letters and digits of a name in one case and width, to compare names by."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())


def trimmed(text: str) -> str:
    """`text` without spaces and invisible characters at its ends, as copying from a chat leaves them."""
    start, end = 0, len(text)
    while start < end and (text[start].isspace() or _is_hidden(text, start)):
        start += 1
    while start < end and (text[end - 1].isspace() or _is_hidden(text, end - 1)):
        end -= 1
    return text[start:end]


def _is_domain(word: str) -> bool:
    *labels, ending = re.split(r"\.", re.split(r"[/:?#,;)\]]", word)[0].rstrip(".,"))
    if not labels or not _TOP_LEVEL_DOMAIN.match(ending):
        return False
    return len(ending) < 4 or any(len(label) > 1 for label in labels)


def _is_hidden(text: str, place: int) -> bool:
    character = text[place]
    if character in _JOINERS:
        return not (0 < place < len(text) - 1 and _joins(text[place - 1]) and _joins(text[place + 1]))
    return character in _BLANKS or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _joins(character: str) -> bool:
    """Whether a joiner may be next to this character."""
    return not (character.isascii() or character.isspace() or unicodedata.name(character, "").startswith(_EUROPEAN))


# Mail hosts that most Kenyan buyers use, and real hosts with similar names. None of these is questioned.
KNOWN_HOSTS = (
    *("gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "ymail.com", "rocketmail.com", "hotmail.com"),
    *("hotmail.co.uk", "outlook.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com", "aol.com", "gmx.com"),
    *("proton.me", "protonmail.com", "safaricom.co.ke", "mail.com", "email.com", "zoho.com", "fastmail.com"),
)
MIN_SIMILARITY = 0.85  # difflib's ratio, 0 to 1: one letter wrong, missing or swapped


def suggested_email(address: str) -> str | None:
    """The address that was probably meant, or None if the host is fine. `address` is ASCII."""
    mailbox, _, host = address.rpartition("@")
    host = host.lower()
    if host in KNOWN_HOSTS:
        return None
    near = get_close_matches(host, KNOWN_HOSTS, n=1, cutoff=MIN_SIMILARITY)
    return f"{mailbox}@{near[0]}" if near else None


# Control characters, line separators, and marks that reverse the writing direction: none belongs in a name or note.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def capitalised(text: str) -> str:
    """The text with its first letter in upper case; the others stay as they are."""
    return text[:1].upper() + text[1:]


def typed_line(text: str | None) -> str:
    """Typed text on one line, without control characters; each run of spaces becomes one space."""
    return " ".join(CONTROL_CHARACTERS.sub(" ", text or "").split())


def typed_text(text: str | None) -> str:
    """Typed text that keeps its line breaks, without other control characters."""
    return CONTROL_CHARACTERS.sub("", (text or "").replace("\r\n", "\n").replace("\r", "\n")).strip()


def normalised_email(text: str) -> str:
    """An address in ASCII, which every mail server accepts. Raises EmailNotValidError. Makes no DNS query."""
    checked = validate_email(text[:255], check_deliverability=False, test_environment=True, allow_smtputf8=False)
    return checked.ascii_email or checked.normalized


_SPACES = re.compile(r"\s+")
_WORD_JOINERS = re.compile("(?<=[^\\s\x00-\x7f])([\u200c\u200d])(?=[^\\s\x00-\x7f])")  # not between Latin letters


def one_line(text: str, limit: int, *, joiners: bool = False) -> str:
    """`text` on one line, without invisible characters, spaces collapsed, at most `limit` characters.

    Control characters become spaces, so that words on two lines stay two words. `joiners` keeps the zero-width joiner
    and non-joiner inside words of scripts that need them, and inside emoji.
    """
    shown = str.maketrans({character: _visible(character) for character in set(text)})
    parts = _WORD_JOINERS.split(text) if joiners else [text]
    plain = "".join(part if place % 2 else part.translate(shown) for place, part in enumerate(parts))
    return _SPACES.sub(" ", plain).strip()[:limit].rstrip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category in ("Cf", "Cs", "Co", "Cn"):  # invisible, some of them reverse the writing direction
        return ""
    return character
