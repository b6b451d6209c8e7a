"""What was typed into a form is kept when its user has to sign in first, or to show once more who it is.

Only for that user, in that browser, encrypted, for two hours: afterwards the form is shown again, filled in. Nothing is
done by itself. Passwords, two-factor codes, collection codes and files are never kept.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from flask import request, session, url_for
from flask_security import current_user
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from shop.accounts.models import KeptForm, User
from shop.accounts.one_time_links import hashed, new_token
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.encryption import DecryptionError, encryptor

KEPT = timedelta(hours=2)
TOKEN = "desk_kept_form"  # noqa: S105 - under which the session keeps it
# Fields that a form carries and that are not typed.
CARRIED = ("csrf_token", "fingerprint", "idempotency_key", "once", "seen", "version", "shown_total", "back", "next")
PRIVATE = ("admin.confirm", "admin.me_", "admin.order_hand_over")  # forms that ask for passwords and codes
SIGNED_OUT = "You were signed out before this was saved. Check it and press the button again"
NOT_FRESH = "This was not done before you showed that it is you. Check it and press the button again"


@dataclass(frozen=True)
class Kept:
    """A form as it was posted: where it leads, and what was filled in."""

    address: str
    fields: MultiDict[str, str]
    why: str


def keep_posted_form(why: str) -> str | None:
    """Keep the posted form for whoever this browser's session belongs to; the page that shows it again afterwards.

    None when nothing was typed, or when nobody had signed in here. The form's token has been looked at before.
    """
    fields = MultiDict((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    private = (request.endpoint or "").startswith(PRIVATE) or any("password" in name for name in fields)
    who = select(User.id).where(User.fs_uniquifier == session.get("_user_id", ""), User.active)
    user_id = None if private or not typed_fields(fields) else db.session.scalar(who)
    if user_id is None:
        return None
    token, address = new_token(), request.full_path.removesuffix("?")
    sealed = encryptor("kept form").encrypt(json.dumps([address, list(fields.items(multi=True)), why]), user_id)

    def keep() -> None:
        db.session.execute(delete(KeptForm).where(KeptForm.user_id == user_id))
        db.session.add(KeptForm(user_id=user_id, token_hash=hashed(token), sealed=sealed, at=utcnow()))

    with suppress(IntegrityError):  # two at once: the other one is kept
        write(keep)
        session[TOKEN] = token
        return url_for("admin.kept_form")
    return None


def form_kept_here() -> Kept | None:
    """What is kept for this user in this browser."""
    mine = select(KeptForm.sealed).where(
        KeptForm.user_id == current_user.id,
        KeptForm.token_hash == hashed(str(session.get(TOKEN, ""))),
        KeptForm.at > utcnow() - KEPT,
    )
    sealed = db.session.scalar(mine)
    try:
        address, fields, why = json.loads(encryptor("kept form").decrypt(sealed or "", current_user.id))
    except DecryptionError:
        return None
    return Kept(address, MultiDict([(name, value) for name, value in fields]), why)


def sweep_kept_forms() -> int:
    """Forget what was kept long ago; how many. Safe to run twice, or at once."""
    old = delete(KeptForm).where(KeptForm.at <= utcnow() - KEPT).returning(KeptForm.user_id)
    return write(lambda: len(db.session.scalars(old).all()))


def typed_fields(fields: MultiDict[str, str]) -> list[tuple[str, str]]:
    """What a person filled in or chose, as (name, value)."""
    return [(name, value) for name, value in fields.items(multi=True) if name not in CARRIED and value]
