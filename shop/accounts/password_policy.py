"""Which passwords are too weak: too short, or made of common words, names, years and rows of keys."""

import re

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 12, 200  # characters
MIN_DIFFERENT = 5
ROWS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p")
COMMON_WORDS = (
    *("password", "passw0rd", "letmein", "welcome", "admin", "administrator", "changeme", "iloveyou", "football"),
    *("monkey", "dragon", "master", "princess", "sunshine", "superman", "secret", "login", "default", "test", "shop"),
    *("mpesa", "safaricom", "nairobi", "mombasa", "kisumu", "kenya", "harambee", "jambo", "karibu", "chpter"),
)


def weakness(password: str, email: str, *names: str) -> str:
    """Why a password is refused; "" if it is not. `names` are those of the user and the shop."""
    if not password.strip():
        return "The password is blank. Enter a password"
    if not password.isprintable():
        return "The password contains a line break or another character that cannot be typed"
    if len(password) < MIN_PASSWORD_LENGTH:
        return f"The password is too short. Use {MIN_PASSWORD_LENGTH} characters or more"
    if len(password) > MAX_PASSWORD_LENGTH:
        return f"The password is too long. Use {MAX_PASSWORD_LENGTH} characters or fewer"
    if password.strip().casefold() == email.casefold():
        return "The password is the email address. Choose another one"
    if _is_guessable(password.casefold(), email.casefold(), names):
        return "The password is too easy to guess. Use four words that do not belong together"
    return ""


def _is_guessable(password: str, email: str, names: tuple[str, ...]) -> bool:
    """Whether little is left of a password without common words, names, years and rows of keys."""
    if len(set(password)) < MIN_DIFFERENT:
        return True
    rest = re.sub(r"[^\w]|_", "", password)
    personal = [part for text in (email, *names) for part in re.findall(r"\w{3,}", text.casefold())]
    for word in sorted({*COMMON_WORDS, *personal}, key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(_without_rows(re.sub(r"(19|20)\d\d", "", rest))) < MIN_DIFFERENT


def _without_rows(text: str) -> set[str]:
    """The characters outside runs of three or more that follow each other in the alphabet or on a keyboard."""
    kept = set()
    while text:
        run = next((size for size in range(len(text), 2, -1) if _is_row(text[:size])), 0)
        if not run:
            kept.add(text[0])
        text = text[run or 1 :]
    return kept


def _is_row(text: str) -> bool:
    return any(text in row or text[::-1] in row for row in ROWS)
