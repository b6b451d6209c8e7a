"""For whoever watches the shop: is the process up, can it serve."""

import sys
from contextlib import suppress

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from shop.database import db

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """The process answers. Looks at nothing else."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> Response | tuple[Response, int]:
    """The database answers and its tables are those of this version; 503 with one sentence otherwise."""
    problem = database_problem()
    return (jsonify(status="not ready", problem=problem), 503) if problem else jsonify(status="ok")


def database_problem() -> str | None:
    """What is wrong with the database, with the cure; None when it is fine."""
    try:
        return tables_problem()
    except SQLAlchemyError as error:
        return f"The database cannot be reached ({type(error).__name__}); look at DATABASE_URL."


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
