"""Email addresses that are probably mistyped: "gmail.con" exists nowhere, and its owner waits for a receipt in vain."""

from difflib import get_close_matches

# Where most Kenyan buyers have their mailbox, and real hosts that look like those: none of these is ever doubted.
KNOWN_HOSTS = (
    *("gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "ymail.com", "rocketmail.com", "hotmail.com"),
    *("hotmail.co.uk", "outlook.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com", "aol.com", "gmx.com"),
    *("proton.me", "protonmail.com", "safaricom.co.ke", "mail.com", "email.com", "zoho.com", "fastmail.com"),
)
ALIKE = 0.85  # from 0 to 1, as difflib counts: one letter wrong, missing or swapped


def likely_address(address: str) -> str | None:
    """The address that was probably meant, or None where there is no reason for doubt. `address` is ASCII."""
    mailbox, _, host = address.rpartition("@")
    host = host.lower()
    if host in KNOWN_HOSTS:
        return None
    near = get_close_matches(host, KNOWN_HOSTS, n=1, cutoff=ALIKE)
    return f"{mailbox}@{near[0]}" if near else None
