"""Where a buyer may be sent: a payment link is used only when nobody could have meant another place by it."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from .errors import UnsafeLink

LONGEST_HOST = 253  # characters of a host name
DEFAULT_PORTS = {"https": 443, "http": 80}

# Printable ASCII without blanks and without the backslash, which browsers read as a slash.
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,2048}")
# A host name or a bracketed address, and perhaps a port: no userinfo, no percent signs, no empty labels.
_PLACE = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)

Origin = tuple[str, str, int]


def origin_of(address: str) -> Origin | None:
    """Scheme, lower-case host and port of an absolute http(s) address; None when it is not plainly one."""
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
    """The origin of an absolute http(s) address as browsers write it, default port left out. Raises
    ValueError.
    """
    origin = origin_of(address)
    if origin is None:
        raise ValueError("not an absolute http or https address")
    scheme, host, port = origin
    place = f"[{host}]" if ":" in host else host
    return f"{scheme}://{place}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def safe_link(link: str, own: Origin, allowed_hosts: Sequence[str]) -> str:
    """Return `link` when it may be handed to a browser, else raise UnsafeLink, which names the refused host.

    `own` is where the session was asked for: always allowed, port included. `allowed_hosts` are hosts; a
    leading dot takes the host itself and its subdomains in. These need https on its default port.
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
