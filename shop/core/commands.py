"""Base classes of the shop's commands: one sentence instead of a traceback when the database refuses."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError, TimeoutError

from shop.core.database import database_refusal


class _InASentence:
    """A command that ends with one sentence when the database refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it. Raises click.ClickException with the reason and the cure."""
        try:
            return super().invoke(ctx)  # type: ignore[misc]
        except (DBAPIError, TimeoutError) as error:
            raise click.ClickException(database_refusal(error)) from None


class ShopCommand(_InASentence, click.Command):
    """A command of the shop."""


class ShopGroup(_InASentence, AppGroup):
    """A group of commands of the shop."""
