"""The outbox."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.database import Model, UtcDateTime

# Emails that anyone can cause by typing an address, without a payment and without a user of the admin. As SQL text,
# because a partial index serves only a query with the very same condition.
UNPROVEN_KINDS = ("placed", "failed", "order_link", "free", "back_in_stock")
UNPROVEN = f"(kind IN {UNPROVEN_KINDS})"
TO_OWNER = ("new_order", "doubtful_payment", "unmatched_payment")  # sent to the shop's own address
RECEIPTS = ("paid", "free")  # the receipt of an order
WAITING = "(sent_at IS NULL AND ended_at IS NULL)"


class OutboxEmail(Model):
    """An email that waits or was sent. Its Message-ID is the same for every try."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)  # one email for one event
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    encrypted: Mapped[bool] = mapped_column(default=False)  # the body holds a link that only its recipient may see
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)  # how often the mail server received it
    unanswered: Mapped[int] = mapped_column(default=0)  # of these, how often completely and without an answer
    delays: Mapped[int] = mapped_column(default=0)  # how often the server was unreachable since the last try
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    kept_as_file: Mapped[bool] = mapped_column(default=False)  # "sent" to a file: it has no recipient
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # given up then
    last_error: Mapped[str] = mapped_column(String(80), default="")  # the error's class and the mail server's codes

    __table_args__ = (
        Index("ix_outbox_email_due", "next_try_at", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
        Index("ix_outbox_email_state", "sent_at", "ended_at"),
        Index("ix_outbox_email_recipient", "recipient", "id"),
        Index(
            "ix_outbox_email_unproven",
            func.lower(text("recipient")),
            "written_at",
            sqlite_where=text(UNPROVEN),
            postgresql_where=text(UNPROVEN),
        ),
    )

    @property
    def shown_body(self) -> str | None:
        """The text that the admin may show; None for an email that only its recipient may see."""
        return None if self.encrypted else self.body
