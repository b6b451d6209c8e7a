"""nginx in front of the shop, set up by the very example of docs/operations.md."""

import grp
import os
import pwd
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from tests.external_programs import program
from tests.faults.broken_http import HOST
from tests.journeys.live_server import free_port

GUIDE = Path(__file__).parents[2] / "docs" / "operations.md"
TIMEOUT = 20  # seconds
WRAPPER = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {errors};
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/temporary_body;
    proxy_temp_path {folder}/temporary_proxy;
    fastcgi_temp_path {folder}/temporary_fastcgi;
    uwsgi_temp_path {folder}/temporary_uwsgi;
    scgi_temp_path {folder}/temporary_scgi;
    {example}
}}
"""


class Nginx:
    """nginx before a port on 127.0.0.1, while used as a context manager.

    It changes the example's ports and the places of certificate and log; `changes` are further replacements.
    """

    def __init__(
        self, behind: int, certificate: tuple[Path, Path], folder: Path, changes: Mapping[str, str] | None = None
    ) -> None:
        self.program = program("nginx")
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.log, self.errors = folder / "proxy-requests.log", folder / "proxy-errors.log"
        self.config = folder / "nginx.conf"
        ours = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "http://127.0.0.1:8000": f"http://127.0.0.1:{behind}",
            "/etc/letsencrypt/live/shop.example.co.ke/fullchain.pem": str(certificate[0]),
            "/etc/letsencrypt/live/shop.example.co.ke/privkey.pem": str(certificate[1]),
            "/var/log/nginx/shop.log": str(self.log),
        }
        user = f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};" if os.geteuid() == 0 else ""
        example = _example({**(changes or {}), **ours})
        self.config.write_text(WRAPPER.format(user=user, folder=folder, errors=self.errors, example=example))
        self.trust = ssl.create_default_context(cafile=certificate[0])
        self.browser = build_opener(ProxyHandler({}), HTTPSHandler(context=self.trust))

    def __enter__(self) -> "Nginx":
        self.process = subprocess.Popen(
            [self.program, "-e", self.errors, "-c", self.config], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            assert self.process.poll() is None, self.errors.read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"nginx does not answer: {self.errors.read_text()}")

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait(TIMEOUT)

    def called(self) -> ssl.SSLSocket:
        """A connection to it, on which nothing has been asked yet."""
        raw = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
        return self.trust.wrap_socket(raw, server_hostname="127.0.0.1")

    def request(self, path: str, body: bytes | None = None, **headers: str) -> Request:
        """A request for a page under the shop's own name."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Request(self.url + path, body, {"Host": HOST, **named})

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> int:
        """Ask for a page, or post to it; the status of the answer."""
        try:
            with self.browser.open(self.request(path, body, **headers), timeout=TIMEOUT) as reply:
                reply.read()
                return int(reply.status)
        except HTTPError as refused:
            refused.close()
            return refused.code


def _example(changes: Mapping[str, str]) -> str:
    """The guide's example with these replacements."""
    found = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"no nginx in {GUIDE}"
    example = found[1]
    for said, instead in changes.items():
        assert said in example, f"{GUIDE} no longer says {said!r}"
        example = example.replace(said, instead)
    return example
