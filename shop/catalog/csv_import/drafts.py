"""What waits between the preview of an import and its "Apply"."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.clock import utcnow
from shop.core.database import Model, UtcDateTime, db, write


class ImportDraft(Model):
    """A CSV file as it was sent, for the merchant who sent it. It goes when it is applied, or after a day."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)  # stands in the address of its preview
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))  # of the file
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(200))  # what was remarkable about its encoding, for the merchant
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


KEPT = timedelta(days=1)


def store_draft(user_id: int, name: str, text: str, note: str) -> str:
    """Keep a file for its preview; its token. What is older than a day, of anybody, goes.

    Runs inside the caller's transaction.
    """
    _forget_old()
    draft = ImportDraft(
        token=secrets.token_urlsafe(24), user_id=user_id, name=name, text=text, note=note, created_at=utcnow()
    )
    db.session.add(draft)
    return draft.token


def get_draft(user_id: int, token: str, *, keep: bool = False) -> ImportDraft | None:
    """A file that this merchant sent within the last day, or None.

    `keep` keeps it from others until the transaction ends: of two presses of "Apply" one comes after the other.
    """
    mine = select(ImportDraft).where(ImportDraft.token == token, ImportDraft.user_id == user_id)
    query = mine.where(ImportDraft.created_at > utcnow() - KEPT)
    return db.session.scalar(query.with_for_update() if keep else query)


def delete_draft(draft: ImportDraft) -> None:
    """Let a file go, inside the caller's transaction."""
    db.session.execute(delete(ImportDraft).where(ImportDraft.id == draft.id))


def sweep_drafts() -> int:
    """Let go of every file older than a day; how many."""
    return write(_forget_old)


def _forget_old() -> int:
    old = list(db.session.scalars(select(ImportDraft.id).where(ImportDraft.created_at <= utcnow() - KEPT)))
    if old:
        db.session.execute(delete(ImportDraft).where(ImportDraft.id.in_(old)))
    return len(old)
