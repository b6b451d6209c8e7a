"""Who may sit at the desk, and what they did there."""

from datetime import date, datetime
from typing import Any

from flask_security import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.database import Model, UtcDateTime, db

user_roles = Table(
    "user_roles",
    db.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Model, RoleMixin):
    """What a merchant may do: "owner" everything, "staff" orders, packing and stock."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str] = mapped_column(String(255), default="")


class User(Model, UserMixin):
    """Somebody who signs in. `active` is False for who was removed: what they did keeps their name.

    `fs_uniquifier` is what a browser's cookie names them by; it changes with the password.
    """

    __tablename__ = "users"  # "user" is a reserved word of SQL

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(80), default="")  # how timelines name them
    active: Mapped[bool] = mapped_column(default=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # at the desk, to the minute
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    roles: Mapped[list[Role]] = relationship(secondary=user_roles)  # type: ignore[assignment]  # there a plain list

    def __repr__(self) -> str:
        return f"<Merchant {self.id}>"


class AuditLogEntry(Model):
    """One thing somebody at the desk did. Rows are only ever added; `who` outlives the person's account."""

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    who: Mapped[str] = mapped_column(String(254))
    words: Mapped[str] = mapped_column(Text)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"), index=True)

    __table_args__ = (
        Index("ix_audit_log_entry_newest", "at", "id"),
        Index("ix_audit_log_entry_of_person", "user_id", "id"),
    )


@event.listens_for(AuditLogEntry, "before_update")
@event.listens_for(AuditLogEntry, "before_delete")
def _only_added(_mapper: Any, _connection: Any, act: AuditLogEntry) -> None:
    raise TypeError("a line in the log of staff acts is only ever added")


class LoginSession(Model):
    """One browser in which somebody is signed in. Without its row the browser's cookie opens nothing."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # of what the cookie holds
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)  # to the minute
    browser: Mapped[str] = mapped_column(String(60))  # in a few words, like "Chrome on Android"


class TwoFactor(Model):
    """The secret a merchant's phone makes its codes from. Who has no row signs in by password alone."""

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)  # sealed
    last_step: Mapped[int]  # the half minute since 1970 whose code was used last: none up to it works again
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCode(Model):
    """A code for who has lost the phone. Using it deletes it."""

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class TwoFactorTry(Model):
    """One code that was tried and was wrong: they are counted for each person, wherever they are typed."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_two_factor_try_of_person", "user_id", "at"),)


class OneTimeLink(Model):
    """A link that was mailed: an invitation, or the way to a new password. Using or withdrawing it deletes it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # "invite" or "password"
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10), default="")  # what an invitation makes of its reader
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(254), default="")

    __table_args__ = (UniqueConstraint("kind", "email"),)  # a newer one takes the older one's place


class FailedLogins(Model):
    """How many sign-ins failed on one day in Nairobi; merchant 0 stands for e-mails that nobody here has."""

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    tries: Mapped[int]


class LoginThrottle(Model):
    """How often somebody tried lately to prove who they are. Counted here, where all web processes look."""

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # of what the tries count against
    began: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    tries: Mapped[int]


class KeptForm(Model):
    """A form that was refused because its user had to sign in first: what was typed, until it can be shown again."""

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))  # of what the cookie of that browser holds
    sealed: Mapped[str] = mapped_column(Text)  # address and fields
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
