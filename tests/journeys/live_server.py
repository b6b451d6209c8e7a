"""A whole shop as `make run` starts it: web server, worker and sandbox, each a process of its own."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
FLASK = (str(BIN / "flask"), "--app", "wsgi")
MERCHANT, PASSWORD = "merchant@example.com", "vitunguu-saba-na-nyanya-mbili"
SKU = "KIO-CLA-TER"  # what most journeys buy
TIMEOUT = 120  # seconds
READ: set[Path] = set()  # emails that a test has read
LATE_SECONDS = 3  # until the sandbox's late callback
direct = build_opener(ProxyHandler({}))  # without the machine's proxy


class RunningShop:
    """The shop on free ports, its files in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.phones = (f"0712 {number // 1000:03d} {number % 1000:03d}" for number in count(100))
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHON_DOTENV_DISABLED": "1",  # or it would read the developer's own settings
            "INSTANCE_PATH": str(folder),
            "SHOP_URL": self.url,
            "SHOP_PHONE": "+254700000000",
            "SHOP_WHATSAPP": "254700000000",
            "SHOP_EMAIL": MERCHANT,
            "CHPTER_URL": self.sandbox_url,
            "CHPTER_TOKEN": "sandbox-token",
            "CHPTER_DOMAIN": self.url,
            "WEB_WORKERS": "2",
            "RATELIMIT_ENABLED": "0",  # the merchant signs in for each journey
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.port = port

    def prepare(self) -> None:
        """Make the database, the demo shop and the owner's account."""
        for command in (["db", "upgrade"], ["seed"], ["stock", "set", SKU, "500"]):
            self.flask(*command)
        self._run(sys.executable, "-m", "tests.photos")  # photos, as in a real shop
        self.flask("merchant", "create", MERCHANT, "--password-stdin", typed=PASSWORD)

    def start(self) -> None:
        """Prepare the shop, start the processes, wait until they answer."""
        self.prepare()
        self._start("sandbox", *FLASK, "sandbox", "--port", str(self.sandbox_port), "--late-seconds", str(LATE_SECONDS))
        self._start("worker", *FLASK, "worker")
        self._start("web", str(BIN / "gunicorn"), "--no-control-socket", "--bind", f"127.0.0.1:{self.port}", "wsgi:app")
        self._wait_for(f"{self.url}/readyz")
        self._wait_for(f"{self.sandbox_url}/static/sandbox.css")

    def flask(self, *command: str, typed: str = "") -> str:
        """Run one of the shop's commands; returns its output."""
        return self._run(*FLASK, *command, typed=typed)

    def stop(self) -> None:
        """Stop the processes that `start` started."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self) -> str:
        """What the processes wrote."""
        return "".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("*.log")))

    def email_with(self, *words: str) -> str:
        """The email, not read before, that holds all these words. Emails that wait are sent at once."""
        with closing(sqlite3.connect(self.folder / "shop.db", timeout=TIMEOUT)) as database, database:
            database.execute("UPDATE outbox_email SET next_try_at = written_at WHERE sent_at IS NULL AND tries = 0")
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            files = [file for file in (self.folder / "mail").glob("*.eml") if file not in READ]
            unread = {file: file.read_text().replace("=\n", "") for file in files}  # lines that were broken for sending
            found = [file for file, mail in unread.items() if all(word in mail for word in words)]
            if found:
                READ.add(found[0])
                return unread[found[0]]
            time.sleep(0.2)
        raise AssertionError(f"No email with {words}; the outbox holds: {self._outbox()}")

    def _outbox(self) -> list[tuple[Any, ...]]:
        """The newest emails and what became of them."""
        columns = "kind, recipient, subject, tries, written_at, next_try_at, sent_at, ended_at, last_error"
        with closing(sqlite3.connect(self.folder / "shop.db", timeout=TIMEOUT)) as database:
            return database.execute(f"SELECT {columns} FROM outbox_email ORDER BY id DESC LIMIT 12").fetchall()

    def end_sessions(self) -> None:
        """End all sessions of the admin, as after two hours."""
        with closing(sqlite3.connect(self.folder / "shop.db", timeout=TIMEOUT)) as database, database:
            database.execute("DELETE FROM login_session")

    def orders_of(self, phone: str) -> list[tuple[str, str, int]]:
        """Number, payment and total of each order placed with a phone number, oldest first."""
        database = sqlite3.connect(f"file:{self.folder / 'shop.db'}?mode=ro", uri=True)
        query = "SELECT number, payment, total FROM orders WHERE phone_number = ? ORDER BY id"
        try:
            return database.execute(query, ("254" + re.sub(r"\D", "", phone)[1:],)).fetchall()
        finally:
            database.close()

    def _run(self, *command: str, typed: str = "") -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self.environ, input=typed, capture_output=True, text=True, timeout=TIMEOUT
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.processes.append(process)

    def _wait_for(self, address: str) -> None:
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            assert all(process.poll() is None for process in self.processes), self.log()
            try:
                with direct.open(address, timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"{address} does not answer:\n{self.log()}")


def free_port() -> int:
    """A port that no process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
