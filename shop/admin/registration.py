"""Opening the desk: what `create_app` needs to know of it."""

from flask import Flask

from shop.accounts import reauthentication
from shop.accounts.cli import merchant_commands
from shop.accounts.login import init_login
from shop.accounts.permissions import admin
from shop.accounts.views import account as people_own
from shop.accounts.views import staff as people
from shop.accounts.views.login import accounts
from shop.admin import email_outbox_views as mail
from shop.admin import privacy_views as privacy
from shop.admin import refused_forms, settings_views
from shop.admin import report_views as looking
from shop.admin.catalog import category_views, product_edit_views, product_views, stock_views, variant_views
from shop.admin.catalog import image_views as images
from shop.admin.catalog import import_views as importing
from shop.admin.orders import (
    bulk_actions,
    correction_views,
    csv_export,
    detail_views,
    draft_order_views,
    fulfilment_undo_views,
    list_views,
    slips,
)
from shop.admin.orders import fulfilment_views as packing
from shop.admin.payments import action_views, unmatched_views
from shop.admin.payments import ledger_export as money_exporting
from shop.admin.payments import reversal_views as money_undoing
from shop.admin.payments import review_queue_views as money
from shop.admin.sales import cart_link_views, delivery_area_views
from shop.admin.sales import discount_code_views as discount_codes

PAGES = (  # importing them has put their pages on the blueprint
    *(list_views, bulk_actions, csv_export, detail_views, reauthentication, refused_forms),
    *(packing, slips, fulfilment_undo_views, correction_views),
    *(money, action_views, unmatched_views, money_undoing, money_exporting),
    *(product_views, product_edit_views, variant_views, stock_views, category_views, images, importing),
    *(discount_codes, delivery_area_views, settings_views, settings_views, draft_order_views, cart_link_views),
    *(looking, mail, privacy),
    *(people_own, people),
)


def init_admin(app: Flask) -> None:
    """Add the desk's pages, its sign-in and its command."""
    init_login(app)
    app.register_blueprint(admin)
    app.register_blueprint(accounts)
    app.cli.add_command(merchant_commands)
