"""Handing one mail over, to a mail server or to a folder of files, and what became of it."""

import re
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

from shop.config import Settings
from shop.core.private_files import write_private

PATIENCE = 10  # seconds for each step of the SMTP conversation but the last
ANSWER_SECONDS = 600  # for the answer to the mail's text: RFC 5321, 4.5.3.2.6. Who hangs up earlier gets it sent again
SIZE_EXCEEDED = 552
ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class NotTaken(Exception):
    """The mail was handed over and is not taken now; it may be later. `str` names why, for `last_error`."""


class Refused(NotTaken):
    """It will never be taken: no such mailbox, or a text the server does not want."""


class NoAnswer(NotTaken):
    """The whole mail was handed over, and no answer came: it may have arrived."""


class Unreached(Exception):
    """No mail could be handed over: the server is away, or does not take the shop. It concerns every mail."""


class EmailTransport(Protocol):
    """Takes mails off our hands."""

    keeps_files: bool  # nobody receives them

    def connect(self) -> None:
        """Be ready to take a mail. Raises Unreached."""

    def send(self, message: EmailMessage) -> None:
        """Hand one mail over. Raises NotTaken or one of its kinds, or Unreached."""

    def close(self) -> None:
        """Hang up."""


class FileTransport:
    """Keeps mails as files, for a shop without SMTP settings."""

    keeps_files = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def connect(self) -> None:
        """Make the folder. Raises Unreached when the disk refuses."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unreached(type(error).__name__) from None

    def send(self, message: EmailMessage) -> None:
        """Write the message under its Message-ID: sending it again overwrites it."""
        try:
            with write_private(email_file(self.folder, message["Message-ID"])) as file:
                file.write(bytes(message))
        except OSError as error:
            raise Unreached(type(error).__name__) from None

    def close(self) -> None:
        """There is nothing to hang up."""


def email_file(folder: Path, message_id: str) -> Path:
    """Where a mail is kept as a file, in a shop without SMTP settings."""
    return folder / f"{message_id.strip('<>').partition('@')[0]}.eml"


class SmtpTransport:
    """Hands mails to a mail server over one connection; after a hang-up `connect` opens a new one."""

    keeps_files = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: _Server | None = None

    def connect(self) -> None:
        """Open a connection and sign in, unless one is open. Raises Unreached."""
        if self._server is not None and self._server.sock is not None:
            return
        try:
            self._server = _signed_in(self._settings)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreached(_named(error)) from None

    def send(self, message: EmailMessage) -> None:
        """Hand one mail over. Raises NotTaken or one of its kinds, or Unreached."""
        if self._server is None:
            raise Unreached("SMTPServerDisconnected")
        server = self._server
        server.unanswered = False
        try:
            server.send_message(message)
        except smtplib.SMTPSenderRefused as error:  # it is the same sender for every mail
            kind = Refused if error.smtp_code == SIZE_EXCEEDED else Unreached
            raise kind(_named(error)) from None
        except smtplib.SMTPRecipientsRefused as error:
            answers = list(error.recipients.values())
            raise _kind_of(*answers[0], at_recipient=True)(_named(error, *answers[0])) from None
        except smtplib.SMTPDataError as error:
            raise _kind_of(error.smtp_code, error.smtp_error)(_named(error)) from None
        except smtplib.SMTPNotSupportedError as error:  # an address that this server has no letters for
            raise Refused(_named(error)) from None
        except (OSError, smtplib.SMTPException) as error:
            server.close()
            raise (NoAnswer if server.unanswered else NotTaken)(_named(error)) from None

    def close(self) -> None:
        """Say goodbye, as far as the server listens."""
        if self._server is None or self._server.sock is None:
            return
        try:
            self._server.quit()
        except (OSError, smtplib.SMTPException):
            self._server.close()


def transport_for(settings: Settings) -> EmailTransport:
    """The carrier that the settings ask for."""
    return SmtpTransport(settings) if settings.smtp_host else FileTransport(settings.instance_path / "mail")


class _Server(smtplib.SMTP):
    """A connection that waits as long as it should for the answer to a mail's text."""

    unanswered = False  # the text is handed over whole, and the server has not said what became of it

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand over the text, as smtplib does, and wait ANSWER_SECONDS for the answer."""
        code, reply = self.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        text = re.sub(rb"(?m)^\.", b"..", msg)
        self.send(text + (b"" if text.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        self.unanswered = True
        if self.sock is not None:
            self.sock.settimeout(ANSWER_SECONDS)
        answer = self.getreply()
        self.unanswered = False
        if self.sock is not None:
            self.sock.settimeout(PATIENCE)
        return answer


class _TlsServer(_Server, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


def _signed_in(settings: Settings) -> _Server:
    """A connection that is ready for mail. Raises OSError or SMTPException."""
    if settings.smtp_security == "tls":
        context = ssl.create_default_context()
        server: _Server = _TlsServer(settings.smtp_host, settings.smtp_port, timeout=PATIENCE, context=context)
    else:
        server = _Server(settings.smtp_host, settings.smtp_port, timeout=PATIENCE)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_username:
            server.login(settings.smtp_username, settings.smtp_password)
        server.ehlo_or_helo_if_needed()
    except BaseException:
        server.close()
        raise
    return server


def greeting_problem(settings: Settings) -> str | None:
    """Connect, sign in and hang up, as before each mail: the name of what failed, or None. Takes seconds at most."""
    carrier = SmtpTransport(settings)
    try:
        carrier.connect()
    except Unreached as error:
        return str(error)
    carrier.close()
    return None


def _kind_of(code: int, reply: bytes | str, *, at_recipient: bool = False) -> type[NotTaken]:
    """5xx is for ever (RFC 5321, 4.2.1), but for 5.7.x at a recipient: then the shop may not send at all, as yet."""
    not_allowed = at_recipient and _enhanced(reply).startswith("5.7.")
    return Refused if code >= 500 and not not_allowed else NotTaken


def _enhanced(reply: bytes | str) -> str:
    """The enhanced status code of an answer (RFC 3463), like "5.1.1", or nothing."""
    found = ENHANCED.match(reply.decode("ascii", "replace") if isinstance(reply, bytes) else reply)
    return found[1] if found else ""


def _named(error: Exception, code: int = 0, reply: bytes | str = b"") -> str:
    """The error's class and the server's codes. Never the server's sentence: that may quote the address."""
    code = code or getattr(error, "smtp_code", 0)
    enhanced = _enhanced(reply or getattr(error, "smtp_error", b""))
    return " ".join([type(error).__name__, *([str(code)] if code > 0 else []), *([enhanced] if enhanced else [])])
