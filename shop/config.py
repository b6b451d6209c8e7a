"""Every setting the shop reads, what it means, and what makes it wrong.

The environment is read once, here, before the first request. A wrong or missing setting stops the start with one
sentence that names it. *Production* is any shop whose SHOP_URL is https: there nothing is guessed or generated.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

EXAMPLE_SECRET = "replace-me-with-64-random-characters"  # what .env.example shows, refused in production
WEAKEST_SECRET = 32  # characters
Choice = TypeVar("Choice", bound=str)


class ConfigError(Exception):
    """A setting is wrong or missing. The message is one sentence that names it and says the cure."""


@dataclass(frozen=True)
class Settings:
    """The checked settings. Secrets stay out of its repr."""

    # The shop
    shop_url: str  # SHOP_URL: public base address, used in every absolute link, never the Host header
    shop_name: str  # SHOP_NAME: on every page and mail
    shop_phone: str  # SHOP_PHONE: for buyers, as +254..., or empty
    shop_whatsapp: str  # SHOP_WHATSAPP: digits of a WhatsApp number, or empty
    shop_email: str  # SHOP_EMAIL: where "new paid order" mails go and buyers write to, or empty
    secret_key: str = field(repr=False)  # SECRET_KEY: signs sessions and callback addresses
    old_secret_keys: tuple[str, ...] = field(repr=False)  # SECRET_KEY_FALLBACKS: older keys, still accepted
    database_url: str = field(repr=False)  # DATABASE_URL: SQLite in INSTANCE_PATH unless set
    instance_path: Path  # INSTANCE_PATH: the folder for SQLite, the callback spool and mail kept as files
    order_hold_minutes: int  # ORDER_HOLD_MINUTES: how long an unpaid order holds its stock

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
    ratelimit_storage: str  # RATELIMIT_STORAGE: memory:// counts per process; redis:// counts for all

    @property
    def production(self) -> bool:
        """Whether real buyers come here: the public address is https."""
        return self.shop_url.startswith("https://")

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
        instance = Path(ask.text("INSTANCE_PATH", "instance")).absolute()
        settings = cls(
            shop_url=shop_url,
            shop_name=ask.text("SHOP_NAME", "Mkono"),
            shop_phone=ask.matching("SHOP_PHONE", r"\+[0-9]{9,15}|", "+254 and nine digits"),
            shop_whatsapp=ask.matching("SHOP_WHATSAPP", r"[0-9]{9,15}|", "digits only, like 254 and nine digits"),
            shop_email=ask.matching("SHOP_EMAIL", r"[^@\s]+@[^@\s]+|", "an e-mail address"),
            secret_key=_secret_key(ask, production, instance),
            old_secret_keys=ask.items("SECRET_KEY_FALLBACKS"),
            database_url=_database_url(ask, instance),
            instance_path=instance,
            order_hold_minutes=ask.number("ORDER_HOLD_MINUTES", 30, 1, 24 * 60),
            chpter_url=ask.base_url("CHPTER_URL", "https://chpter.co"),
            chpter_token=ask.matching("CHPTER_TOKEN", r"[\x21-\x7e]*", "printable characters without spaces"),
            chpter_domain=ask.matching("CHPTER_DOMAIN", r"[\x21-\x7e]*", "the domain registered with Chpter"),
            chpter_link_hosts=tuple(host.lower() for host in ask.items("CHPTER_LINK_HOSTS", ".chpter.co")),
            chpter_card_paid_false=ask.choice("CHPTER_CARD_PAID_FALSE", "paid", "review"),
            smtp_host=ask.text("SMTP_HOST"),
            smtp_port=ask.number("SMTP_PORT", 587, 1, 65535),
            smtp_security=ask.choice("SMTP_SECURITY", "starttls", "tls", "none"),
            smtp_username=ask.text("SMTP_USERNAME"),
            smtp_password=ask.text("SMTP_PASSWORD"),
            mail_from=ask.matching(
                "MAIL_FROM", r"[^@\s<>]+@[^@\s<>]+", "an e-mail address", "shop@localhost.localdomain"
            ),
            web_threads=ask.number("WEB_THREADS", 8, 1, 256),
            trusted_proxies=ask.number("TRUSTED_PROXIES", 0, 0, 5),
            ratelimit_enabled=ask.choice("RATELIMIT_ENABLED", "1", "0") == "1",
            ratelimit_storage=ask.text("RATELIMIT_STORAGE", "memory://"),
        )
        _check_chpter(settings)
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
        value = self.text(name, default).rstrip("/")
        parts = _split(value)
        if not parts or parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ConfigError(f"{name} is not an address like https://shop.example.co.ke.")
        if parts.path or parts.query or parts.fragment:
            raise ConfigError(f"{name} ends after the host (and port): no path, no question mark.")
        return value


def _secret_key(ask: _Answers, production: bool, instance: Path) -> str:
    """The signing key. Outside production a missing one is made once and kept in INSTANCE_PATH, never a known default."""
    key = ask.text("SECRET_KEY")
    cure = "make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
    if production:
        if not key:
            raise ConfigError(f"SECRET_KEY is missing; {cure}.")
        if len(key) < WEAKEST_SECRET or len(set(key)) < 10 or key == EXAMPLE_SECRET:
            raise ConfigError(f"SECRET_KEY is too short or an example; {cure}.")
    return key or _kept_secret(instance / "secret_key")


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        kept = path.read_text().strip()
        if len(kept) >= WEAKEST_SECRET:
            return kept
        raise ConfigError(f"SECRET_KEY is not set and {path} is damaged; delete that file.") from None
    with os.fdopen(handle, "w") as file:
        key = secrets.token_hex(32)
        file.write(key)
    return key


def _database_url(ask: _Answers, instance: Path) -> str:
    url = ask.text("DATABASE_URL")
    if not url:
        return f"sqlite:///{instance / 'shop.db'}"
    for spelling in ("postgres://", "postgresql://"):  # hosts hand these out; we speak psycopg 3
        if url.startswith(spelling):
            url = "postgresql+psycopg://" + url.removeprefix(spelling)
    if not url.startswith(("sqlite:////", "sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("DATABASE_URL begins with sqlite:/// or postgresql://.")
    return url


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
