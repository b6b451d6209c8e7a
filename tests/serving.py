"""The shop's web processes as gunicorn runs them, to be killed and to come back."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.journeys.live_server import free_port

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
TIMEOUT = 120  # seconds; a machine may be busy
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """The answer to one request; status 0 when there was none."""

    began: float
    ended: float
    status: int = 0
    location: str = ""
    cookie: str = ""
    text: str = ""
    cut_off: bool = False  # the connection broke before the whole answer had come

    @property
    def took(self) -> float:
        """Seconds."""
        return self.ended - self.began


def memory_of(processes: Sequence[int]) -> int:
    """Bytes of memory that processes hold."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in processes)
    return pages * os.sysconf("SC_PAGE_SIZE")


class Served:
    """gunicorn with this many processes, on a port of its own."""

    def __init__(self, settings: Mapping[str, str], folder: Path, workers: int = 2, root: Path = ROOT) -> None:
        self.root = root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **{"PATH": os.environ["PATH"], "PYTHON_DOTENV_DISABLED": "1"},
            **settings,
            "WEB_CONCURRENCY": str(workers),
        }
        self.command = (str(BIN / "gunicorn"), "--no-control-socket", "--bind", f"127.0.0.1:{self.port}", "wsgi:app")
        self.log = folder / f"web-{self.port}.log"

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._begin(self.command, subprocess.DEVNULL)
        self.wait_until_up()

    def _begin(self, command: Sequence[str], stdin: int) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.root, env=self.environ, stdin=stdin, stdout=log, stderr=log
            )

    def stop(self) -> None:
        """SIGTERM, as systemd stops it: requests under way are finished first."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def workers(self) -> list[int]:
        """The process ids of the web processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def kill_workers(self) -> int:
        """kill -9 every web process; how many."""
        killed = 0
        for pid in self.workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        return killed

    def wait_until_up(self) -> float:
        """Seconds until it answers."""
        began = time.monotonic()
        while time.monotonic() - began < TIMEOUT:
            assert self.process.poll() is None, self.log.read_text(errors="replace")
            if self.ask("/healthz").status == 200:
                return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"it does not answer:\n{self.log.read_text(errors='replace')}")

    def ask(self, path: str, body: bytes = b"", method: str = "GET", headers: Mapping[str, str] = JSON) -> Answer:
        """Send one request on a connection of its own."""
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body or None, dict(headers))
            reply = connection.getresponse()
        except (OSError, HTTPException):
            connection.close()
            return Answer(began, time.monotonic(), cut_off=True)
        text, cut_off = b"", False
        try:
            text = reply.read()
        except (OSError, HTTPException):
            cut_off = True
        connection.close()
        location = reply.headers.get("Location", "")
        cookies = (cookie.partition(";")[0] for cookie in reply.headers.get_all("Set-Cookie", []))
        cookie = next((one for one in cookies if "session=" in one), "")
        ended = time.monotonic()
        return Answer(began, ended, reply.status, location, cookie, text.decode(errors="replace"), cut_off)

    def post(self, path: str, body: bytes, method: str = "POST") -> int | None:
        """The status of the answer, or None when there was none."""
        return self.ask(path, body, method).status or None


def command(settings: Mapping[str, str], *words: str) -> str:
    """Run one of the shop's commands in a process of its own, as the merchant does; its output."""
    environ = {"PATH": "/usr/bin:/bin", "PYTHON_DOTENV_DISABLED": "1", **settings}
    ran = subprocess.run(
        [BIN / "flask", "--app", "wsgi", *words], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


class KeptOpen(Served):
    """The same behind a socket that stays open, as systemd keeps one: new connections wait and are not refused."""

    def __enter__(self) -> "KeptOpen":
        self.socket = socket.create_server(("127.0.0.1", self.port), backlog=128)
        super().__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        super().__exit__()
        self.socket.close()

    def start(self) -> None:
        """Start it with the socket as its third file, which is how systemd hands one over."""
        handed_over = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&0 </dev/null'
        self._begin(("/bin/sh", "-c", handed_over, "sh", *self.command), self.socket.fileno())
        self.wait_until_up()

    def reload(self) -> None:
        """SIGHUP, as `systemctl reload`: new processes take over, the old ones finish their requests."""
        old = set(self.workers)
        self.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + TIMEOUT
        while not self.workers or old & set(self.workers):
            assert time.monotonic() < until, self.log.read_text(errors="replace")
            time.sleep(0.02)
        self.wait_until_up()
