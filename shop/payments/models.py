"""Payment attempts, incoming callbacks, the ledger, offered M-PESA codes and review flags."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from shop.core.database import Model, UtcDateTime
from shop.orders.models import Order
from shop.payments.mpesa_messages import lookalike


class AttemptState(StrEnum):
    """The state of a payment attempt."""

    CREATING = "creating"
    CREATE_FAILED = "create_failed"
    OPEN = "open"
    PAID = "paid"
    FAILED = "failed"
    REVIEW = "review"
    SUPERSEDED = "superseded"


class ReviewReason(StrEnum):
    """Why an order is in the review queue. The first seven are derived from states, the others are review flags."""

    REVIEW = "review"
    TWICE = "twice"
    REFUND_DUE = "refund-due"
    STRAY = "stray"  # an attempt in review of an order that is not in review
    UNSEEN = "unseen"  # paid, at or above the verification threshold, and not verified
    WAITING = "waiting"
    WARNING = "warning"  # in the order's timeline, without another reason
    CODE = "code"
    CODE_TWICE = "code-twice"  # Chpter names an M-PESA code that is already in the ledger, or a second one
    OTHER_SUM = "other-sum"
    CONTRADICTION = "contradiction"
    MISMATCH = "mismatch"
    UNREADABLE = "unreadable"
    OPENED = "opened"
    LATE = "late"
    FREE = "free"  # a discount code covered the whole total


class PaymentAttempt(Model):
    """One attempt to pay an order: its own reference, its own callback address, its own payment page."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    reference: Mapped[int] = mapped_column(unique=True)  # random, never reused; sent to Chpter as order_id
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)  # of the callback address, which is not stored
    state: Mapped[str] = mapped_column(String(16), default=AttemptState.CREATING)
    amount: Mapped[int]  # whole shillings requested
    checkout_link: Mapped[str | None] = mapped_column(String(2048), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    create_error: Mapped[str] = mapped_column(String(40), default="")  # a ChpterError's code
    method: Mapped[str] = mapped_column(String(20), default="")  # MPESA or CARD, as Chpter reported it
    reason: Mapped[str] = mapped_column(String(40), default="")  # the chpter.Reason of a failure
    reported_amount: Mapped[int | None]  # whole shillings Chpter reported, of an attempt that went to review
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when Chpter reported the failure
    transaction_code: Mapped[str] = mapped_column(String(40), default="")  # as Chpter reported it

    order: Mapped[Order] = relationship(back_populates="attempts")

    __table_args__ = (
        CheckConstraint(
            "state IN ('creating','create_failed','open','paid','failed','review','superseded')", name="state"
        ),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_payment_attempt_newest", "created_at", "id"),
        Index("ix_payment_attempt_state", "state", "created_at"),
    )


class CallbackRecord(Model):
    """An incoming callback, what the shop decided, and why."""

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("payment_attempt.id"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raw: Mapped[bytes] = mapped_column(LargeBinary)  # as received, cut at 16 KiB
    headers: Mapped[str] = mapped_column(Text)  # the headers that identify the sender, one a line
    claim: Mapped[str] = mapped_column(String(10))  # yes, no, unclear, or "" when unreadable
    amount: Mapped[int | None]  # whole shillings it reports as paid
    row: Mapped[str] = mapped_column(String(4))  # of the settlement table
    reason: Mapped[str] = mapped_column(Text)
    alert: Mapped[bool] = mapped_column(default=False)  # the merchant is warned
    spool_name: Mapped[str | None] = mapped_column(String(60), unique=True)  # replayed from the spool, once

    __table_args__ = (Index("ix_callback_record_attempt", "attempt_id", "id"),)


class UnmatchedCallback(Model):
    """A callback to a signed address without an attempt in this database, which was restored from an older backup."""

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))  # of the callback address
    digest: Mapped[str] = mapped_column(String(64))  # of the body: a repeat is stored once
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raw: Mapped[bytes] = mapped_column(LargeBinary)  # as received, cut at 16 KiB
    content_type: Mapped[str] = mapped_column(String(200))
    headers: Mapped[str] = mapped_column(Text)  # the headers that identify the sender, one a line
    from_browser: Mapped[bool]
    claim: Mapped[str] = mapped_column(String(10))  # yes, no, unclear, or "" when unreadable
    reference: Mapped[str] = mapped_column(String(19))  # the payment reference it names, or ""
    amount: Mapped[int | None]  # whole shillings it reports as paid
    method: Mapped[str] = mapped_column(String(20))
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str] = mapped_column(String(80), default="")
    resolution: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index("uq_unmatched_callback_body", "secret_hash", "digest", unique=True),
        Index("ix_unmatched_callback_open", "resolved_at", "received_at"),
    )


class LedgerEntry(Model):
    """One entry of the ledger: money received (positive) or returned (negative). Entries are only ever added.

    A correction reverses an entry made by mistake, whose M-PESA code is then free for the right order.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[int]  # whole shillings
    method: Mapped[str] = mapped_column(String(20))
    code: Mapped[str | None] = mapped_column(String(10), unique=True)  # the M-PESA code, in capitals, used once
    lookalike: Mapped[str | None] = mapped_column(String(10), index=True)  # of the code, see mpesa_messages.lookalike
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(80))  # the user's name; empty for the shop itself
    before: Mapped[str] = mapped_column(String(12), default="")  # by hand: the order's payment state before it

    order: Mapped[Order] = relationship(back_populates="money")
    attempt: Mapped[PaymentAttempt | None] = relationship()

    __table_args__ = (
        CheckConstraint(
            "(kind IN ('callback','by_hand') AND amount > 0) OR (kind IN ('refund','correction') AND amount < 0)",
            name="kind",
        ),
        Index("ix_ledger_entry_kind_at", "kind", "at"),
    )

    @validates("code")
    def _set_lookalike(self, _name: str, code: str | None) -> str | None:
        self.lookalike = lookalike(code) if code else None
        return code


class OfferedCode(Model):
    """An M-PESA code with which a buyer says they paid the order. It proves nothing."""

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(10), index=True)  # in capitals

    order: Mapped[Order] = relationship(back_populates="offered_codes")

    __table_args__ = (Index("uq_offered_code_order_id_code", "order_id", "code", unique=True),)


class ReviewFlag(Model):
    """An event that a person must review, open until a user resolves it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))  # a ReviewReason
    words: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    open_key: Mapped[str | None] = mapped_column(String(60), unique=True)  # one open flag of a kind; None once resolved
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str] = mapped_column(String(80), default="")
    resolution: Mapped[str] = mapped_column(Text, default="")

    order: Mapped[Order] = relationship()

    __table_args__ = (Index("ix_review_flag_open", "resolved_at", "opened_at"),)
