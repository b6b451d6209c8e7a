"""Opening the desk: what `create_app` needs to know of it."""

from flask import Flask

from shop.admin import confirming, views
from shop.admin.commands import merchant_commands
from shop.admin.frame import admin
from shop.admin.looking import views as looking
from shop.admin.mail import views as mail
from shop.admin.privacy import forgetting
from shop.admin.privacy import views as privacy
from shop.admin.signing import init_signing

PAGES = (views, confirming, looking, mail, privacy)  # importing them has put their pages on the blueprint


def init_admin(app: Flask) -> None:
    """Add the desk's pages, its sign-in and its command."""
    init_signing(app)
    forgetting.listen()
    app.register_blueprint(admin)
    app.cli.add_command(merchant_commands)
