"""Payment attempts, the record of every callback, the book of money in and out, and what a person has to look at."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from shop.core.database import Model, UtcDateTime
from shop.orders.models import Order
from shop.orders.states import AttemptState
from shop.payments.mpesa_messages import lookalike


class PaymentAttempt(Model):
    """One try to pay an order: its own reference, its own callback address, its own payment page."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    reference: Mapped[int] = mapped_column(unique=True)  # random, never reused; Chpter knows it as order_id
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)  # of the callback address, which is kept nowhere
    state: Mapped[str] = mapped_column(String(16), default=AttemptState.CREATING)
    amount: Mapped[int]  # whole shillings asked for
    checkout_link: Mapped[str | None] = mapped_column(String(2048), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    create_error: Mapped[str] = mapped_column(String(40), default="")  # a ChpterError's code
    method: Mapped[str] = mapped_column(String(20), default="")  # MPESA or CARD, once Chpter said so
    reason: Mapped[str] = mapped_column(String(40), default="")  # chpter.Reason of a failure
    reported_amount: Mapped[int | None]  # whole shillings that Chpter says came, of an attempt that went to review
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when Chpter said so
    transaction_code: Mapped[str] = mapped_column(String(40), default="")  # of the receipt, where Chpter names it

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
    """What was posted to a callback address, what the shop decided, and why."""

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("payment_attempt.id"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raw: Mapped[bytes] = mapped_column(LargeBinary)  # as received, cut at 16 KiB
    headers: Mapped[str] = mapped_column(Text)  # the few that tell who sent it, as lines
    claim: Mapped[str] = mapped_column(String(10))  # yes, no, unclear, or "" when unreadable
    amount: Mapped[int | None]  # whole shillings it says were paid
    row: Mapped[str] = mapped_column(String(4))  # of the settling table
    reason: Mapped[str] = mapped_column(Text)  # the shop's, in words
    alert: Mapped[bool] = mapped_column(default=False)  # a person should look
    spool_name: Mapped[str | None] = mapped_column(String(60), unique=True)  # replayed from the spool: never twice

    __table_args__ = (Index("ix_callback_record_attempt", "attempt_id", "id"),)


class UnmatchedCallback(Model):
    """A callback to an address of ours whose attempt this database does not have: it was restored from before it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))  # of the callback address
    digest: Mapped[str] = mapped_column(String(64))  # of the body: a repeat is kept once
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raw: Mapped[bytes] = mapped_column(LargeBinary)  # as received, cut at 16 KiB
    content_type: Mapped[str] = mapped_column(String(200))
    headers: Mapped[str] = mapped_column(Text)  # the few that tell who sent it, as lines
    from_browser: Mapped[bool]
    claim: Mapped[str] = mapped_column(String(10))  # yes, no, unclear, or "" when unreadable
    reference: Mapped[str] = mapped_column(String(19))  # the payment it names, "" when it names none
    amount: Mapped[int | None]  # whole shillings it says were paid
    method: Mapped[str] = mapped_column(String(20))
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str] = mapped_column(String(80), default="")
    resolution: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index("uq_unmatched_callback_body", "secret_hash", "digest", unique=True),
        Index("ix_unmatched_callback_open", "resolved_at", "received_at"),
    )


class LedgerEntry(Model):
    """One line of the money book: what came in (above zero) or went out (below). Lines are only ever added.

    A line that was marked by mistake is made good by a correction, and gives its code up to the right order.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[int]  # whole shillings
    method: Mapped[str] = mapped_column(String(20))
    code: Mapped[str | None] = mapped_column(String(10), unique=True)  # M-PESA's, in capitals: one code, one use
    lookalike: Mapped[str | None] = mapped_column(String(10), index=True)  # of the code, see mpesa_messages.lookalike
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(80))  # who of the desk wrote it; empty for the shop itself
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
    def _with_lookalike(self, _name: str, code: str | None) -> str | None:
        self.lookalike = lookalike(code) if code else None
        return code


class OfferedCode(Model):
    """An M-PESA code that a buyer says their order was paid with. It proves nothing."""

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(10), index=True)  # in capitals

    order: Mapped[Order] = relationship(back_populates="offered_codes")

    __table_args__ = (Index("uq_offered_code_order_id_code", "order_id", "code", unique=True),)


class ReviewFlag(Model):
    """Something that happened which a person has to look at; it stays until somebody says they did."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))  # a payments.checking.Kind
    words: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    open_key: Mapped[str | None] = mapped_column(String(60), unique=True)  # of one matter one is open; none once closed
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str] = mapped_column(String(80), default="")
    resolution: Mapped[str] = mapped_column(Text, default="")

    order: Mapped[Order] = relationship()

    __table_args__ = (Index("ix_review_flag_open", "resolved_at", "opened_at"),)
