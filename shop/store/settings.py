"""The store settings: name, contact details, address, announcement, look, verification threshold.

An empty value means the value from the environment. Every page needs the details, so each process caches them for
CACHE_SECONDS. The verification threshold is never cached: it is part of the SQL statement that uses it.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from time import monotonic

from flask import current_app
from sqlalchemy import CheckConstraint, ColumnElement, Row, String, Text, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from shop.config import Settings
from shop.core.clock import NAIROBI, utcnow
from shop.core.database import Model, database_outage, db
from shop.pricing.delivery_dates import ClosedDays
from shop.pricing.models import DeliveryArea
from shop.store.look import look_css
from shop.store.palette import DEFAULT

CACHE_SECONDS = 5  # after a change, other processes may show the old details for this long
ROW_ID = 1  # of the only row
CACHE = "store_settings"  # key in app.extensions
DEFAULT_VERIFICATION_THRESHOLD = 20_000  # whole shillings, until the merchant sets another
SOCIAL = ("Facebook", "Instagram", "TikTok")
TAGLINE = "We deliver across Kenya."


class StoreSettings(Model):
    """The only row. Phone numbers are 2547XXXXXXXX; "" means the value from the environment."""

    id: Mapped[int] = mapped_column(primary_key=True, default=ROW_ID)
    name: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(12), default="")
    whatsapp: Mapped[str] = mapped_column(String(12), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    tagline: Mapped[str] = mapped_column(String(160), default="")  # one sentence for the footer of every page
    about: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(250), default="")
    logo: Mapped[str] = mapped_column(String(120), default="")  # image path: "media/..." or "img/..."
    stand_in: Mapped[str] = mapped_column(String(120), default="")  # for products without an image: "media/...", or ""
    colour: Mapped[str] = mapped_column(String(7), default="")  # the brand colour, #rrggbb; "" is the default one
    corners: Mapped[str] = mapped_column(String(10), default="")  # a key of look.CORNERS
    typeface: Mapped[str] = mapped_column(String(10), default="")  # a key of look.TYPEFACES
    announcement: Mapped[str] = mapped_column(String(160), default="")  # at the top of every page
    closed_until: Mapped[date | None]  # the first day on which orders are sent again; None: open
    closed_days: Mapped[str] = mapped_column(Text, default="")  # days of no delivery: "2026-12-25 2026-12-26"
    hours: Mapped[str] = mapped_column(String(160), default="")  # opening hours, in words
    kra_pin: Mapped[str] = mapped_column(String(11), default="")  # on receipts
    facebook: Mapped[str] = mapped_column(String(160), default="")  # full addresses, or ""
    instagram: Mapped[str] = mapped_column(String(160), default="")
    tiktok: Mapped[str] = mapped_column(String(160), default="")
    # whole shillings; 0: no payment has to be verified
    verification_threshold: Mapped[int] = mapped_column(default=DEFAULT_VERIFICATION_THRESHOLD)

    __table_args__ = (CheckConstraint("id = 1", name="one"),)


@dataclass(frozen=True)
class Store:
    """The shop's details, as pages and emails show them."""

    name: str
    phone: str  # +2547XXXXXXXX, or ""
    whatsapp: str  # digits, or ""
    email: str  # or ""
    tagline: str  # one sentence, with its full stop
    about: str  # paragraphs, or ""
    address: str  # or ""
    logo: str  # image path; "" is the first letter of the name
    stand_in: str  # image path for products without an image, or ""
    colour: str  # #rrggbb
    style: str  # the style sheet of the look, or ""
    announcement: str  # or ""
    closed_until: date | None  # closed until this day, which is not past
    closed_days: ClosedDays  # for delivery dates; `closed_until` counts too
    hours: str  # or ""
    kra_pin: str  # or ""
    social: tuple[tuple[str, str], ...]  # (name, address)
    delivery_from: int | None  # the lowest delivery fee, whole shillings

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs of the about text."""
        return [part.strip() for part in self.about.split("\n\n") if part.strip()]


def current_store(seconds: float = CACHE_SECONDS) -> Store:
    """The shop's details, at most `seconds` old; while the database is down, the last known ones."""
    last: tuple[float, Store] | None = current_app.extensions.get(CACHE)
    now = monotonic()
    if last and now - last[0] < seconds:
        return last[1]
    try:
        shop = _shop(_read())
        database_outage().recovered()
    except SQLAlchemyError as error:  # error pages need the shop's name too
        database_outage().failed(type(getattr(error, "orig", error)).__name__)
        shop = last[1] if last else _shop(None)
    current_app.extensions[CACHE] = (now, shop)
    return shop


def clear_store_cache() -> None:
    """Make `current_store` read the database next time. Call it after changing the settings or delivery fees."""
    current_app.extensions.pop(CACHE, None)


def store_settings_row() -> StoreSettings:
    """The row to edit, created if missing, inside the caller's transaction."""
    if db.session.get(StoreSettings, ROW_ID) is None:
        texts = [column.name for column in StoreSettings.__table__.columns if isinstance(column.type, String)]
        row = StoreSettings(id=ROW_ID, **dict.fromkeys(texts, ""))
        with suppress(IntegrityError), db.session.begin_nested():  # created by another process at the same time
            db.session.add(row)
    return db.session.get_one(StoreSettings, ROW_ID)


def verification_threshold() -> ColumnElement[int]:
    """SQL for the amount (whole shillings) from which payments must be verified."""
    threshold = select(StoreSettings.verification_threshold).where(StoreSettings.id == ROW_ID).scalar_subquery()
    return func.coalesce(threshold, DEFAULT_VERIFICATION_THRESHOLD)


def _read() -> Row[tuple[int | None, StoreSettings | None]] | None:
    """Read the row with one query, on its own connection, because the session may be in use or broken."""
    lowest = select(func.min(DeliveryArea.fee)).where(DeliveryArea.active, DeliveryArea.pickup.is_(False))
    table = StoreSettings.__table__
    with db.engine.connect() as connection:
        found = select(lowest.scalar_subquery().label("delivery_from"), *table.columns)
        row = connection.execute(found.select_from(select(1).subquery().outerjoin(table, table.c.id == ROW_ID))).first()
    return row


def _shop(row: Row[tuple[int | None, StoreSettings | None]] | None) -> Store:
    settings: Settings = current_app.config["SETTINGS"]
    stored = dict(row._mapping) if row is not None else {}
    phone, closed = stored.get("phone"), stored.get("closed_until")
    return Store(
        name=stored.get("name") or settings.shop_name,
        phone=f"+{phone}" if phone else settings.shop_phone,
        whatsapp=stored.get("whatsapp") or settings.shop_whatsapp,
        email=stored.get("email") or settings.shop_email,
        tagline=_sentence(stored.get("tagline") or TAGLINE),
        about=stored.get("about") or "",
        address=stored.get("address") or "",
        logo=stored.get("logo") or "",
        stand_in=stored.get("stand_in") or "",
        colour=stored.get("colour") or DEFAULT,
        style=look_css(stored.get("colour") or "", stored.get("corners") or "", stored.get("typeface") or ""),
        announcement=stored.get("announcement") or "",
        closed_until=closed if closed and closed > utcnow().astimezone(NAIROBI).date() else None,
        closed_days=ClosedDays(frozenset(map(date.fromisoformat, (stored.get("closed_days") or "").split())), closed),
        hours=stored.get("hours") or "",
        kra_pin=stored.get("kra_pin") or "",
        social=tuple(
            (name, stored[name.lower()]) for name in SOCIAL if (stored.get(name.lower()) or "").startswith("https://")
        ),
        delivery_from=stored.get("delivery_from"),
    )


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."
