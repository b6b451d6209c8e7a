"""The shop's web processes as gunicorn runs them, to be killed and to come back."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from tests.journeys.live_server import free_port

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATIENCE = 120  # seconds; a machine may be busy
direct = build_opener(ProxyHandler({}))


class Served:
    """gunicorn with so many processes, on a port of its own."""

    def __init__(
        self,
        settings: Mapping[str, str],
        folder: Path,
        module: str = "wsgi:app",
        workers: int = 2,
        root: Path = ROOT,
    ) -> None:
        self.root = root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHON_DOTENV_DISABLED": "1",
            **settings,
            "WEB_CONCURRENCY": str(workers),
        }
        self.command = (str(BIN / "gunicorn"), "--no-control-socket", "--bind", f"127.0.0.1:{self.port}", module)
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
        """SIGTERM, as systemd stops it: what is under way is finished first."""
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

    @property
    def megabytes(self) -> float:
        """How much memory the web processes hold."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers)
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def kill_workers(self) -> int:
        """kill -9 every web process; how many."""
        killed = 0
        for pid in self.workers:
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                continue
        return killed

    def wait_until_up(self) -> float:
        """Seconds until it answers."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            assert self.process.poll() is None, self.log.read_text(errors="replace")
            if self.post("/healthz", b"", "GET") == 200:
                return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"it does not answer:\n{self.log.read_text(errors='replace')}")

    def post(self, path: str, body: bytes, method: str = "POST") -> int | None:
        """The status of the answer, or None when there was none."""
        headers = {"Content-Type": "application/json"}
        try:
            with direct.open(Request(self.url + path, body or None, headers, method=method), timeout=20) as reply:
                with suppress(HTTPException):  # killed between head and body: the head has said it all the same
                    reply.read()
                return int(reply.status)
        except HTTPError as refused:
            refused.close()
            return refused.code
        except (OSError, HTTPException):
            return None


def command(settings: Mapping[str, str], *words: str) -> str:
    """Run one of the shop's commands in a process of its own, as its merchant does; what it printed."""
    environ = {"PATH": "/usr/bin:/bin", "PYTHON_DOTENV_DISABLED": "1", **settings}
    ran = subprocess.run(
        [BIN / "flask", "--app", "wsgi", *words], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


class KeptOpen(Served):
    """The same behind a socket that outlives it, as systemd keeps one: who calls meanwhile waits and is not refused."""

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
        """SIGHUP, as `systemctl reload`: new processes take over, the old ones finish what they have in hand."""
        old = set(self.workers)
        self.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + PATIENCE
        while not self.workers or old & set(self.workers):
            assert time.monotonic() < until, self.log.read_text(errors="replace")
            time.sleep(0.02)
        self.wait_until_up()
