"""Check a payment link before the buyer's browser is redirected to it.

A link that different programs could read as different hosts is refused.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from .errors import UnsafeLink

LONGEST_HOST = 253  # characters of a host name
DEFAULT_PORTS = {"https": 443, "http": 80}

# Printable ASCII, without spaces and without the backslash, which browsers read as a slash.
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,2048}")
# A host name or a bracketed IPv6 address, with an optional port: no user name, no percent sign, no empty label.
_PLACE = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)

Origin = tuple[str, str, int]


def origin_of(address: str) -> Origin | None:
    """Return scheme, lower-case host and port of an absolute http or https address, None for any other text."""
    if not _PLAIN.fullmatch(address) or not re.match(r"https?://", address, re.IGNORECASE):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    place = _PLACE.fullmatch(parts.netloc)
    if place is None:
        return None
    scheme = parts.scheme.lower()
    port = int(place[2]) if place[2] else DEFAULT_PORTS[scheme]
    return scheme, place[1].lower().strip("[]"), port


def origin_text(address: str) -> str:
    """Return the origin of an absolute http or https address as browsers write it, without a default port.

    Raises ValueError for any other text.
    """
    origin = origin_of(address)
    if origin is None:
        raise ValueError("not an absolute http or https address")
    scheme, host, port = origin
    place = f"[{host}]" if ":" in host else host
    return f"{scheme}://{place}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def safe_link(link: str, own: Origin, allowed_hosts: Sequence[str]) -> str:
    """Return `link` when a browser may be redirected to it. Raises UnsafeLink, with the refused host.

    `own` is the origin that the session request was sent to; a link with this origin is allowed. Any other link must be
    https on the default port and lead to one of `allowed_hosts`, where ".chpter.co" means chpter.co and its
    subdomains.
    """
    origin = origin_of(link)
    if origin is None:
        raise UnsafeLink
    if origin == own:
        return link
    scheme, host, port = origin
    usual = (scheme, port) == ("https", DEFAULT_PORTS["https"])
    if not usual or not any(_covers(entry, host) for entry in allowed_hosts):
        shown = host[:LONGEST_HOST]
        raise UnsafeLink(shown if usual else f"{scheme}://{shown}:{port}")
    return link


def _covers(entry: str, host: str) -> bool:
    entry = entry.strip().lower()
    if entry.startswith("."):
        return len(entry) > 1 and (host == entry[1:] or host.endswith(entry))
    return bool(entry) and host == entry
