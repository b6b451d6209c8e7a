"""Random tokens that only their holder knows: the shop keeps no more than their hash."""

from datetime import datetime, timedelta
from hashlib import sha256
from secrets import choice, token_urlsafe
from typing import Literal

from flask import current_app, url_for
from sqlalchemy import delete, select

from shop.accounts.models import OneTimeLink, User
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import advisory_lock, db
from shop.emails.messages import write_email

UNMISTAKABLE = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 and o, no 1, i and l


def new_token() -> str:
    """256 random bits, for an address or a cookie."""
    return token_urlsafe(32)


def new_code() -> str:
    """74 random bits for typing: three groups of five."""
    return "-".join("".join(choice(UNMISTAKABLE) for _ in range(5)) for _ in range(3))


def hashed(token: str) -> str:
    """What the database keeps of a token. One plain hash will do: nobody can try 2**74 of them."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


Kind = Literal["invite", "password"]
LASTS = {"invite": timedelta(hours=72), "password": timedelta(hours=2)}


def send_invitation(email: str, role: str, actor: str) -> None:
    """Invite somebody, or once more: an older invitation of theirs works no more. In the caller's transaction."""
    token, until = _new_link("invite", email, actor, role)
    link = _address("accounts.invited", token)
    write_email("invitation", email, encrypted=True, token_hash=hashed(token), actor=actor, link=link, until=until)


def send_new_password_link(merchant: User) -> bool:
    """Mail the way to a new password; False if one went less than an hour ago. In the caller's transaction."""
    advisory_lock(f"new password of {merchant.email}")  # of two who ask at once the second finds the first one's link
    recent = utcnow() - timedelta(hours=1)
    query = select(OneTimeLink.id).where(OneTimeLink.kind == "password", OneTimeLink.email == merchant.email)
    if db.session.scalar(query.where(OneTimeLink.written_at > recent)):
        return False
    token, until = _new_link("password", merchant.email)
    link = _address("accounts.new_password", token)
    name = merchant.name or merchant.email
    write_email(
        "new_password",
        merchant.email,
        encrypted=True,
        token_hash=hashed(token),
        name=name,
        link=link,
        until=until,
    )
    return True


def open_link(kind: Kind, token: str) -> OneTimeLink | None:
    """The link with this token, if it still works."""
    query = select(OneTimeLink).where(OneTimeLink.kind == kind, OneTimeLink.token_hash == hashed(token))
    return db.session.scalar(query.where(OneTimeLink.expires_at > utcnow()))


def use_link(kind: Kind, token: str) -> tuple[str, str] | None:
    """Use a link up: the e-mail it went to and the role; None if it works no more. In the caller's transaction."""
    mine = delete(OneTimeLink).where(OneTimeLink.kind == kind, OneTimeLink.token_hash == hashed(token))
    used = mine.where(OneTimeLink.expires_at > utcnow()).returning(OneTimeLink.email, OneTimeLink.role)
    row = db.session.execute(used).one_or_none()
    return (row.email, row.role) if row else None


def withdraw_links(email: str, kind: Kind | None = None) -> bool:
    """Make what was mailed to somebody worth nothing; False if nothing was. In the caller's transaction."""
    theirs = delete(OneTimeLink).where(OneTimeLink.email == email)
    if kind:
        theirs = theirs.where(OneTimeLink.kind == kind)
    return bool(db.session.scalars(theirs.returning(OneTimeLink.id)).all())


def _new_link(kind: Kind, email: str, actor: str = "", role: str = "") -> tuple[str, datetime]:
    withdraw_links(email, kind)
    token, now = new_token(), utcnow()
    until = now + LASTS[kind]
    link = OneTimeLink(
        kind=kind, email=email, role=role, token_hash=hashed(token), written_at=now, expires_at=until, actor=actor
    )
    db.session.add(link)
    db.session.flush()
    return token, until


def _address(endpoint: str, token: str) -> str:
    """Under SHOP_URL, never under whatever host the request named."""
    settings: Settings = current_app.config["SETTINGS"]
    return f"{settings.shop_url}{url_for(endpoint, token=token)}"
