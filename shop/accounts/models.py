"""Users, their login sessions, two-factor codes and one-time links, and the audit log."""

from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.database import Model, UtcDateTime


def new_session_key() -> str:
    """256 random bits."""
    return token_urlsafe(32)


class User(Model, UserMixin):
    """A user of the admin. `active` is False for a removed user, whose audit log entries keep the name.

    `role` is "owner" (may do everything) or "staff" (orders, packing, stock). `session_key` is what the session cookie
    names the user by; it changes with the password.
    """

    __tablename__ = "users"  # "user" is a reserved word of SQL

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str] = mapped_column(String(255))  # argon2id hash
    name: Mapped[str] = mapped_column(String(80), default="")  # shown in timelines
    role: Mapped[str] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # to the minute
    session_key: Mapped[str] = mapped_column(String(64), unique=True, default=new_session_key)

    def __repr__(self) -> str:
        return f"<User {self.id}>"

    @property
    def is_active(self) -> bool:
        """Flask-Login's name for `active`."""
        return self.active

    def get_id(self) -> str:
        """What Flask-Login keeps in the session."""
        return self.session_key

    @property
    def display_name(self) -> str:
        """The name, or else the email."""
        return self.name or self.email


class AuditLogEntry(Model):
    """One act of a user. Entries are only ever added; `who` outlives the account."""

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    who: Mapped[str] = mapped_column(String(254))
    words: Mapped[str] = mapped_column(Text)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"), index=True)

    __table_args__ = (
        Index("ix_audit_log_entry_newest", "at", "id"),
        Index("ix_audit_log_entry_of_user", "user_id", "id"),
    )


@event.listens_for(AuditLogEntry, "before_update")
@event.listens_for(AuditLogEntry, "before_delete")
def _append_only(_mapper: Any, _connection: Any, _entry: AuditLogEntry) -> None:
    raise TypeError("audit log entries are never changed or deleted")


class LoginSession(Model):
    """A browser in which a user is signed in. Without this row the browser's cookie opens nothing."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # of the token in the cookie
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)  # to the minute
    browser: Mapped[str] = mapped_column(String(60))  # for example "Chrome on Android"


class TwoFactor(Model):
    """The secret of a user's authenticator app. A user without a row signs in with the password alone."""

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)  # encrypted
    last_step: Mapped[int]  # the half minute since 1970 whose code was used last: no code up to it works again
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCode(Model):
    """A one-time code for a user who has lost the phone. Using it deletes it."""

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class TwoFactorTry(Model):
    """A wrong two-factor or recovery code. They are counted per user."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_two_factor_try_of_user", "user_id", "at"),)


class OneTimeLink(Model):
    """An emailed link: an invitation or a password reset. Using or withdrawing it deletes it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # "invite" or "password"
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10), default="")  # of the invited user
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(254), default="")

    __table_args__ = (UniqueConstraint("kind", "email"),)  # a newer link replaces the older one


class LoginThrottle(Model):
    """The password tries of the current window, counted here for all web processes."""

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # of what the tries count against
    began: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    tries: Mapped[int]


class KeptForm(Model):
    """A form that was refused because its user had to sign in first, kept until it can be shown again."""

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))  # of the token in that browser's cookie
    sealed: Mapped[str] = mapped_column(Text)  # address and fields, encrypted
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
