"""Health checks: is the process up, and can it take orders and payments."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from sqlite3 import SQLITE_BUSY
from threading import get_ident

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shop.config import Settings
from shop.core.database import database_refusal, db
from shop.web.problems import problems

health = Blueprint("health", __name__)
BUSY_SECONDS = 1  # how long the test of a write waits for another writer
TEST_FILE_BYTES = 4096  # what a callback takes on the disk
MIN_FREE_BYTES = 1024 * 1024


@health.get("/healthz")
def alive() -> Response:
    """The process is up; nothing else is checked."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> Response | tuple[Response, int]:
    """Whether orders and payments can be stored; 503 with one sentence otherwise.

    A stopped worker or unsent email is only a warning: restarting the web process would not help.
    """
    settings: Settings = current_app.config["SETTINGS"]
    problem = database_problem() or write_problem() or disk_problem(settings.instance_path)
    if problem:
        return jsonify(status="not ready", problem=problem), 503
    warnings = [name for name, _ in problems(settings)]
    return jsonify(status="ok", **({"warnings": warnings} if warnings else {}))


def database_problem() -> str | None:
    """What is wrong with the database, with the cure; None when it is fine."""
    try:
        return tables_problem()
    except SQLAlchemyError as error:
        return database_refusal(error)


def write_problem() -> str | None:
    """Why the database cannot be written; None when it can. The test statement changes no row."""
    try:
        with db.engine.connect() as connection:
            connection = connection.execution_options(writes=True, busy_timeout=BUSY_SECONDS)
            with connection.begin() as transaction:
                connection.execute(text("UPDATE orders SET number = number WHERE 1 = 0"))
                transaction.rollback()
    except SQLAlchemyError as error:
        if getattr(getattr(error, "orig", None), "sqlite_errorcode", None) == SQLITE_BUSY:
            return None  # another writer is active, so it can be written
        return database_refusal(error)
    return None


def disk_problem(instance: Path) -> str | None:
    """Why no file can be written under INSTANCE_PATH; None when one can. The test file is deleted."""
    test_file = instance / "spool" / f".test-{os.getpid()}-{get_ident()}"
    try:
        test_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(test_file, "wb") as file:
            file.write(b"\0" * TEST_FILE_BYTES)
        disk = os.statvfs(instance)
    except OSError as error:
        return f"Nothing can be kept in {test_file.parent} ({type(error).__name__}): look at its owner, and make room."
    finally:
        with suppress(OSError):
            test_file.unlink(missing_ok=True)
    if disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES:
        return f"The disk of {instance} is full; make room."
    return None


def tables_problem() -> str | None:
    """How the tables differ from this version's, with the cure. Raises SQLAlchemyError when the database is down."""
    with db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = ScriptDirectory(current_app.extensions["migrate"].directory)
    if current == known.get_current_head():
        return None
    if current is None or current in {step.revision for step in known.walk_revisions()}:
        return "The database is not of this version; run: flask --app wsgi db upgrade"
    return "The database is of a newer version; start that, or take it back with that: flask --app wsgi db downgrade"


def refuse_other_tables(app: Flask) -> None:
    """Stop the server's start if the tables are another version's. With the database down it starts: it can spool."""
    with app.app_context(), suppress(SQLAlchemyError):
        if problem := tables_problem():
            sys.stderr.write(f"The shop cannot start: {problem}\n")
            raise SystemExit(3)  # as wsgi.py does: it tells gunicorn not to try again
