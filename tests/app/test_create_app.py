"""A server starts only with tables of its version. Commands and respawned processes are not checked."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade
from sqlalchemy import text

from shop import create_app
from shop.core.database import db
from shop.web import health
from tests.journeys.live_server import free_port
from tests.serving import BIN, ROOT, Served


def revision(app, wanted: str | None = None) -> str | None:
    """Set and return the revision of the tables."""
    with app.app_context(), db.engine.begin() as connection:
        if wanted:
            connection.execute(text("UPDATE alembic_version SET version_num = :wanted"), {"wanted": wanted})
        return MigrationContext.configure(connection).get_current_revision()


def start(settings, root: Path = ROOT, timeout: int = 120) -> tuple[int, str]:
    """Start gunicorn, wait for its end, and return its exit status and output."""
    command = [str(BIN / "gunicorn"), "--no-control-socket", "--bind", f"127.0.0.1:{free_port()}", "wsgi:app"]
    environ = {"PATH": os.environ["PATH"], "PYTHON_DOTENV_DISABLED": "1", **settings}
    ended = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=timeout)
    return ended.returncode, ended.stderr


def test_older_tables_stop_the_start_with_the_cure(app, settings):
    with app.app_context():
        downgrade()
    code, output = start(settings)

    assert code == 3, output
    assert "The shop cannot start: The database is not of this version; run: flask --app wsgi db upgrade\n" in output
    assert "Traceback" not in output


def test_the_shop_starts_while_the_database_is_down(settings, tmp_path):
    away = {**settings, "DATABASE_URL": "postgresql://127.0.0.1:1/shop"}
    with Served(away, tmp_path) as served:
        assert served.post("/readyz", b"", "GET") == 503


def test_a_respawned_process_starts_during_an_upgrade(app, settings, tmp_path):
    with Served(settings, tmp_path) as served:
        first = set(served.workers)
        revision(app, "newer")
        assert served.kill_workers() == 2
        began = time.monotonic()
        while (len(served.workers) < 2 or first & set(served.workers)) and time.monotonic() - began < 60:
            time.sleep(0.05)
        served.wait_until_up()

        assert served.post("/readyz", b"", "GET") == 503
        assert served.post("/", b"", "GET") == 200


def test_commands_run_with_tables_of_another_version(app):
    now, run = revision(app), app.test_cli_runner().invoke
    with app.app_context():
        downgrade()

    assert [run(args=words).exit_code for words in (["doctor"], ["db", "upgrade"], ["seed"])] == [1, 0, 0]
    assert revision(app) == now


def copied(folder: Path) -> Path:
    """A copy of the shop's code that a test may change."""
    folder.mkdir()
    for name in ("shop", "static", "migrations"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "templates", folder / "templates")
    for name in ("wsgi.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.mark.parametrize("wrong", [{"SHOP_URL": "nonsense"}, {"INSTANCE_PATH": "/proc/none"}])
def test_a_wrong_setting_is_printed_once_and_ends_all_processes_with_status_3(settings, wrong):
    code, output = start({**settings, **wrong, "WEB_CONCURRENCY": "4"})

    assert code == 3, output
    assert output.count("The shop cannot start: ") == 1
    assert "Traceback" not in output


def test_a_process_that_cannot_load_the_code_during_an_upgrade_does_not_stop_the_others(app, settings, tmp_path):
    tree = copied(tmp_path / "tree")
    whole = (tree / "wsgi.py").read_text()
    with Served(settings, tmp_path, root=tree) as served:
        first, last = served.workers
        (tree / "wsgi.py").write_text("from shop import what_is_not_there_yet\n")
        os.kill(first, signal.SIGKILL)
        until = time.monotonic() + 60
        while "ImportError" not in served.log.read_text() and time.monotonic() < until:
            time.sleep(0.1)

        assert "ImportError" in served.log.read_text()
        assert served.post("/healthz", b"", "GET") == 200

        (tree / "wsgi.py").write_text(whole)
        while len(set(served.workers) - {first}) < 2 or served.post("/healthz", b"", "GET") != 200:
            assert time.monotonic() < until + 60
            time.sleep(0.1)
        assert last in served.workers


def test_a_running_shop_does_not_load_templates_of_the_next_version(app, settings, tmp_path):
    tree = copied(tmp_path / "tree")
    with Served(settings, tmp_path, workers=1, root=tree) as served:
        until = time.monotonic() + 60
        while "Templates read" not in served.log.read_text() and time.monotonic() < until:
            time.sleep(0.1)
        for template in (tree / "templates").rglob("*.html"):
            template.write_text("{% of the next version %}")

        assert served.post("/cart", b"", "GET") == 200
        assert served.post("/no-such-page", b"", "GET") == 404


def test_an_unreadable_env_file_is_reported_in_one_sentence(settings, tmp_path):
    tree = copied(tmp_path / "tree")
    (tree / ".env").write_bytes(b"SHOP_NAME=\xff\xfe")
    environ = {key: value for key, value in os.environ.items() if key != "PYTHON_DOTENV_DISABLED"}
    for program in (["gunicorn", "--no-control-socket", "wsgi:app"], ["python", "-c", "import wsgi"]):
        ran = subprocess.run([str(BIN / program[0]), *program[1:]], cwd=tree, env={**environ, **settings},
                             capture_output=True, text=True, timeout=30)  # fmt: skip

        assert ran.returncode == 3, ran.stderr
        assert (
            ran.stderr
            == "The shop cannot start: .env cannot be read (UnicodeDecodeError); let the shop's user read it.\n"
        )


def test_only_tables_of_this_version_are_accepted(app, settings, tmp_path, capsys):
    health.refuse_other_tables(app)
    revision(app, "newer")
    empty = create_app({**settings, "DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    for other, words in ((app, "is of a newer version"), (empty, "flask --app wsgi db upgrade")):
        with pytest.raises(SystemExit) as ended:
            health.refuse_other_tables(other)
        assert ended.value.code == 3
        assert words in capsys.readouterr().err
