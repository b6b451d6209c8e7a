"""What rate limits count against. What was typed never makes a counter longer, nor their number unbounded."""

import re
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import request

_PORT = re.compile(r"(?:\[(.+)\]|([0-9.]+)):[0-9]{1,5}")


def client_address() -> str:
    """The network a request comes from: an IPv4 address, or the first 64 bits of an IPv6 one.

    A home or a phone has a whole /64 to itself, so its single addresses say nothing.
    """
    text = request.remote_addr or "127.0.0.1"  # over a Unix socket there is none
    port = _PORT.fullmatch(text)  # some proxies add it
    try:
        address = ip_address((port[1] or port[2]) if port else text)
    except ValueError:
        return bucket(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address) if isinstance(address, IPv4Address) else f"{IPv6Address(int(address) >> 64 << 64)}/64"


def bucket(text: str) -> str:
    """One of 65,536 keys for a text that was typed, so that no number of texts makes more counters than that."""
    return blake2b(text.encode(errors="replace"), digest_size=2).hexdigest()
