"""For whoever watches the shop: is the process up, can it serve."""

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
BUSY_SECONDS = 1  # how long the trial of a write waits for another writer
TRIAL_BYTES = 4096  # what a callback takes on the disk
NO_ROOM = 1024 * 1024  # bytes


@health.get("/healthz")
def alive() -> Response:
    """The process answers. Looks at nothing else."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> Response | tuple[Response, int]:
    """Whether orders and payments can be kept; 503 with one sentence otherwise.

    A worker that stands still, or mail, is a warning here: another web process would not be better off.
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
    """Why the database takes no write; None when it does. Nothing is written: the statement finds no row."""
    try:
        with db.engine.connect() as connection:
            connection = connection.execution_options(writes=True, patience=BUSY_SECONDS)
            with connection.begin() as trial:
                connection.execute(text("UPDATE orders SET number = number WHERE 1 = 0"))
                trial.rollback()
    except SQLAlchemyError as error:
        if getattr(getattr(error, "orig", None), "sqlite_errorcode", None) == SQLITE_BUSY:
            return None  # another writer is at it: it can be written
        return database_refusal(error)
    return None


def disk_problem(instance: Path) -> str | None:
    """Why nothing can be kept under INSTANCE_PATH; None when a file in the spool could be. It leaves none there."""
    trial = instance / "spool" / f".trial-{os.getpid()}-{get_ident()}"
    try:
        trial.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(trial, "wb") as file:
            file.write(b"\0" * TRIAL_BYTES)
        disk = os.statvfs(instance)
    except OSError as error:
        return f"Nothing can be kept in {trial.parent} ({type(error).__name__}): look at its owner, and make room."
    finally:
        with suppress(OSError):
            trial.unlink(missing_ok=True)
    if disk.f_bavail * disk.f_frsize < NO_ROOM:
        return f"The disk of {instance} is full; make room."
    return None


def tables_problem() -> str | None:
    """How the tables differ from this version's, with the cure. Raises SQLAlchemyError when the database is away."""
    with db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = ScriptDirectory(current_app.extensions["migrate"].directory)
    if current == known.get_current_head():
        return None
    if current is None or current in {step.revision for step in known.walk_revisions()}:
        return "The database is not of this version; run: flask --app wsgi db upgrade"
    return "The database is of a newer version; start that, or take it back with that: flask --app wsgi db downgrade"


def refuse_other_tables(app: Flask) -> None:
    """End a server's start where the tables are not this version's. With the database away it starts: it can spool."""
    with app.app_context(), suppress(SQLAlchemyError):
        if problem := tables_problem():
            sys.stderr.write(f"The shop cannot start: {problem}\n")
            raise SystemExit(3)  # as wsgi.py does: it tells gunicorn not to try again
