"""A small shop that sells by Chpter's payment redirect: M-PESA and cards, Kenya."""

import os
from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from shop.config import Settings
from shop.core.private_files import make_private


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Build the shop. `environ` stands in for the process environment. Raises ConfigError for a wrong setting."""
    settings = Settings.read(os.environ if environ is None else environ)
    make_private(settings)
    app = Flask(
        __name__, template_folder="../templates", static_folder="../static", instance_path=str(settings.instance_path)
    )
    configure(app, settings)
    log_without_secrets(app)
    listen_to_our_hosts(app, settings)
    add_extensions(app, settings)
    add_template_words(app, settings)
    add_rooms(app, settings)
    answer_strictly(app, settings)
    return app


def configure(app: Flask, settings: Settings) -> None:
    """Tell Flask and the libraries what the settings mean for them."""
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
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),  # how long a cart survives
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_PARTS=200,
        MAX_FORM_MEMORY_SIZE=128 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a slow shopper loses nothing
        WTF_CSRF_SSL_STRICT=False,  # SameSite and the token say enough; some phones send no Referer
        RATELIMIT_ENABLED=settings.ratelimit_enabled,
        RATELIMIT_STORAGE_URI=settings.ratelimit_storage,
        RATELIMIT_SWALLOW_ERRORS=True,  # a counter that is away must not stop a sale
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "image/svg+xml", "application/json"],
        COMPRESS_STREAMS=True,
        COMPRESS_ALGORITHM_STREAMING=["zstd", "br", "gzip", "deflate"],
    )
    app.url_map.strict_slashes = app.url_map.merge_slashes = False  # no redirect whose address the Host header names
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]


def log_without_secrets(app: Flask) -> None:
    """One line per request, naming the route and never the address: addresses hold tokens."""
    from shop.web.access_log import init_access_log

    init_access_log(app)


def listen_to_our_hosts(app: Flask, settings: Settings) -> None:
    """Refuse a foreign Host before the libraries and the rooms hear of the request."""
    from shop.web.request_checks import init_hosts

    init_hosts(app, settings)


def add_extensions(app: Flask, settings: Settings) -> None:
    """Tie the libraries, and our own client for Chpter, to this application."""
    from shop.chpter import ChpterClient
    from shop.web.extensions import compress, csrf, db, limiter, migrate
    from shop.web.request_checks import init_origin

    settings.instance_path.mkdir(parents=True, exist_ok=True)
    init_origin(app)
    for extension in (db, csrf, limiter, compress):
        extension.init_app(app)
    migrate.init_app(app, db)
    app.extensions["chpter"] = ChpterClient(
        settings.chpter_url,
        settings.chpter_token,
        settings.chpter_domain,
        settings.chpter_link_hosts,
        max_parallel=max(1, settings.web_threads // 2),
    )


def add_template_words(app: Flask, settings: Settings) -> None:
    """What every template may say."""
    from shop.cart.contents import MOST_LINES, MOST_OF_ONE
    from shop.core.clock import ago, nairobi
    from shop.core.money import shillings
    from shop.core.phones import phones_in, readable_phone, whatsapp_link
    from shop.core.text import masked_email, masked_phone
    from shop.orders.payment_summary import paid_words, payment_summary, payment_words, payments_of
    from shop.store.settings import current_store
    from shop.web.fingerprints import fingerprint_for_form
    from shop.web.idempotency import new_key

    app.jinja_env.filters.update(
        shillings=shillings, nairobi=nairobi, ago=ago, phone=readable_phone, phones_in=phones_in
    )
    app.jinja_env.filters.update(phone_ends=masked_phone, mail_ends=masked_email)
    app.jinja_env.globals.update(shop=LocalProxy(current_store), mpesa_limit=settings.mpesa_limit)
    app.jinja_env.globals.update(whatsapp_link=whatsapp_link)
    app.jinja_env.globals.update(most_of_one=MOST_OF_ONE, most_lines=MOST_LINES)
    app.jinja_env.globals.update(fingerprint_for_form=fingerprint_for_form, new_idempotency_key=new_key)
    app.jinja_env.globals.update(payment_summary=payment_summary, paid_words=paid_words)
    app.jinja_env.globals.update(payments_of=payments_of, payment_words=payment_words)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def add_rooms(app: Flask, settings: Settings) -> None:
    """The rooms, in the order in which they may know of each other."""
    from shop.admin.registration import init_admin
    from shop.cart.views import cart
    from shop.catalog.images.serving import init_media
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

    for room in (catalog, about, orders, cart, payments, buyer_acts, checkout, health, privacy):
        app.register_blueprint(room)
    connect_signals()
    init_problems(app, payment_alerts)
    app.wsgi_app = CallbackAddresses(app.wsgi_app, settings.secret_keys)  # type: ignore[method-assign]
    init_media(app)
    init_commands(app)
    init_admin(app)


def answer_strictly(app: Flask, settings: Settings) -> None:
    """Static files, error pages and headers, for every answer."""
    from shop.web.assets import init_assets
    from shop.web.errors import init_errors
    from shop.web.request_checks import StrictRequest
    from shop.web.security_headers import init_headers
    from shop.web.session_cookie import CookielessCatalogSessions

    init_headers(app, settings)
    init_assets(app)
    init_errors(app)
    app.request_class = StrictRequest
    app.session_interface = CookielessCatalogSessions()
