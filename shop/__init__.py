"""A small shop for Kenya that takes M-PESA and card payments on Chpter's payment page."""

import os
from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from shop.config import Settings
from shop.core.private_files import restrict_file_permissions


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Build the shop from `environ`, or from the process environment. Raises ConfigError for a wrong setting."""
    settings = Settings.read(os.environ if environ is None else environ)
    restrict_file_permissions(settings)
    app = Flask(
        __name__, template_folder="../templates", static_folder="../static", instance_path=str(settings.instance_path)
    )
    configure(app, settings)
    init_request_checks(app, settings)
    init_extensions(app)
    init_chpter_client(app, settings)
    init_templates(app, settings)
    register_blueprints(app, settings)
    init_responses(app, settings)
    return app


def configure(app: Flask, settings: Settings) -> None:
    """Set the configuration of Flask and its extensions."""
    from shop.core.database import engine_options

    app.config.from_mapping(
        SETTINGS=settings,
        SHOP_URL=settings.shop_url,
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.old_secret_keys),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url, settings.web_threads),
        SESSION_COOKIE_NAME="__Host-session" if settings.production else "session",
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),  # how long a cart is kept
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_PARTS=200,
        MAX_FORM_MEMORY_SIZE=128 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # valid as long as the session, so a slow shopper loses nothing
        WTF_CSRF_SSL_STRICT=False,  # SameSite and the token are enough; some phones send no Referer
        RATELIMIT_ENABLED=settings.ratelimit_enabled,
        RATELIMIT_STORAGE_URI=settings.ratelimit_storage,
        RATELIMIT_SWALLOW_ERRORS=True,  # a sale must not fail because the counter storage is down
    )
    app.url_map.strict_slashes = app.url_map.merge_slashes = (
        False  # no redirect to an address built from the Host header
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]


def init_request_checks(app: Flask, settings: Settings) -> None:
    """Log each request, and refuse a foreign host or origin before anything else sees the request."""
    from shop.web.access_log import init_access_log
    from shop.web.request_checks import StrictRequest, init_host_check, init_origin_check

    app.request_class = StrictRequest
    init_access_log(app)
    init_host_check(app, settings)
    init_origin_check(app)


def init_extensions(app: Flask) -> None:
    """Connect the Flask extensions to this application."""
    from shop.web.extensions import compress, csrf, db, limiter, migrate

    for extension in (db, csrf, limiter, compress):
        extension.init_app(app)
    migrate.init_app(app, db)


def init_chpter_client(app: Flask, settings: Settings) -> None:
    """Create the client for Chpter. At most half of the web threads may wait for it."""
    from shop.chpter import ChpterClient

    app.extensions["chpter"] = ChpterClient(
        settings.chpter_url,
        settings.chpter_token,
        settings.chpter_domain,
        settings.chpter_link_hosts,
        max_parallel=max(1, settings.web_threads // 2),
    )


def init_templates(app: Flask, settings: Settings) -> None:
    """Add the filters and globals of all templates."""
    from shop.cart.contents import MAX_LINES, MAX_QUANTITY
    from shop.catalog.icons import icon_address, touch_icon_address
    from shop.catalog.navigation import category_links
    from shop.catalog.queries import newest_cards
    from shop.catalog.structured_data import absolute
    from shop.core.clock import ago, nairobi, readable_day
    from shop.core.money import shillings
    from shop.core.phones import phones_in, readable_phone, whatsapp_link
    from shop.core.text import capitalised, masked_email, masked_phone
    from shop.orders.payment_summary import (
        paid_words,
        payment_summary,
        payment_words,
        payments_of,
        placed_and_paid,
        refunds_of,
    )
    from shop.store.content_pages import page_links
    from shop.store.delivery_promise import area_note, delivery_promise
    from shop.store.settings import current_store
    from shop.web.fingerprints import fingerprint_for_form
    from shop.web.idempotency import new_key

    app.jinja_env.filters.update(
        shillings=shillings, nairobi=nairobi, ago=ago, day=readable_day, phone=readable_phone, phones_in=phones_in
    )
    app.jinja_env.filters.update(phone_ends=masked_phone, mail_ends=masked_email, capitalised=capitalised)
    app.jinja_env.globals.update(shop=LocalProxy(current_store), mpesa_limit=settings.mpesa_limit)
    app.jinja_env.globals.update(
        absolute=absolute, icon_address=icon_address, category_links=category_links.value, page_links=page_links.value
    )
    app.jinja_env.globals.update(area_note=area_note, delivery_promise=delivery_promise)
    app.jinja_env.globals.update(touch_icon_address=touch_icon_address, newest_cards=newest_cards.value)
    app.jinja_env.globals.update(max_quantity=MAX_QUANTITY, max_lines=MAX_LINES, whatsapp_link=whatsapp_link)
    app.jinja_env.globals.update(fingerprint_for_form=fingerprint_for_form, new_idempotency_key=new_key)
    app.jinja_env.globals.update(payment_summary=payment_summary, paid_words=paid_words)
    app.jinja_env.globals.update(payments_of=payments_of, payment_words=payment_words, refunds_of=refunds_of)
    app.jinja_env.globals.update(placed_and_paid=placed_and_paid)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def register_blueprints(app: Flask, settings: Settings) -> None:
    """Register the pages, commands and signal handlers of each package."""
    from shop.admin.registration import init_admin
    from shop.cart.views import cart
    from shop.catalog.back_in_stock_views import back_in_stock
    from shop.catalog.browsing_hints import init_browsing_hints
    from shop.catalog.icons import icons
    from shop.catalog.images.serving import init_media
    from shop.catalog.sitemap import sitemap
    from shop.catalog.views import catalog
    from shop.checkout.views import checkout
    from shop.cli import init_commands
    from shop.emails.messages import connect_signals
    from shop.orders.views import orders
    from shop.payments.alerts import payment_alerts
    from shop.payments.buyer_actions import buyer_acts
    from shop.payments.callback_intake import CallbackAddresses
    from shop.payments.views import payments
    from shop.store.content_pages import about, privacy
    from shop.web.health import health
    from shop.web.problems import init_problems

    shopping = (catalog, back_in_stock, cart, checkout, orders, payments, buyer_acts)
    for blueprint in (*shopping, icons, sitemap, about, health, privacy):
        app.register_blueprint(blueprint)
    connect_signals()
    init_problems(app, payment_alerts)
    app.wsgi_app = CallbackAddresses(app.wsgi_app, settings.secret_keys)  # type: ignore[method-assign]
    init_media(app)
    init_browsing_hints(app)
    init_commands(app)
    init_admin(app)


def init_responses(app: Flask, settings: Settings) -> None:
    """Set up what applies to every response: headers, static files, error pages, the session cookie."""
    from shop.web.assets import init_assets
    from shop.web.caching import CookielessCatalogSessions
    from shop.web.errors import init_errors
    from shop.web.security_headers import init_headers

    init_headers(app, settings)
    init_assets(app)
    init_errors(app)
    app.session_interface = CookielessCatalogSessions()
