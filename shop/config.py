"""The shop's settings: what each means, and the checks of its value.

The environment is read once, here, at the start. A wrong or missing setting stops the start with one sentence that
names it. *Production* is a shop whose SHOP_URL is https: there, no secret is generated and Chpter must be configured.
"""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

EXAMPLE_SECRET = "replace-me-with-64-random-characters"  # noqa: S105 - from .env.example, refused in production
MIN_SECRET_LENGTH = 32  # characters
DEFAULT_PORTS = {"https": 443, "http": 80}
HOST = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f]*:[0-9a-f:.]*"  # a name, or an IPv4 or IPv6 address
DEFAULT_SENDER = "shop@localhost.localdomain"  # of email that is only written to files
EMAIL = r"[^@\s<>,;\"]+@[^@\s<>,;\"]+"
Choice = TypeVar("Choice", bound=str)


class ConfigError(Exception):
    """A setting is wrong or missing. The message is one sentence with its name and the cure."""


@dataclass(frozen=True)
class Settings:
    """The checked settings. Secrets stay out of its repr."""

    # The shop
    shop_url: str  # SHOP_URL: public base address, used in every absolute link, never the Host header
    old_urls: tuple[str, ...]  # SHOP_OLD_URLS: former public addresses, whose callbacks and links still work
    shop_name: str  # SHOP_NAME: on every page and email
    shop_phone: str  # SHOP_PHONE: for buyers, as +254..., or empty
    shop_whatsapp: str  # SHOP_WHATSAPP: digits of a WhatsApp number, or empty
    shop_email: str  # SHOP_EMAIL: for buyers and for "new paid order" emails, or empty
    secret_key: str = field(repr=False)  # SECRET_KEY: signs sessions and callback addresses
    old_secret_keys: tuple[str, ...] = field(repr=False)  # SECRET_KEY_FALLBACKS: older keys, still accepted
    database_url: str = field(repr=False)  # DATABASE_URL: SQLite in INSTANCE_PATH unless set
    instance_path: Path  # INSTANCE_PATH: the folder for SQLite, the callback spool, images and email written to files
    order_hold_minutes: int  # ORDER_HOLD_MINUTES: how long an unpaid order holds its stock
    mpesa_limit: int  # MPESA_LIMIT: M-PESA's maximum for one payment, whole shillings
    retention_months: int  # RETENTION_MONTHS: from an order's last change until its buyer is anonymised; 0: never

    # Chpter
    chpter_url: str  # CHPTER_URL: the provider's base address
    chpter_token: str = field(repr=False)  # CHPTER_TOKEN: the API token
    chpter_domain: str  # CHPTER_DOMAIN: the domain registered with Chpter, sent as it is
    chpter_link_hosts: tuple[str, ...]  # CHPTER_LINK_HOSTS: hosts of payment links; ".x" includes subdomains
    chpter_card_paid_false: Literal["paid", "review"]  # CHPTER_CARD_PAID_FALSE: see docs/settling.md

    # Email
    smtp_host: str  # SMTP_HOST: if empty, email is written to INSTANCE_PATH/mail
    smtp_port: int  # SMTP_PORT
    smtp_security: Literal["starttls", "tls", "none"]  # SMTP_SECURITY
    smtp_username: str  # SMTP_USERNAME
    smtp_password: str = field(repr=False)  # SMTP_PASSWORD
    mail_from: str  # MAIL_FROM: the sender of every email

    # Serving
    web_threads: int  # WEB_THREADS: threads of one web process; at most half of them wait for Chpter
    trusted_proxies: int  # TRUSTED_PROXIES: how many proxies set the client's address
    ratelimit_enabled: bool  # RATELIMIT_ENABLED: 0 turns the rate limits off, for load tests
    ratelimit_storage: str = field(repr=False)  # RATELIMIT_STORAGE: memory:// counts per process, redis:// for all

    @property
    def production(self) -> bool:
        """Whether the shop serves real buyers: its public address is https."""
        return self.shop_url.startswith("https://")

    @property
    def sandbox(self) -> bool:
        """Whether Chpter's sandbox on this machine is used, which moves no money."""
        return _is_loopback(urlsplit(self.chpter_url).hostname or "")

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """All accepted keys, newest first."""
        return (self.secret_key, *self.old_secret_keys)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read and check the environment. Raises ConfigError for the first wrong setting."""
        env = _Environment(environ)
        shop_url = env.base_url("SHOP_URL", "http://127.0.0.1:8000")
        production = shop_url.startswith("https://")
        instance = _instance_path(env)
        settings = cls(
            shop_url=shop_url,
            old_urls=_old_urls(env, shop_url),
            shop_name=env.text("SHOP_NAME", "Mkono"),
            shop_phone=env.matching("SHOP_PHONE", r"\+[0-9]{9,15}|", "+254 and nine digits"),
            shop_whatsapp=env.matching("SHOP_WHATSAPP", r"[0-9]{9,15}|", "digits only, like 254 and nine digits"),
            shop_email=env.matching("SHOP_EMAIL", f"{EMAIL}|", "an email address"),
            secret_key=_secret_key(env, production, instance),
            old_secret_keys=_old_secret_keys(env, production),
            database_url=_database_url(env, instance),
            instance_path=instance,
            order_hold_minutes=env.number("ORDER_HOLD_MINUTES", 30, 1, 24 * 60),
            mpesa_limit=env.number("MPESA_LIMIT", 250_000, 1, 100_000_000),
            retention_months=env.number("RETENTION_MONTHS", 24, 0, 240),
            chpter_url=env.base_url("CHPTER_URL", "https://chpter.co"),
            chpter_token=env.matching("CHPTER_TOKEN", r"[\x21-\x7e]*", "printable characters without spaces"),
            chpter_domain=env.matching("CHPTER_DOMAIN", r"[\x21-\x7e]*", "the domain registered with Chpter"),
            chpter_link_hosts=_link_hosts(env),
            chpter_card_paid_false=env.choice("CHPTER_CARD_PAID_FALSE", "paid", "review"),
            smtp_host=env.text("SMTP_HOST"),
            smtp_port=env.number("SMTP_PORT", 587, 1, 65535),
            smtp_security=env.choice("SMTP_SECURITY", "starttls", "tls", "none"),
            smtp_username=env.text("SMTP_USERNAME"),
            smtp_password=env.text("SMTP_PASSWORD"),
            mail_from=env.matching("MAIL_FROM", EMAIL, "an email address", DEFAULT_SENDER),
            web_threads=env.number("WEB_THREADS", 8, 1, 256),
            trusted_proxies=env.number("TRUSTED_PROXIES", 0, 0, 5),
            ratelimit_enabled=env.choice("RATELIMIT_ENABLED", "1", "0") == "1",
            ratelimit_storage=_ratelimit_storage(env),
        )
        _check_chpter(settings)
        if settings.smtp_host and settings.mail_from == DEFAULT_SENDER:
            raise ConfigError("MAIL_FROM is missing; it is the sender's address of every email.")
        return settings


class _Environment:
    """Reads and checks single settings."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def text(self, name: str, default: str = "") -> str:
        value = self.environ.get(name, "").strip()
        if any(ord(character) < 32 for character in value):
            raise ConfigError(f"{name} holds a control character; write it on one line.")
        return value or default

    def matching(self, name: str, pattern: str, what: str, default: str = "") -> str:
        value = self.text(name, default)
        if not re.fullmatch(pattern, value):
            raise ConfigError(f"{name} is not {what}.")
        return value

    def items(self, name: str, default: str = "") -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, default).split(",") if part.strip())

    def choice(self, name: str, *choices: Choice) -> Choice:
        value = self.text(name, choices[0])
        for choice in choices:
            if value == choice:
                return choice
        raise ConfigError(f"{name} is one of {', '.join(choices)}.")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ConfigError(f"{name} is a whole number from {least} to {most}.")
        return int(value)

    def base_url(self, name: str, default: str) -> str:
        return self.as_base_url(name, self.text(name, default))

    def as_base_url(self, name: str, text: str) -> str:
        invalid = ConfigError(f"{name} is not an address like https://shop.example.co.ke.")
        try:
            parts = urlsplit(text.rstrip("/"))
            number = parts.port
        except ValueError:
            raise invalid from None
        if parts.scheme not in DEFAULT_PORTS or "@" in parts.netloc or not re.fullmatch(HOST, parts.hostname or ""):
            raise invalid
        if parts.path or parts.query or parts.fragment:
            raise ConfigError(f"{name} ends after the host (and port): no path, no question mark.")
        # spelled as browsers spell it, since it is compared with what they send
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        port = f":{number}" if number not in (None, DEFAULT_PORTS[parts.scheme]) else ""
        return f"{parts.scheme}://{host}{port}"


def _old_urls(env: _Environment, shop_url: str) -> tuple[str, ...]:
    """The shop's former addresses. Raises ConfigError for an invalid one or SHOP_URL itself."""
    old = tuple(env.as_base_url("SHOP_OLD_URLS", text) for text in env.items("SHOP_OLD_URLS"))
    if urlsplit(shop_url).netloc in {urlsplit(one).netloc for one in old}:
        raise ConfigError("SHOP_OLD_URLS holds the address in SHOP_URL; remove it.")
    return old


def _secret_key(env: _Environment, production: bool, instance: Path) -> str:
    """The signing key. Outside production, a missing one is generated once and stored in INSTANCE_PATH."""
    key = env.text("SECRET_KEY")
    cure = "make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
    if production:
        if not key:
            raise ConfigError(f"SECRET_KEY is missing; {cure}.")
        if _is_weak(key):
            raise ConfigError(f"SECRET_KEY is too short or an example; {cure}.")
    return key or _stored_secret(instance / "secret_key")


def _old_secret_keys(env: _Environment, production: bool) -> tuple[str, ...]:
    keys = env.items("SECRET_KEY_FALLBACKS")
    if production and any(_is_weak(key) for key in keys):  # these are trusted like the new key
        raise ConfigError("SECRET_KEY_FALLBACKS holds a key that is too short or an example; remove it.")
    return keys


def _is_weak(key: str) -> bool:
    return len(key) < MIN_SECRET_LENGTH or len(set(key)) < 10 or key == EXAMPLE_SECRET


def _stored_secret(path: Path) -> str:
    if not path.exists():
        temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # if several processes start together, all use the first key
            os.link(temporary, path)
        temporary.unlink()
    secret = path.read_text().strip()
    if len(secret) < MIN_SECRET_LENGTH:
        raise ConfigError(f"SECRET_KEY is not set and {path} is damaged; delete that file.")
    return secret


def _instance_path(env: _Environment) -> Path:
    path = Path(env.text("INSTANCE_PATH", "instance")).absolute()
    try:
        path.mkdir(0o700, parents=True, exist_ok=True)
    except OSError:
        raise ConfigError(f"INSTANCE_PATH {path} cannot be made a folder; choose another place.") from None
    if not os.access(path, os.W_OK):
        raise ConfigError(f"INSTANCE_PATH {path} cannot be written; give the shop's user the right to.")
    return path


def _database_url(env: _Environment, instance: Path) -> str:
    url = env.text("DATABASE_URL")
    if not url:
        return f"sqlite:///{instance / 'shop.db'}"
    for spelling in ("postgres://", "postgresql://"):  # as hosting providers write them
        if url.startswith(spelling):
            url = "postgresql+psycopg://" + url.removeprefix(spelling)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("DATABASE_URL begins with sqlite:/// or postgresql://.")
    try:
        make_url(url)
    except (ArgumentError, ValueError):  # SQLAlchemy's message would show the password
        raise ConfigError("DATABASE_URL is not an address like postgresql://user:password@host/database.") from None
    return url


def _link_hosts(env: _Environment) -> tuple[str, ...]:
    hosts = tuple(host.lower() for host in env.items("CHPTER_LINK_HOSTS", ".chpter.co"))
    if not hosts or not all(re.fullmatch(HOST, host.removeprefix(".")) for host in hosts):
        raise ConfigError("CHPTER_LINK_HOSTS is hosts with commas between, like .chpter.co: no https://, no port.")
    return hosts


def _ratelimit_storage(env: _Environment) -> str:
    storage = env.text("RATELIMIT_STORAGE", "memory://")
    if storage != "memory://" and not re.fullmatch(r"rediss?://\S+", storage):
        raise ConfigError("RATELIMIT_STORAGE is memory:// or begins with redis://.")
    if storage != "memory://" and not find_spec("redis"):
        raise ConfigError("RATELIMIT_STORAGE is redis, which needs the package redis: pip install redis.")
    return storage


def _check_chpter(settings: Settings) -> None:
    parts = urlsplit(settings.chpter_url)
    loopback = _is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not loopback:
        raise ConfigError("CHPTER_URL is plain http, which would show the token to the network; use https.")
    if not settings.production:
        return
    if not settings.chpter_token:
        raise ConfigError("CHPTER_TOKEN is missing; copy it from your Chpter account.")
    if not settings.chpter_domain:
        raise ConfigError("CHPTER_DOMAIN is missing; it is the domain you registered with Chpter.")
    if loopback:
        raise ConfigError("CHPTER_URL points at the sandbox, which a shop on https must not use; remove it.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
