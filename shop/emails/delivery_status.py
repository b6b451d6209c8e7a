"""The delivery status of an email, and why it was not accepted, in words."""

from shop.core.clock import nairobi
from shop.emails.models import OutboxEmail

_UNREACHED = "The mail server could not be reached"
_ERRORS = {
    "ConnectionRefusedError": _UNREACHED,
    "ConnectionResetError": "The mail server closed the connection",
    "TimeoutError": "The mail server did not answer in time",
    "gaierror": "The mail server’s name is unknown; check SMTP_HOST",
    "SMTPConnectError": _UNREACHED,
    "SMTPServerDisconnected": "The mail server closed the connection",
    "SMTPAuthenticationError": "The mail server does not accept the user name or password; check SMTP_USERNAME",
    "SMTPNotSupportedError": "The mail server does not support SMTP_SECURITY or the address",
    "SMTPHeloError": "The mail server refused the shop",
    "SMTPSenderRefused": "The mail server does not accept emails from the shop’s address; check MAIL_FROM",
    "SMTPRecipientsRefused": "The mail server does not accept emails for this address",
    "SMTPDataError": "The mail server refused the email’s text",
    "SSLError": "No secure connection to the mail server; check SMTP_SECURITY",
    "SSLCertVerificationError": "The mail server’s certificate is not valid",
    "PermissionError": "The folder for emails cannot be written",
    "ValueError": "The address or the text is not valid in an email",
    "DecryptionError": "The text is encrypted with a key the shop no longer has; ask for a new link",
    "HeaderParseError": "The address is not valid",
}


MAY_HAVE_ARRIVED = "The mail server received it and did not answer, so it may have arrived"


def what_became(email: OutboxEmail) -> str:
    """The status of an email, with the reason, in one line."""
    why = why_not(email.last_error)
    if email.sent_at:
        how = "kept as a file, not delivered" if email.kept_as_file else f"sent {nairobi(email.sent_at)}"
    elif email.ended_at:
        how = f"given up after {email.tries} {'try' if email.tries == 1 else 'tries'}: {why}"
    elif email.tries:
        how = f"not accepted yet, {email.tries} {'try' if email.tries == 1 else 'tries'}: {why}"
    else:
        how = f"waits to be sent: {why}" if why else "waits to be sent"
    return f"{how}. {MAY_HAVE_ARRIVED}" if email.unanswered and not email.sent_at else how


def why_not(error: str) -> str:
    """An OutboxEmail.last_error in words; "" for none."""
    name, _, codes = error.partition(" ")
    if not error:
        return ""
    words = _ERRORS.get(name)
    if words is None:
        return f"The email was not accepted ({error})"
    return f"{words} ({codes})" if codes else words
