"""Register the admin's pages. Importing a views module adds its pages to the blueprint."""

from flask import Flask

from shop.accounts.cli import merchant_commands
from shop.accounts.login import init_login
from shop.accounts.permissions import admin
from shop.accounts.views import account, staff
from shop.accounts.views.login import accounts
from shop.admin import email_outbox_views, privacy_views, refused_forms, report_views, settings_views
from shop.admin.catalog import (
    category_views,
    image_views,
    import_views,
    product_edit_views,
    product_views,
    publishing_views,
    review_views,
    stock_grid_views,
    stock_views,
    variant_views,
)
from shop.admin.orders import (
    bulk_actions,
    correction_views,
    csv_export,
    detail_views,
    draft_order_views,
    fulfilment_undo_views,
    fulfilment_views,
    list_views,
    slips,
)
from shop.admin.payments import action_views, ledger_export, resolve_views, reversal_views, review_queue_views
from shop.admin.sales import cart_link_views, delivery_area_views, discount_code_views
from shop.admin.store import content_page_views, home_page_views, look_views, setup_views

VIEWS = (
    *(list_views, bulk_actions, csv_export, detail_views, draft_order_views),
    *(fulfilment_views, fulfilment_undo_views, correction_views, slips),
    *(action_views, resolve_views, reversal_views, review_queue_views, ledger_export),
    *(product_views, product_edit_views, publishing_views, variant_views, stock_views, stock_grid_views),
    *(category_views, image_views, import_views),
    review_views,
    *(discount_code_views, delivery_area_views, cart_link_views),
    *(home_page_views, content_page_views, look_views, setup_views),
    *(settings_views, report_views, email_outbox_views, privacy_views, refused_forms),
    *(account, staff),
)


def init_admin(app: Flask) -> None:
    """Add the admin's pages, its login and its command."""
    init_login(app)
    app.register_blueprint(admin)
    app.register_blueprint(accounts)
    app.cli.add_command(merchant_commands)
