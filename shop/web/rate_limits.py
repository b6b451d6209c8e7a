"""Keys of the rate limits. Their length and number are bounded, whatever a request holds."""

import re
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import request

_PORT = re.compile(r"(?:\[(.+)\]|([0-9.]+)):[0-9]{1,5}")


def client_address() -> str:
    """The network of the client: an IPv4 address, or the first 64 bits of an IPv6 address.

    A home or phone has a whole /64 and can change its address within it.
    """
    text = request.remote_addr or "127.0.0.1"  # a Unix socket has none
    port = _PORT.fullmatch(text)  # some proxies add it
    try:
        address = ip_address((port[1] or port[2]) if port else text)
    except ValueError:
        return bucket(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address) if isinstance(address, IPv4Address) else f"{IPv6Address(int(address) >> 64 << 64)}/64"


def bucket(text: str) -> str:
    """One of 65,536 keys for a typed text, which bounds the number of counters."""
    return blake2b(text.encode(errors="replace"), digest_size=2).hexdigest()
