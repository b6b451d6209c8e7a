"""One-time links by email (invitations and password resets), and the random tokens of which the shop keeps a hash."""

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

CODE_CHARACTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 and o, no 1, i and l

Kind = Literal["invite", "password"]
LIFETIME = {"invite": timedelta(hours=72), "password": timedelta(hours=2)}


def new_token() -> str:
    """256 random bits, for an address or a cookie."""
    return token_urlsafe(32)


def new_code() -> str:
    """74 random bits for typing: three groups of five."""
    return "-".join("".join(choice(CODE_CHARACTERS) for _ in range(5)) for _ in range(3))


def hashed(token: str) -> str:
    """The hash to store. SHA-256 is enough for a random token: 2**74 of them cannot be tried."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def send_invitation(email: str, role: str, actor: str) -> None:
    """Email an invitation. It replaces an older one. Runs in the caller's transaction."""
    token, until = _new_link("invite", email, actor, role)
    link = _address("accounts.invitation", token)
    write_email("invitation", email, encrypted=True, token_hash=hashed(token), actor=actor, link=link, until=until)


def send_new_password_link(user: User) -> bool:
    """Email a password reset link; False if one was sent in the last hour. Runs in the caller's transaction."""
    advisory_lock(f"new password of {user.email}")  # of two requests at once the second finds the first one's link
    recent = utcnow() - timedelta(hours=1)
    query = select(OneTimeLink.id).where(OneTimeLink.kind == "password", OneTimeLink.email == user.email)
    if db.session.scalar(query.where(OneTimeLink.written_at > recent)):
        return False
    token, until = _new_link("password", user.email)
    write_email(
        "new_password",
        user.email,
        encrypted=True,
        token_hash=hashed(token),
        name=user.display_name,
        link=_address("accounts.new_password", token),
        until=until,
    )
    return True


def open_link(kind: Kind, token: str) -> OneTimeLink | None:
    """The link with this token, if it still works."""
    query = select(OneTimeLink).where(OneTimeLink.kind == kind, OneTimeLink.token_hash == hashed(token))
    return db.session.scalar(query.where(OneTimeLink.expires_at > utcnow()))


def use_link(kind: Kind, token: str) -> tuple[str, str] | None:
    """Use a link: its email and role; None if it no longer works. Runs in the caller's transaction."""
    link = delete(OneTimeLink).where(OneTimeLink.kind == kind, OneTimeLink.token_hash == hashed(token))
    used = link.where(OneTimeLink.expires_at > utcnow()).returning(OneTimeLink.email, OneTimeLink.role)
    row = db.session.execute(used).one_or_none()
    return (row.email, row.role) if row else None


def withdraw_links(email: str, kind: Kind | None = None) -> bool:
    """Delete the links sent to an email; False if there were none. Runs in the caller's transaction."""
    links = delete(OneTimeLink).where(OneTimeLink.email == email)
    if kind:
        links = links.where(OneTimeLink.kind == kind)
    return bool(db.session.scalars(links.returning(OneTimeLink.id)).all())


def _new_link(kind: Kind, email: str, actor: str = "", role: str = "") -> tuple[str, datetime]:
    withdraw_links(email, kind)
    token, now = new_token(), utcnow()
    until = now + LIFETIME[kind]
    link = OneTimeLink(
        kind=kind, email=email, role=role, token_hash=hashed(token), written_at=now, expires_at=until, actor=actor
    )
    db.session.add(link)
    db.session.flush()
    return token, until


def _address(endpoint: str, token: str) -> str:
    """The link under SHOP_URL, not under the host of the request."""
    settings: Settings = current_app.config["SETTINGS"]
    return f"{settings.shop_url}{url_for(endpoint, token=token)}"
