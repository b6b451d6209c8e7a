"""Email transports: a mail server, or a folder of files."""

import re
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from shop.config import Settings
from shop.core.private_files import write_private

TIMEOUT = 10  # seconds for each step of the SMTP conversation but the last
ANSWER_SECONDS = 600  # for the answer to the email's text (RFC 5321, 4.5.3.2.6): after a shorter wait it is sent twice
SIZE_EXCEEDED = 552
ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class NotTaken(Exception):
    """The server did not accept the email now; it may later. The message names why, for `last_error`."""


class Refused(NotTaken):
    """The server will never accept the email: no such mailbox, or an unwanted text."""


class NoAnswer(NotTaken):
    """The server received the whole email and did not answer: the email may have arrived."""


class Unreached(Exception):
    """The server is unreachable or does not accept the shop, which concerns every email."""


class FileTransport:
    """Keeps emails as files, for a shop without SMTP settings."""

    keeps_files = True  # emails are not delivered

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def connect(self) -> None:
        """Create the folder. Raises Unreached when the disk fails."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unreached(type(error).__name__) from None

    def send(self, message: EmailMessage) -> None:
        """Write the message to a file named after its Message-ID: sending it again overwrites it."""
        try:
            with write_private(email_file(self.folder, message["Message-ID"])) as file:
                file.write(bytes(message))
        except OSError as error:
            raise Unreached(type(error).__name__) from None

    def close(self) -> None:
        """Do nothing."""


def email_file(folder: Path, message_id: str) -> Path:
    """The file of an email, in a shop without SMTP settings."""
    return folder / f"{message_id.strip('<>').partition('@')[0]}.eml"


class SmtpTransport:
    """Sends emails over one connection; `connect` opens a new one if the server closed it."""

    keeps_files = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: _Server | None = None

    def connect(self) -> None:
        """Open a connection and log in, unless one is open. Raises Unreached."""
        if self._server is not None and self._server.sock is not None:
            return
        try:
            self._server = _logged_in(self._settings)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreached(_named(error)) from None

    def send(self, message: EmailMessage) -> None:
        """Send one email. Raises NotTaken or one of its subclasses, or Unreached."""
        if self._server is None:
            raise Unreached("SMTPServerDisconnected")
        server = self._server
        server.unanswered = False
        try:
            server.send_message(message)
        except smtplib.SMTPSenderRefused as error:  # every email has the same sender
            kind = Refused if error.smtp_code == SIZE_EXCEEDED else Unreached
            raise kind(_named(error)) from None
        except smtplib.SMTPRecipientsRefused as error:
            answers = list(error.recipients.values())
            raise _kind_of(*answers[0], at_recipient=True)(_named(error, *answers[0])) from None
        except smtplib.SMTPDataError as error:
            raise _kind_of(error.smtp_code, error.smtp_error)(_named(error)) from None
        except smtplib.SMTPNotSupportedError as error:  # an address with characters that the server does not support
            raise Refused(_named(error)) from None
        except (OSError, smtplib.SMTPException) as error:
            server.close()
            raise (NoAnswer if server.unanswered else NotTaken)(_named(error)) from None

    def close(self) -> None:
        """Close the connection."""
        if self._server is None or self._server.sock is None:
            return
        try:
            self._server.quit()
        except (OSError, smtplib.SMTPException):
            self._server.close()


def transport_for(settings: Settings) -> FileTransport | SmtpTransport:
    """The transport that the settings select."""
    return SmtpTransport(settings) if settings.smtp_host else FileTransport(settings.instance_path / "mail")


class _Server(smtplib.SMTP):
    """A connection that waits ANSWER_SECONDS for the answer to an email's text."""

    unanswered = False  # the server has the whole text and has not answered

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the text, as smtplib does, and wait ANSWER_SECONDS for the answer."""
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
            self.sock.settimeout(TIMEOUT)
        return answer


class _TlsServer(_Server, smtplib.SMTP_SSL):
    """A connection that is encrypted from the first byte."""


def _logged_in(settings: Settings) -> _Server:
    """A connection that is ready for emails. Raises OSError or SMTPException."""
    if settings.smtp_security == "tls":
        context = ssl.create_default_context()
        server: _Server = _TlsServer(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT, context=context)
    else:
        server = _Server(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT)
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
    """Connect, log in and disconnect. Returns the name of the error, or None."""
    transport = SmtpTransport(settings)
    try:
        transport.connect()
    except Unreached as error:
        return str(error)
    transport.close()
    return None


def _kind_of(code: int, reply: bytes | str, *, at_recipient: bool = False) -> type[NotTaken]:
    """5xx is permanent (RFC 5321, 4.2.1), except 5.7.x for a recipient: the shop is not allowed to send yet."""
    not_allowed = at_recipient and _enhanced(reply).startswith("5.7.")
    return Refused if code >= 500 and not not_allowed else NotTaken


def _enhanced(reply: bytes | str) -> str:
    """The enhanced status code of an answer (RFC 3463), like "5.1.1", or ""."""
    found = ENHANCED.match(reply.decode("ascii", "replace") if isinstance(reply, bytes) else reply)
    return found[1] if found else ""


def _named(error: Exception, code: int = 0, reply: bytes | str = b"") -> str:
    """The error's class and the server's codes, without the server's text, which may quote the address."""
    code = code or getattr(error, "smtp_code", 0)
    enhanced = _enhanced(reply or getattr(error, "smtp_error", b""))
    return " ".join([type(error).__name__, *([str(code)] if code > 0 else []), *([enhanced] if enhanced else [])])
