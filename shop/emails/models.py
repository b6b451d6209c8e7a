"""The outbox."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.database import Model, UtcDateTime

# Mails that anybody can cause by typing an address, without money and without anybody at the desk. As text, because an
# index over some rows only serves a query that says the very same.
UNPROVEN = "(kind IN ('placed', 'failed', 'order_link', 'free'))"
TO_OWNER = ("new_order", "doubtful_payment", "unmatched_payment")  # the kinds that go to the shop's own address
RECEIPTS = ("paid", "free")  # the kinds that are an order's receipt
WAITING = "(sent_at IS NULL AND ended_at IS NULL)"


class OutboxEmail(Model):
    """A mail that waits, or has been sent. Its Message-ID stays the same however often sending is tried."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)  # of one event, one mail
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    encrypted: Mapped[bool] = mapped_column(default=False)  # the body holds a link that only its reader may see
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)  # how often it was handed over
    unanswered: Mapped[int] = mapped_column(default=0)  # of these, how often whole and without an answer
    delays: Mapped[int] = mapped_column(default=0)  # how often the server was away since it was last handed over
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    kept_as_file: Mapped[bool] = mapped_column(default=False)  # "sent" to a file: nobody receives it
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # since when it is not tried any more
    last_error: Mapped[str] = mapped_column(String(80), default="")  # a class and the mail server's codes

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
        """The text as the admin may show it; None for a mail that only its reader may see."""
        return None if self.encrypted else self.body
