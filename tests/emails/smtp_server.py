"""A real mail server on 127.0.0.1 that stores emails, and fails on demand."""

import asyncio
import socket
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class PostOffice:
    """Takes mail while used as a context manager.

    For addresses in `refused` it takes nothing, those in `answers` get that answer to RCPT, for those in `hangs_up` it
    hangs up at RCPT, for those in `silent` after the whole text. `asked` counts what was tried for each address.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refused: set[str] = set()
        self.answers: dict[str, str] = {}
        self.hangs_up: set[str] = set()
        self.silent: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.seconds = 0.0  # how long it thinks about a text
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "PostOffice":
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Take a recipient, or not."""
        self.asked[address] += 1
        if address in self.hangs_up:
            server.transport.close()
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        """Keep a letter."""
        await asyncio.sleep(self.seconds)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.append(envelope.rcpt_tos)
        if self.silent & set(envelope.rcpt_tos):
            server.transport.close()
        return "250 kept"

    def subjects(self) -> list[str]:
        """The subjects of all letters, sorted."""
        return sorted(str(letter["Subject"]) for letter in self.letters)


def settings_for(port: int) -> dict[str, str]:
    """The settings of a shop that posts there."""
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_SECURITY": "none",
        "MAIL_FROM": "shop@example.com",
        "SHOP_NAME": 'Mkono "& Co"',
    }
