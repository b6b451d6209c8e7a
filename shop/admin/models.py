"""Who may sit at the desk, and what they did there."""

from datetime import datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, Index, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.database import Model, UtcDateTime, db

merchant_roles = Table(
    "merchant_roles",
    db.metadata,
    Column("merchant_id", ForeignKey("merchant.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Model, RoleMixin):
    """What a merchant may do: "owner" everything, "staff" orders, packing and stock."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str] = mapped_column(String(255), default="")


class Merchant(Model, UserMixin):
    """Somebody who signs in. `fs_uniquifier` is what a session holds: changing it ends all of them."""

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(80), default="")  # how timelines name them
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    roles: Mapped[list[Role]] = relationship(secondary=merchant_roles)  # type: ignore[assignment]  # there a plain list

    def __repr__(self) -> str:
        return f"<Merchant {self.id}>"


class StaffAct(Model):
    """One thing somebody at the desk did. Rows are only ever added; `who` outlives the person's account."""

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    merchant_id: Mapped[int | None] = mapped_column(ForeignKey("merchant.id", ondelete="SET NULL"))
    who: Mapped[str] = mapped_column(String(254))
    words: Mapped[str] = mapped_column(Text)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"), index=True)

    __table_args__ = (Index("ix_staff_act_newest", "at", "id"),)
