"""How Alembic reaches the shop's database: through the application, so that there is one set of settings."""

from alembic import context
from click import ClickException
from flask import current_app
from sqlalchemy.exc import DBAPIError

from shop.core.database import database_refusal

migrate = current_app.extensions["migrate"]


def run() -> None:
    """Run the migrations in one transaction each, on the application's own engine."""
    try:
        connected = migrate.db.engine.connect()
    except DBAPIError as error:
        raise ClickException(database_refusal(error)) from None
    with connected as connection:
        connection = connection.execution_options(writes=True)
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            transaction_per_migration=True,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
