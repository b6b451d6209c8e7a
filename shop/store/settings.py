"""What the shop says of itself: name, contact, address. The merchant writes it at the desk; what is left empty there is
as the settings have it. Beside it: from which sum on an owner looks at a payment before the goods leave.

Every page needs the former, so each process asks the database at most once in SECONDS; one that changed it knows at
once. The sum decides, so nobody keeps it: it is part of the statement that asks.
"""

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from flask import current_app
from sqlalchemy import CheckConstraint, ColumnElement, Row, String, Text, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from shop.config import Settings
from shop.core.database import Model, database_outage, db
from shop.pricing.models import DeliveryArea

SECONDS = 5  # after a change, how long other processes may still show what was before
ONE = 1  # the id of the only row
KEPT = "store_settings"
DEFAULT_VERIFICATION_THRESHOLD = (
    20_000  # whole shillings, until the merchant says otherwise: a new account is to be looked at
)
TAGLINE = "Made by hand in Nairobi, sent across Kenya."


class StoreSettings(Model):
    """The one row the merchant edits. Phones are 2547XXXXXXXX; "" means: as the settings say."""

    id: Mapped[int] = mapped_column(primary_key=True, default=ONE)
    name: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(12), default="")
    whatsapp: Mapped[str] = mapped_column(String(12), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    tagline: Mapped[str] = mapped_column(String(160), default="")  # one sentence for the foot of every page
    about: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(250), default="")
    logo: Mapped[str] = mapped_column(String(120), default="")  # a Image's path: "media/..." or "img/..."
    verification_threshold: Mapped[int] = mapped_column(
        default=DEFAULT_VERIFICATION_THRESHOLD
    )  # whole shillings; 0: no payment has to be seen

    __table_args__ = (CheckConstraint("id = 1", name="one"),)


@dataclass(frozen=True)
class Store:
    """The shop as its pages and mails name it."""

    name: str
    phone: str  # +2547XXXXXXXX, or ""
    whatsapp: str  # digits, or ""
    email: str  # or ""
    tagline: str
    about: str  # paragraphs, or ""
    address: str  # or ""
    logo: str  # an image's path
    delivery_from: int | None  # the lowest fee to have something brought, whole shillings

    @property
    def paragraphs(self) -> list[str]:
        """The about text, paragraph by paragraph."""
        return [part.strip() for part in self.about.split("\n\n") if part.strip()]


def current_store(seconds: float = SECONDS) -> Store:
    """The shop's details, at most so many seconds old. With the database away: as they were last known."""
    last: tuple[float, Store] | None = current_app.extensions.get(KEPT)
    now = monotonic()
    if last and now - last[0] < seconds:
        return last[1]
    try:
        shop = _shop(_read())
        database_outage().recovered()
    except SQLAlchemyError as error:  # an error page must still be able to name the shop
        database_outage().failed(type(getattr(error, "orig", error)).__name__)
        shop = last[1] if last else _shop(None)
    current_app.extensions[KEPT] = (now, shop)
    return shop


def forget_store() -> None:
    """Read them afresh the next time: they, or the delivery fees, have just been changed."""
    current_app.extensions.pop(KEPT, None)


def store_settings_row() -> StoreSettings:
    """The row to edit, made if there is none yet. Inside the caller's transaction."""
    if db.session.get(StoreSettings, ONE) is None:
        row = StoreSettings(id=ONE, name="", phone="", whatsapp="", email="", tagline="", about="", address="", logo="")
        with suppress(IntegrityError), db.session.begin_nested():  # made by another at this very moment
            db.session.add(row)
    return db.session.get_one(StoreSettings, ONE)


def verification_threshold() -> ColumnElement[int]:
    """The sum from which a payment has to be seen, as a part of the statement that asks: of its very moment."""
    said = select(StoreSettings.verification_threshold).where(StoreSettings.id == ONE).scalar_subquery()
    return func.coalesce(said, DEFAULT_VERIFICATION_THRESHOLD)


def _read() -> Row[tuple[int | None, StoreSettings | None]] | None:
    """One query, on a connection of its own: the session may be in the middle of something, or broken."""
    lowest = select(func.min(DeliveryArea.fee)).where(DeliveryArea.active, DeliveryArea.pickup.is_(False))
    table = StoreSettings.__table__
    with db.engine.connect() as connection:
        found = select(lowest.scalar_subquery().label("delivery_from"), *table.columns)
        row = connection.execute(found.select_from(select(1).subquery().outerjoin(table, table.c.id == ONE))).first()
    return row


def _shop(row: Row[tuple[int | None, StoreSettings | None]] | None) -> Store:
    settings: Settings = current_app.config["SETTINGS"]
    set_here = dict(row._mapping) if row is not None else {}
    phone = set_here.get("phone")
    return Store(
        name=set_here.get("name") or settings.shop_name,
        phone=f"+{phone}" if phone else settings.shop_phone,
        whatsapp=set_here.get("whatsapp") or settings.shop_whatsapp,
        email=set_here.get("email") or settings.shop_email,
        tagline=set_here.get("tagline") or TAGLINE,
        about=set_here.get("about") or "",
        address=set_here.get("address") or "",
        logo=set_here.get("logo") or "img/logo.svg",
        delivery_from=set_here.get("delivery_from"),
    )
