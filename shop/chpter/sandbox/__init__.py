"""A payment provider for trying things out: it speaks Chpter's wire over real HTTP, and no money moves.

A web application apart from the shop's, on a port of its own, so that the shop meets it as it meets the
provider: by address, token and callback. It refuses to serve a shop that is not on this machine.
"""

from .app import create_sandbox, serve
from .request_validation import SandboxRefused

__all__ = ["SandboxRefused", "create_sandbox", "serve"]
