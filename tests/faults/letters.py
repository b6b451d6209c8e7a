"""Mails, as their readers get them."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


def letters_in(folder: Path) -> list[EmailMessage]:
    """Every mail that a shop without a mail server kept as a file, anywhere under a folder."""
    files = sorted(folder.rglob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def text_of(letter: EmailMessage) -> str:
    """What a reader of a mail may see: its heads and its words."""
    parts = [part.get_content() for part in letter.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in letter.items()), *parts])
