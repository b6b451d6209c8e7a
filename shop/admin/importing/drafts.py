"""Files that wait to be applied: one row each, for whoever sent it, at most a day."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select

from shop.admin.importing.models import ImportDraft
from shop.clock import utcnow
from shop.database import db, write

KEPT = timedelta(days=1)


def keep_draft(merchant_id: int, name: str, text: str, note: str) -> str:
    """Keep a file for its preview; its token. What is older than a day, of anybody, goes.

    Runs inside the caller's transaction.
    """
    _forget_old()
    draft = ImportDraft(
        token=secrets.token_urlsafe(24), merchant_id=merchant_id, name=name, text=text, note=note, created_at=utcnow()
    )
    db.session.add(draft)
    return draft.token


def draft_of(merchant_id: int, token: str, *, keep: bool = False) -> ImportDraft | None:
    """A file that this merchant sent within the last day, or None.

    `keep` keeps it from others until the transaction ends: of two presses of "Apply" one comes after the other.
    """
    mine = select(ImportDraft).where(ImportDraft.token == token, ImportDraft.merchant_id == merchant_id)
    query = mine.where(ImportDraft.created_at > utcnow() - KEPT)
    return db.session.scalar(query.with_for_update() if keep else query)


def forget(draft: ImportDraft) -> None:
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
