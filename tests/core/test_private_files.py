"""Files are readable only for the shop's own user, whatever the umask of the shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shop import create_app

ROOT = Path(__file__).parents[2]
SEND_AND_SPOOL = """
from wsgi import app
from pathlib import Path
from shop.core.clock import utcnow
from shop.emails.delivery import send_due
from shop.emails.messages import write_email
from shop.core.database import write
from shop.payments.callback_intake import IncomingCallback
from shop.payments.callback_spool import spool
from shop.payments.alerts import note_token_refused
with app.test_request_context():
    settings = app.config["SETTINGS"]
    words = {"name": "A", "link": "x", "until": utcnow()}
    write(lambda: write_email("new_password", "a@example.com", token_hash="key", **words, encrypted=True))
    assert send_due(settings, utcnow()) == 1
    spool(settings.instance_path / "spool", IncomingCallback("x", b"{}", "", "", False, False, False))
    note_token_refused(settings.instance_path)
"""


def open_to_others(folder):
    """The files and folders that users other than the owner may read or change."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.stat().st_mode & 0o077)


@pytest.fixture
def shell(tmp_path):
    """A function that runs a command with the usual umask 022."""
    environ = {**os.environ, "INSTANCE_PATH": str(tmp_path / "shop"), "SHOP_EMAIL": "a@example.com"}
    environ.pop("DATABASE_URL", None)

    def run(program, *words, text=""):
        command = [str(Path(sys.executable).parent / program), *words]
        done = subprocess.run(
            command, cwd=ROOT, env=environ, umask=0o022, input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_every_command_creates_files_for_its_own_user_only(shell, tmp_path):
    flask = ("flask", "--app", "wsgi")
    shell(*flask, "db", "upgrade")
    shell(*flask, "merchant", "create", "o@example.com", "--password-stdin", text="a long walk to Kisumu\n")
    shell("python", "-c", SEND_AND_SPOOL)
    shell(*flask, "backup", str(tmp_path / "backup.zip"))

    made = {path.name for path in (tmp_path / "shop").iterdir()}
    assert made >= {"shop.db", "secret_key", "mail", "spool"}
    assert open_to_others(tmp_path) == []


def test_files_that_others_can_read_are_closed_at_the_start(settings, tmp_path):
    instance = tmp_path / "instance"
    (instance / "mail").mkdir(parents=True)
    names = ("kept.db", "kept.db-wal", "kept.db-shm", "secret_key", "shop-backup.zip")
    for name in names:
        (instance / name).write_bytes(b"")
        (instance / name).chmod(0o644)
    (instance / "mail").chmod(0o755)

    create_app({**settings, "DATABASE_URL": f"sqlite:///{instance}/kept.db"})

    assert open_to_others(instance) == []


def test_the_doctor_names_files_that_others_can_read_and_the_cure(app, settings):
    database = Path(settings["DATABASE_URL"].removeprefix("sqlite:///"))
    database.chmod(0o644)

    said = app.test_cli_runner().invoke(args=["doctor"]).output

    assert "FAIL private files: " in said and f"chmod go= {database}" in said
