"""Keep a posted form whose user must sign in or confirm the password first, and show it again, filled in.

It is kept for that user in that browser, encrypted, for two hours. It is never submitted automatically. Passwords,
two-factor codes, collection codes and files are never kept.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from flask import request, session, url_for
from flask_login import current_user
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from shop.accounts.models import KeptForm, User
from shop.accounts.one_time_links import hashed, new_token
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.encryption import DecryptionError, encryptor

LIFETIME = timedelta(hours=2)
TOKEN = "admin_kept_form"  # noqa: S105 - session key
HIDDEN_FIELDS = (
    *("csrf_token", "fingerprint", "idempotency_key", "checkout_key"),
    *("seen", "version", "shown_total", "back", "next"),
)
# endpoints that ask for passwords or codes
PRIVATE_FORMS = ("admin.confirm", "admin.account_", "admin.order_hand_over")
SIGNED_OUT = "You were signed out before this was saved. Check it and press the button again"
NOT_FRESH = "This was not saved because you had to confirm your password. Check it and press the button again"


@dataclass(frozen=True)
class Kept:
    """A posted form: its address, its fields, and the message to show with it."""

    address: str
    fields: MultiDict[str, str]
    message: str


def keep_posted_form(message: str) -> str | None:
    """Keep the posted form for the user of this browser's session; the address of the page that shows it again.

    None when nothing was typed or no user had signed in here. The CSRF token has been checked before.
    """
    fields = MultiDict((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    private = (request.endpoint or "").startswith(PRIVATE_FORMS) or any("password" in name for name in fields)
    user = select(User.id).where(User.session_key == session.get("_user_id", ""), User.active)
    user_id = None if private or not typed_fields(fields) else db.session.scalar(user)
    if user_id is None:
        return None
    token, address = new_token(), request.full_path.removesuffix("?")
    encrypted = encryptor("kept form").encrypt(json.dumps([address, list(fields.items(multi=True)), message]), user_id)

    def keep() -> None:
        db.session.execute(delete(KeptForm).where(KeptForm.user_id == user_id))
        db.session.add(KeptForm(user_id=user_id, token_hash=hashed(token), sealed=encrypted, at=utcnow()))

    with suppress(IntegrityError):  # two at the same moment: the other one is kept
        write(keep)
        session[TOKEN] = token
        return url_for("admin.kept_form")
    return None


def form_kept_here() -> Kept | None:
    """The form kept for this user in this browser."""
    query = select(KeptForm.sealed).where(
        KeptForm.user_id == current_user.id,
        KeptForm.token_hash == hashed(str(session.get(TOKEN, ""))),
        KeptForm.at > utcnow() - LIFETIME,
    )
    encrypted = db.session.scalar(query)
    try:
        address, fields, message = json.loads(encryptor("kept form").decrypt(encrypted or "", current_user.id))
    except DecryptionError:
        return None
    return Kept(address, MultiDict([(name, value) for name, value in fields]), message)


def sweep_kept_forms() -> int:
    """Delete expired forms; how many. Safe to run twice, or at the same time."""
    expired = delete(KeptForm).where(KeptForm.at <= utcnow() - LIFETIME).returning(KeptForm.user_id)
    return write(lambda: len(db.session.scalars(expired).all()))


def typed_fields(fields: MultiDict[str, str]) -> list[tuple[str, str]]:
    """The (name, value) pairs that the user filled in or chose."""
    return [(name, value) for name, value in fields.items(multi=True) if name not in HIDDEN_FIELDS and value]
