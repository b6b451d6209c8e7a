"""Every setting the shop reads, what it means, and what makes it wrong.

The environment is read once, here, before the first request. A wrong or missing setting stops the start with one
sentence that names it. *Production* is any shop whose SHOP_URL is https: there nothing is guessed or generated.
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
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

EXAMPLE_SECRET = "replace-me-with-64-random-characters"  # noqa: S105 - what .env.example shows, refused in production
WEAKEST_SECRET = 32  # characters
DEFAULT_PORTS = {"https": 443, "http": 80}
HOST = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f]*:[0-9a-f:.]*"  # a name, or an IPv4 or IPv6 address
NOBODY = "shop@localhost.localdomain"  # the sender of mail that only ever becomes files
EMAIL = r"[^@\s<>,;\"]+@[^@\s<>,;\"]+"
Choice = TypeVar("Choice", bound=str)


class ConfigError(Exception):
    """A setting is wrong or missing. The message is one sentence that names it and says the cure."""


@dataclass(frozen=True)
class Settings:
    """The checked settings. Secrets stay out of its repr."""

    # The shop
    shop_url: str  # SHOP_URL: public base address, used in every absolute link, never the Host header
    old_urls: tuple[str, ...]  # SHOP_OLD_URLS: former public addresses, whose callbacks and links still count
    shop_name: str  # SHOP_NAME: on every page and mail
    shop_phone: str  # SHOP_PHONE: for buyers, as +254..., or empty
    shop_whatsapp: str  # SHOP_WHATSAPP: digits of a WhatsApp number, or empty
    shop_email: str  # SHOP_EMAIL: where "new paid order" mails go and buyers write to, or empty
    secret_key: str = field(repr=False)  # SECRET_KEY: signs sessions and callback addresses
    old_secret_keys: tuple[str, ...] = field(repr=False)  # SECRET_KEY_FALLBACKS: older keys, still accepted
    database_url: str = field(repr=False)  # DATABASE_URL: SQLite in INSTANCE_PATH unless set
    instance_path: Path  # INSTANCE_PATH: the folder for SQLite, the callback spool and mail kept as files
    order_hold_minutes: int  # ORDER_HOLD_MINUTES: how long an unpaid order holds its stock
    mpesa_limit: int  # MPESA_LIMIT: the most M-PESA takes in one payment, whole shillings
    retention_months: int  # RETENTION_MONTHS: how long after an order's last change its buyer is forgotten; 0 never

    # Chpter
    chpter_url: str  # CHPTER_URL: the provider's base address
    chpter_token: str = field(repr=False)  # CHPTER_TOKEN: the API token
    chpter_domain: str  # CHPTER_DOMAIN: the domain registered with Chpter, sent word for word
    chpter_link_hosts: tuple[str, ...]  # CHPTER_LINK_HOSTS: where a payment link may lead; ".x" takes subdomains in
    chpter_card_paid_false: Literal["paid", "review"]  # CHPTER_CARD_PAID_FALSE: how a card success reads, see docs

    # Mail
    smtp_host: str  # SMTP_HOST: empty keeps mail as files under INSTANCE_PATH/mail
    smtp_port: int  # SMTP_PORT
    smtp_security: Literal["starttls", "tls", "none"]  # SMTP_SECURITY
    smtp_username: str  # SMTP_USERNAME
    smtp_password: str = field(repr=False)  # SMTP_PASSWORD
    mail_from: str  # MAIL_FROM: the sender of every mail

    # Serving
    web_threads: int  # WEB_THREADS: threads of one web process; at most half of them may wait for Chpter
    trusted_proxies: int  # TRUSTED_PROXIES: how many proxies in front may say who the client is
    ratelimit_enabled: bool  # RATELIMIT_ENABLED: 0 turns the rate limits off, for load tests
    ratelimit_storage: str = field(repr=False)  # RATELIMIT_STORAGE: memory:// counts per process, redis:// for all

    @property
    def production(self) -> bool:
        """Whether real buyers come here: the public address is https."""
        return self.shop_url.startswith("https://")

    @property
    def sandbox(self) -> bool:
        """Whether Chpter is played by the sandbox on this machine: no money moves."""
        return _is_loopback(urlsplit(self.chpter_url).hostname or "")

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys that may have signed something, newest first."""
        return (self.secret_key, *self.old_secret_keys)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read and check the environment. Raises ConfigError for the first setting that is wrong."""
        ask = _Answers(environ)
        shop_url = ask.base_url("SHOP_URL", "http://127.0.0.1:8000")
        production = shop_url.startswith("https://")
        instance = _instance_path(ask)
        settings = cls(
            shop_url=shop_url,
            old_urls=_old_urls(ask, shop_url),
            shop_name=ask.text("SHOP_NAME", "Mkono"),
            shop_phone=ask.matching("SHOP_PHONE", r"\+[0-9]{9,15}|", "+254 and nine digits"),
            shop_whatsapp=ask.matching("SHOP_WHATSAPP", r"[0-9]{9,15}|", "digits only, like 254 and nine digits"),
            shop_email=ask.matching("SHOP_EMAIL", f"{EMAIL}|", "an e-mail address"),
            secret_key=_secret_key(ask, production, instance),
            old_secret_keys=_old_secret_keys(ask, production),
            database_url=_database_url(ask, instance),
            instance_path=instance,
            order_hold_minutes=ask.number("ORDER_HOLD_MINUTES", 30, 1, 24 * 60),
            mpesa_limit=ask.number("MPESA_LIMIT", 250_000, 1, 100_000_000),
            retention_months=ask.number("RETENTION_MONTHS", 24, 0, 240),
            chpter_url=ask.base_url("CHPTER_URL", "https://chpter.co"),
            chpter_token=ask.matching("CHPTER_TOKEN", r"[\x21-\x7e]*", "printable characters without spaces"),
            chpter_domain=ask.matching("CHPTER_DOMAIN", r"[\x21-\x7e]*", "the domain registered with Chpter"),
            chpter_link_hosts=_link_hosts(ask),
            chpter_card_paid_false=ask.choice("CHPTER_CARD_PAID_FALSE", "paid", "review"),
            smtp_host=ask.text("SMTP_HOST"),
            smtp_port=ask.number("SMTP_PORT", 587, 1, 65535),
            smtp_security=ask.choice("SMTP_SECURITY", "starttls", "tls", "none"),
            smtp_username=ask.text("SMTP_USERNAME"),
            smtp_password=ask.text("SMTP_PASSWORD"),
            mail_from=ask.matching("MAIL_FROM", EMAIL, "an e-mail address", NOBODY),
            web_threads=ask.number("WEB_THREADS", 8, 1, 256),
            trusted_proxies=ask.number("TRUSTED_PROXIES", 0, 0, 5),
            ratelimit_enabled=ask.choice("RATELIMIT_ENABLED", "1", "0") == "1",
            ratelimit_storage=_ratelimit_storage(ask),
        )
        _check_chpter(settings)
        if settings.smtp_host and settings.mail_from == NOBODY:
            raise ConfigError("MAIL_FROM is missing; it is the sender's address of every mail.")
        return settings


class _Answers:
    """The environment, asked one setting at a time."""

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
        parts = _split(text.rstrip("/"))
        named = parts and "@" not in parts.netloc and re.fullmatch(HOST, parts.hostname or "")
        if not parts or not named or parts.scheme not in DEFAULT_PORTS:
            raise ConfigError(f"{name} is not an address like https://shop.example.co.ke.")
        if parts.path or parts.query or parts.fragment:
            raise ConfigError(f"{name} ends after the host (and port): no path, no question mark.")
        # as a browser spells it, since it is compared with what browsers send
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        port = f":{parts.port}" if parts.port not in (None, DEFAULT_PORTS[parts.scheme]) else ""
        return f"{parts.scheme}://{host}{port}"


def _old_urls(ask: _Answers, shop_url: str) -> tuple[str, ...]:
    """The addresses the shop had before. Raises ConfigError for one that is none, or is SHOP_URL itself."""
    old = tuple(ask.as_base_url("SHOP_OLD_URLS", text) for text in ask.items("SHOP_OLD_URLS"))
    if urlsplit(shop_url).netloc in {urlsplit(one).netloc for one in old}:
        raise ConfigError("SHOP_OLD_URLS holds the address in SHOP_URL; take it out there.")
    return old


def _secret_key(ask: _Answers, production: bool, instance: Path) -> str:
    """The signing key. Outside production a missing one is made once and kept in INSTANCE_PATH: no known default."""
    key = ask.text("SECRET_KEY")
    cure = "make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
    if production:
        if not key:
            raise ConfigError(f"SECRET_KEY is missing; {cure}.")
        if _is_weak(key):
            raise ConfigError(f"SECRET_KEY is too short or an example; {cure}.")
    return key or _kept_secret(instance / "secret_key")


def _old_secret_keys(ask: _Answers, production: bool) -> tuple[str, ...]:
    keys = ask.items("SECRET_KEY_FALLBACKS")
    if production and any(_is_weak(key) for key in keys):  # what they sign is believed as much as with the new one
        raise ConfigError("SECRET_KEY_FALLBACKS holds a key that is too short or an example; take it out.")
    return keys


def _is_weak(key: str) -> bool:
    return len(key) < WEAKEST_SECRET or len(set(key)) < 10 or key == EXAMPLE_SECRET


def _kept_secret(path: Path) -> str:
    if not path.exists():
        aside = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # of processes that start together, the first one's key is everybody's
            os.link(aside, path)
        aside.unlink()
    kept = path.read_text().strip()
    if len(kept) < WEAKEST_SECRET:
        raise ConfigError(f"SECRET_KEY is not set and {path} is damaged; delete that file.")
    return kept


def _instance_path(ask: _Answers) -> Path:
    path = Path(ask.text("INSTANCE_PATH", "instance")).absolute()
    try:
        path.mkdir(0o700, parents=True, exist_ok=True)
    except OSError:
        raise ConfigError(f"INSTANCE_PATH {path} cannot be made a folder; choose another place.") from None
    if not os.access(path, os.W_OK):
        raise ConfigError(f"INSTANCE_PATH {path} cannot be written; give the shop's user the right to.")
    return path


def _database_url(ask: _Answers, instance: Path) -> str:
    url = ask.text("DATABASE_URL")
    if not url:
        return f"sqlite:///{instance / 'shop.db'}"
    for spelling in ("postgres://", "postgresql://"):  # hosts hand these out; we speak psycopg 3
        if url.startswith(spelling):
            url = "postgresql+psycopg://" + url.removeprefix(spelling)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("DATABASE_URL begins with sqlite:/// or postgresql://.")
    try:
        make_url(url)
    except (ArgumentError, ValueError):  # its own message would show the password
        raise ConfigError("DATABASE_URL is not an address like postgresql://user:password@host/database.") from None
    return url


def _link_hosts(ask: _Answers) -> tuple[str, ...]:
    hosts = tuple(host.lower() for host in ask.items("CHPTER_LINK_HOSTS", ".chpter.co"))
    if not hosts or not all(re.fullmatch(HOST, host.removeprefix(".")) for host in hosts):
        raise ConfigError("CHPTER_LINK_HOSTS is hosts with commas between, like .chpter.co: no https://, no port.")
    return hosts


def _ratelimit_storage(ask: _Answers) -> str:
    storage = ask.text("RATELIMIT_STORAGE", "memory://")
    if storage != "memory://" and not re.fullmatch(r"rediss?://\S+", storage):
        raise ConfigError("RATELIMIT_STORAGE is memory:// or begins with redis://.")
    if storage != "memory://" and not find_spec("redis"):
        raise ConfigError("RATELIMIT_STORAGE is redis, which needs a package more: pip install redis.")
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


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError:
        return None
    return parts
