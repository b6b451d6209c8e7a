"""Import drafts: uploaded files between the preview of an import and "Apply"."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.clock import utcnow
from shop.core.database import Model, UtcDateTime, db, updated, write

KEPT_FOR = timedelta(days=1)


class ImportDraft(Model):
    """An uploaded CSV file of one user. Deleted when it is applied, or after a day."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)  # in the address of its preview
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))  # file name
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(200))  # about its encoding, for the merchant
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def store_draft(user_id: int, name: str, text: str, note: str) -> str:
    """Store a file and return its token, inside the caller's transaction. Deletes old drafts."""
    _delete_old()
    draft = ImportDraft(
        token=secrets.token_urlsafe(24), user_id=user_id, name=name, text=text, note=note, created_at=utcnow()
    )
    db.session.add(draft)
    return draft.token


def get_draft(user_id: int, token: str, *, lock: bool = False) -> ImportDraft | None:
    """A draft of this user from the last day, or None. `lock` locks its row until the transaction ends."""
    mine = select(ImportDraft).where(ImportDraft.token == token, ImportDraft.user_id == user_id)
    query = mine.where(ImportDraft.created_at > utcnow() - KEPT_FOR)
    return db.session.scalar(query.with_for_update() if lock else query)


def delete_draft(draft: ImportDraft) -> None:
    """Delete a draft, inside the caller's transaction."""
    db.session.execute(delete(ImportDraft).where(ImportDraft.id == draft.id))


def sweep_drafts() -> int:
    """Delete drafts older than a day and return how many."""
    return write(_delete_old)


def _delete_old() -> int:
    return updated(delete(ImportDraft).where(ImportDraft.created_at <= utcnow() - KEPT_FOR))
