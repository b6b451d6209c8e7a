"""Where a mail stands, and why it was not taken, in words."""

from shop.admin.wording import Badge
from shop.notices.models import OutboxMail
from shop.notices.sending import MOST_TRIES

_UNREACHED = "The mail server could not be reached"
_ERRORS = {
    "ConnectionRefusedError": _UNREACHED,
    "ConnectionResetError": "The mail server hung up",
    "TimeoutError": "The mail server did not answer in time",
    "gaierror": "The mail server’s name is not known; look at SMTP_HOST",
    "SMTPConnectError": _UNREACHED,
    "SMTPServerDisconnected": "The mail server hung up",
    "SMTPAuthenticationError": "The mail server does not take the user name or password; look at SMTP_USERNAME",
    "SMTPNotSupportedError": "The mail server cannot do what SMTP_SECURITY asks for",
    "SMTPHeloError": "The mail server refused the shop",
    "SMTPSenderRefused": "The mail server does not take mail from the shop’s address; look at MAIL_FROM",
    "SMTPRecipientsRefused": "The mail server takes nothing for this address",
    "SMTPDataError": "The mail server refused the mail’s text",
    "SSLError": "No safe connection to the mail server; look at SMTP_SECURITY",
    "SSLCertVerificationError": "The mail server’s certificate is not valid",
    "PermissionError": "The folder for mails cannot be written",
    "ValueError": "The address or the text is one that no mail can carry",
    "SealBroken": "The text is encrypted with a key the shop no longer has; ask for a new link",
    "HeaderParseError": "The address is one that no mail can carry",
}


def standing(mail: OutboxMail) -> Badge:
    """Where it stands."""
    if mail.sent_at:
        return Badge("Sent", "good")
    return Badge("Not sent", "bad") if mail.tries >= MOST_TRIES else Badge("Waiting", "waiting")


def why_not(error: str) -> str:
    """The kept name of the last error, in words; "" for none."""
    return (_ERRORS.get(error) or f"The mail was not taken ({error})") if error else ""
