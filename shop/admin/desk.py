"""Opening the desk: what `create_app` needs to know of it."""

from flask import Flask

from shop.admin import bulk, confirming, exporting, listing, refusals, views
from shop.admin.catalogue import categories, editing, options, products, stock
from shop.admin.commands import merchant_commands
from shop.admin.frame import admin
from shop.admin.importing import views as importing
from shop.admin.looking import views as looking
from shop.admin.mail import views as mail
from shop.admin.money import acting, matching
from shop.admin.money import exporting as money_exporting
from shop.admin.money import undoing as money_undoing
from shop.admin.money import views as money
from shop.admin.packing import correcting, slips, undoing
from shop.admin.packing import views as packing
from shop.admin.people import own as people_own
from shop.admin.people import views as people
from shop.admin.people.door import door
from shop.admin.pictures import views as pictures
from shop.admin.privacy import forgetting
from shop.admin.privacy import views as privacy
from shop.admin.selling import areas, links, logo, making, settings
from shop.admin.selling import codes as discount_codes
from shop.admin.signing import init_signing

PAGES = (  # importing them has put their pages on the blueprint
    *(listing, bulk, exporting, views, confirming, refusals),
    *(packing, slips, undoing, correcting),
    *(money, acting, matching, money_undoing, money_exporting),
    *(products, editing, options, stock, categories, pictures, importing),
    *(discount_codes, areas, settings, logo, making, links),
    *(looking, mail, privacy),
    *(people_own, people),
)


def init_admin(app: Flask) -> None:
    """Add the desk's pages, its sign-in and its command."""
    init_signing(app)
    forgetting.listen()
    app.register_blueprint(admin)
    app.register_blueprint(door)
    app.cli.add_command(merchant_commands)
