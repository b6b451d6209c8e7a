"""For whoever watches the shop: is the process up, can it serve."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, jsonify
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
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        return f"The database cannot be reached ({type(error).__name__}); look at DATABASE_URL."
    wanted = ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
    if current != wanted:
        return "The database is not of this version; run: flask --app wsgi db upgrade"
    return None
