"""Opening the desk: what `create_app` needs to know of it."""

from flask import Flask

from shop.admin import confirming, views
from shop.admin.commands import merchant_commands
from shop.admin.frame import admin
from shop.admin.importing import views as importing
from shop.admin.pictures import views as pictures
from shop.admin.signing import init_signing

PAGES = (views, confirming, pictures, importing)  # importing them has put their pages on the blueprint


def init_admin(app: Flask) -> None:
    """Add the desk's pages, its sign-in and its command."""
    init_signing(app)
    app.register_blueprint(admin)
    app.cli.add_command(merchant_commands)
