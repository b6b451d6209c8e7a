"""The checks of the `doctor` command. A check that cannot be made is reported as skipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shop.accounts.models import User
from shop.catalog.models import Product
from shop.config import Settings
from shop.core.clock import nairobi, utcnow
from shop.core.database import db
from shop.core.private_files import privacy_problem
from shop.emails.delivery import waiting_emails
from shop.emails.outbox import why_not
from shop.emails.smtp import greeting_problem
from shop.key_rotation import key_problem
from shop.web.health import database_problem, disk_problem, write_problem
from shop.web.problems import problems, worker_problem

THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Finding:
    """The result of one check. `problem` is "" if all is well; `skipped` says why it was not checked."""

    name: str
    problem: str = ""
    skipped: str = ""

    def __str__(self) -> str:
        if self.skipped:
            return f"skip {self.name}: not checked: {self.skipped}"
        return f"FAIL {self.name}: {self.problem}" if self.problem else f"ok   {self.name}"


def findings(settings: Settings) -> Iterator[Finding]:
    """All checks. They connect to the mail server but not to Chpter. Takes about 10 seconds at most."""
    yield from _database()
    yield Finding("disk and spool", disk_problem(settings.instance_path) or "")
    yield Finding("private files", privacy_problem(settings) or "")
    yield from _settings(settings)
    yield _mail_server(settings)
    yield Finding("worker", worker_problem(settings) or "")
    for name, words in problems(settings):
        if name not in ("worker", "emails"):  # checked in more detail above
            yield Finding(name, words)
    yield Finding("Chpter’s answers", skipped="the first payment shows whether it accepts the token.")
    yield Finding("public address", skipped="open SHOP_URL and /chpter/callbacks/x from another network: 404 is right.")
    yield Finding("backups", skipped="check when the last one was written, and try to restore it.")


def _database() -> Iterator[Finding]:
    problem = database_problem()
    yield Finding("database", problem or "")
    rest = ("writing to the database", "keys", "owners", "products", "unsent email")
    if problem:
        yield from (Finding(name, skipped="the database cannot be used.") for name in rest)
        return
    for name, check in zip(rest, (write_problem, key_problem, _owners, _products, _unsent), strict=True):
        try:
            yield Finding(name, check() or "")
        except SQLAlchemyError as error:
            yield Finding(name, f"The database refused ({type(error).__name__}).")
        finally:
            db.session.rollback()


def _owners() -> str | None:
    owners = select(func.count(User.id)).where(User.role == "owner", User.active)
    if db.session.scalar(owners):
        return None
    return "No owner can sign in to /admin/; create one: flask --app wsgi merchant create EMAIL --password-stdin"


def _products() -> str | None:
    if db.session.scalar(select(func.count()).select_from(Product).where(Product.published)):
        return None
    return "Nothing is for sale; add products at /admin/products, or flask --app wsgi seed for the demo products."


def _unsent() -> str | None:
    waiting = waiting_emails(utcnow())
    if not waiting:
        return None
    because = f": {why_not(waiting.because)}" if waiting.because else ""
    return f"{waiting.count} emails wait to be sent, the oldest since {nairobi(waiting.since)}{because}."


def _settings(settings: Settings) -> Iterator[Finding]:
    host = urlsplit(settings.shop_url).hostname or ""
    local_chpter = urlsplit(settings.chpter_url).hostname in THIS_MACHINE
    missing = "{} is missing; no payment page can be opened."
    yield Finding("Chpter token", "" if settings.chpter_token else missing.format("CHPTER_TOKEN"))
    yield Finding("Chpter domain", _domain_problem(settings.chpter_domain, host) or "")
    yield Finding(
        "callback address",
        "SHOP_URL is this machine, where Chpter cannot call; set it to the public https address."
        if host in THIS_MACHINE and not local_chpter
        else "",
    )
    yield Finding(
        "proxies",
        "TRUSTED_PROXIES is 0 on an https shop: behind its proxy all buyers count as one client. Set it to 1."
        if settings.production and not settings.trusted_proxies
        else "",
    )


def _domain_problem(domain: str, host: str) -> str | None:
    """Why CHPTER_DOMAIN cannot be the registered domain of a shop at this host; None if it can."""
    if not domain:
        return "CHPTER_DOMAIN is missing; no payment page can be opened."
    named = (urlsplit(domain if "//" in domain else f"//{domain}").hostname or "").removeprefix("www.")
    ours = host.removeprefix("www.")
    if named == ours or named.endswith(f".{ours}") or ours.endswith(f".{named}"):
        return None
    return f"CHPTER_DOMAIN names {named or 'no domain'}, SHOP_URL {host}; set the domain that Chpter has registered."


def _mail_server(settings: Settings) -> Finding:
    if not settings.smtp_host:
        if settings.production:
            return Finding("mail server", "SMTP_HOST is missing; emails are written to files under INSTANCE_PATH/mail.")
        return Finding(
            "mail server", skipped="SMTP_HOST is not set; emails are written to files under INSTANCE_PATH/mail."
        )
    error = greeting_problem(settings)
    return Finding("mail server", f"{why_not(error)}; look at SMTP_HOST and SMTP_PORT." if error else "")
