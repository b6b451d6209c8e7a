"""Idempotency keys: a form that creates something creates it once, however often it is sent.

The page (macro in templates/components/form_guards.html):

    {{ idempotency_key() }}

The view; `make` writes in one transaction and returns the address of what it created:

    made = make_once(lambda: url_for("admin.product", product_id=add(...)))
    if made.first:
        flash("It is in the shop", "good")
    return redirect(made.address, 303)

If the form is sent twice, even at the same time to two processes, the second response leads to what the first created.
A form that was filled in differently (Back, another name, Save) counts as another form.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from flask import request
from sqlalchemy import String, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.clock import utcnow
from shop.core.database import Model, UtcDateTime, db, write

FIELD = "idempotency_key"
KEPT_FOR = timedelta(days=2)
BATCH = 5000  # rows deleted in one transaction
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


class IdempotencyKey(Model):
    """A form that was sent, and the address of what it created."""

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # hash of the key and all fields
    address: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Made:
    """The address of what a form created; `first` is False if an earlier request had created it."""

    address: str
    first: bool


def new_key() -> str:
    """A key for one rendering of a form."""
    return secrets.token_urlsafe(18)


def make_once(make: Callable[[], str]) -> Made:
    """Run `make` in one transaction, once for the posted form. Whatever `make` raises undoes everything."""
    key = _form_hash() or sha256(secrets.token_bytes(32)).hexdigest()  # without a key, each request counts as its own

    def work() -> Made:
        address = _address(key)
        if address is not None:
            return Made(address, first=False)
        row = IdempotencyKey(key_hash=key, address="", at=utcnow())
        db.session.add(row)
        db.session.flush()  # a second request waits here and fails once the first has committed
        row.address = make()
        return Made(row.address, first=True)

    try:
        return write(work)
    except IntegrityError:
        address = _address(key)
        if address is None:
            raise
        return Made(address, first=False)


def earlier_result() -> str | None:
    """The address of what an earlier request with the posted form created, or None."""
    key = _form_hash()
    return _address(key) if key else None


def sweep_keys() -> int:
    """Delete old keys and return how many. Safe to run twice, or at the same time."""

    def work() -> int:
        old = select(IdempotencyKey.key_hash).where(IdempotencyKey.at <= utcnow() - KEPT_FOR).limit(BATCH)
        keys = list(db.session.scalars(old))
        if keys:
            db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.key_hash.in_(keys)))
        return len(keys)

    return write(work)


def _address(key: str) -> str | None:
    return db.session.scalar(select(IdempotencyKey.address).where(IdempotencyKey.key_hash == key))


def _form_hash() -> str | None:
    """The hash of the posted form; None if it has no valid key."""
    if not _KEY.fullmatch(request.form.get(FIELD, "")):
        return None
    parts = [request.endpoint or "", repr(sorted((request.view_args or {}).items()))]
    parts += [f"{name}={value}" for name, value in request.form.items(multi=True) if name != "csrf_token"]
    for name, file in request.files.items(multi=True):
        parts.append(f"{name}:{file.filename}:{file.stream.seek(0, 2)}")
        file.stream.seek(0)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
