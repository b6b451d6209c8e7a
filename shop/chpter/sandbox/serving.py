"""Run the sandbox on this machine."""

from flask import Flask
from werkzeug.serving import make_server

from .errors import SandboxRefused


def serve(app: Flask, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serve until interrupted, one thread per request. Raises SandboxRefused for any host but 127.0.0.1."""
    if host != "127.0.0.1":
        raise SandboxRefused("The sandbox listens on 127.0.0.1 only, so that nobody else can reach it.")
    make_server(host, port, app, threaded=True).serve_forever()
