"""The Flask extensions, which `create_app` connects to the application, and the keys of the rate limits.

The length and number of the keys are bounded, whatever a request holds.
"""

import re
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from flask import request
from flask_limiter import Limiter
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from shop.core.database import db
from shop.web.compression import Compression

__all__ = ["bucket", "client_address", "compress", "csrf", "db", "limiter", "migrate"]

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


csrf = CSRFProtect()
compress = Compression()
migrate = Migrate(directory=str(Path(__file__).parents[2] / "migrations"), render_as_batch=True)
limiter = Limiter(key_func=client_address)  # no default limit: each view sets its own
