"""Where a mail stands, and why it was not taken, in words."""

from shop.core.clock import nairobi
from shop.emails.models import OutboxEmail

_UNREACHED = "The mail server could not be reached"
_ERRORS = {
    "ConnectionRefusedError": _UNREACHED,
    "ConnectionResetError": "The mail server hung up",
    "TimeoutError": "The mail server did not answer in time",
    "gaierror": "The mail server’s name is not known; look at SMTP_HOST",
    "SMTPConnectError": _UNREACHED,
    "SMTPServerDisconnected": "The mail server hung up",
    "SMTPAuthenticationError": "The mail server does not take the user name or password; look at SMTP_USERNAME",
    "SMTPNotSupportedError": "The mail server cannot do what SMTP_SECURITY or the address asks for",
    "SMTPHeloError": "The mail server refused the shop",
    "SMTPSenderRefused": "The mail server does not take mail from the shop’s address; look at MAIL_FROM",
    "SMTPRecipientsRefused": "The mail server takes nothing for this address",
    "SMTPDataError": "The mail server refused the mail’s text",
    "SSLError": "No safe connection to the mail server; look at SMTP_SECURITY",
    "SSLCertVerificationError": "The mail server’s certificate is not valid",
    "PermissionError": "The folder for mails cannot be written",
    "ValueError": "The address or the text is one that no mail can carry",
    "DecryptionError": "The text is encrypted with a key the shop no longer has; ask for a new link",
    "HeaderParseError": "The address is one that no mail can carry",
}


MAY_HAVE_ARRIVED = "It was handed over whole and the mail server did not answer, so it may have arrived"


def what_became(mail: OutboxEmail) -> str:
    """The same in a line, with the reason, for the story of an order."""
    why = why_not(mail.last_error)
    if mail.sent_at:
        how = "kept as a file, nobody receives it" if mail.kept_as_file else f"sent {nairobi(mail.sent_at)}"
    elif mail.ended_at:
        how = f"given up after {mail.tries} {'try' if mail.tries == 1 else 'tries'}: {why}"
    elif mail.tries:
        how = f"not taken yet, {mail.tries} {'try' if mail.tries == 1 else 'tries'}: {why}"
    else:
        how = f"waits to be sent: {why}" if why else "waits to be sent"
    return f"{how}. {MAY_HAVE_ARRIVED}" if mail.unanswered and not mail.sent_at else how


def why_not(error: str) -> str:
    """The kept name and codes of the last error, in words; "" for none."""
    name, _, codes = error.partition(" ")
    if not error:
        return ""
    words = _ERRORS.get(name)
    if words is None:
        return f"The mail was not taken ({error})"
    return f"{words} ({codes})" if codes else words
