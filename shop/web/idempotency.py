"""A form that makes something makes it once, however often it is sent.

The page (macro in templates/components/form_guards.html):

    {{ idempotency_key() }}

The view; `make` writes in one transaction and gives back the address of what it made:

    made = make_once(lambda: url_for("admin.product", product_id=add(...)))
    if made.first:
        flash("It is in the shop", "good")
    return redirect(made.address, 303)

Sent twice, or twice at the same moment, over any number of processes: the second answer leads to the thing that the
first one made. A form that was filled in differently (Back, another name, Save) is another form.
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
KEPT = timedelta(days=2)  # for how long a form that was sent is known again
MOST_SWEPT = 5000  # rows in one transaction
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


class IdempotencyKey(Model):
    """One sent form, and the address of what it made."""

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # of the key and all that was filled in
    address: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Made:
    """Where the thing is that a form made; `first` is False when an earlier sending of it had made it."""

    address: str
    first: bool


def new_key() -> str:
    """A key for one rendering of a form."""
    return secrets.token_urlsafe(18)


def make_once(make: Callable[[], str]) -> Made:
    """Run `make` in one transaction, once for the posted form. Raises what `make` raises; then nothing was written."""
    key = _posted() or sha256(secrets.token_bytes(32)).hexdigest()  # a form without a key is a form of its own

    def work() -> Made:
        address = _address(key)
        if address is not None:
            return Made(address, first=False)
        row = IdempotencyKey(key_hash=key, address="", at=utcnow())
        db.session.add(row)
        db.session.flush()  # of two at once the second waits here, and breaks when the first one is done
        row.address = make()
        return Made(row.address, first=True)

    try:
        return write(work)
    except IntegrityError:
        address = _address(key)
        if address is None:
            raise
        return Made(address, first=False)


def made_before() -> str | None:
    """The address of what an earlier sending of the posted form made, or None."""
    key = _posted()
    return _address(key) if key else None


def sweep_keys() -> int:
    """Forget forms that were sent long ago; how many. Safe to run twice, or at once."""

    def work() -> int:
        old = select(IdempotencyKey.key_hash).where(IdempotencyKey.at <= utcnow() - KEPT).limit(MOST_SWEPT)
        keys = list(db.session.scalars(old))
        if keys:
            db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.key_hash.in_(keys)))
        return len(keys)

    return write(work)


def _address(key: str) -> str | None:
    return db.session.scalar(select(IdempotencyKey.address).where(IdempotencyKey.key_hash == key))


def _posted() -> str | None:
    """What the posted form is known by; None if it has no key of ours."""
    if not _KEY.fullmatch(request.form.get(FIELD, "")):
        return None
    whole = [request.endpoint or "", repr(sorted((request.view_args or {}).items()))]
    whole += [f"{name}={value}" for name, value in request.form.items(multi=True) if name != "csrf_token"]
    for name, file in request.files.items(multi=True):
        whole.append(f"{name}:{file.filename}:{file.stream.seek(0, 2)}")
        file.stream.seek(0)
    return sha256("\0".join(whole).encode("utf-8", "surrogatepass")).hexdigest()
