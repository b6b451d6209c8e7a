"""Who may sit at the desk."""

from flask_security import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.database import Model, db

merchant_roles = Table(
    "merchant_roles",
    db.metadata,
    Column("merchant_id", ForeignKey("merchant.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Model, RoleMixin):
    """What a merchant may do; "owner" may do everything."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str] = mapped_column(String(255), default="")


class Merchant(Model, UserMixin):
    """Somebody who signs in. `fs_uniquifier` is what a session holds: changing it ends all of them."""

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    roles: Mapped[list[Role]] = relationship(secondary=merchant_roles)  # type: ignore[assignment]  # there a plain list

    def __repr__(self) -> str:
        return f"<Merchant {self.id}>"
