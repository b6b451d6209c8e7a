"""What makes a password too weak to guard the desk: too short, or among the first that anybody would try."""

import re

from shop.accounts.login import LONGEST_PASSWORD

SHORTEST_PASSWORD = 12  # characters
FEWEST_DIFFERENT = 5
ROWS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p")
COMMON = (
    *("password", "passw0rd", "letmein", "welcome", "admin", "administrator", "changeme", "iloveyou", "football"),
    *("monkey", "dragon", "master", "princess", "sunshine", "superman", "secret", "login", "default", "test", "shop"),
    *("mpesa", "safaricom", "nairobi", "mombasa", "kisumu", "kenya", "harambee", "jambo", "karibu", "chpter"),
)


def weakness(password: str, email: str, *names: str) -> str:
    """What is wrong with a password, in words that say the cure; "" if nothing. `names`: of the person and the shop."""
    if not password.strip():
        return "The password is blank; choose one"
    if not password.isprintable():
        return "The password has a line break or another character that nobody can type"
    if len(password) < SHORTEST_PASSWORD:
        return f"The password is too short; use {SHORTEST_PASSWORD} characters or more"
    if len(password) > LONGEST_PASSWORD:
        return f"The password is too long; use {LONGEST_PASSWORD} characters or fewer"
    if password.strip().casefold() == email.casefold():
        return "The password is the e-mail address; anybody would try that first"
    if _too_simple(password.casefold(), email.casefold(), names):
        return "The password is too easy to guess; four words that do not belong together are hard"
    return ""


def _too_simple(password: str, email: str, names: tuple[str, ...]) -> bool:
    """Whether little is left of it without what everybody knows: common words, names, years, rows of keys."""
    if len(set(password)) < FEWEST_DIFFERENT:
        return True
    left = re.sub(r"[^\w]|_", "", password)
    own = [part for text in (email, *names) for part in re.findall(r"\w{3,}", text.casefold())]
    for word in sorted({*COMMON, *own}, key=len, reverse=True):
        left = left.replace(word, "")
    return len(_without_rows(re.sub(r"(19|20)\d\d", "", left))) < FEWEST_DIFFERENT


def _without_rows(text: str) -> str:
    """`text` without three or more characters that follow each other in the alphabet or on a keyboard, either way."""
    kept = ""
    while text:
        run = next((size for size in range(len(text), 2, -1) if _is_row(text[:size])), 0)
        kept, text = (kept, text[run:]) if run else (kept + text[0], text[1:])
    return "".join(dict.fromkeys(kept))


def _is_row(text: str) -> bool:
    return any(text in row or text[::-1] in row for row in ROWS)
