"""How many orders one buyer may leave unpaid: each holds goods that nobody else can buy meanwhile."""

from flask import current_app
from sqlalchemy import func, select, text

from shop.config import Settings
from shop.database import alone_with, db
from shop.orders.models import WAITING, Order
from shop.orders.placing import Buyer

MOST_OPEN = 5  # with one phone number, and with one e-mail address: who tries to pay again does so on the same order


class TooManyOpen(Exception):
    """This buyer has as many unpaid orders as one may have. Nothing was written."""

    def __init__(self, phone_number: bool, email: bool) -> None:
        super().__init__()
        self.phone_number, self.email = phone_number, email  # which of the two has too many

    @property
    def fields(self) -> list[str]:
        """The questions whose answers have too many."""
        return [name for name in ("phone_number", "email") if getattr(self, name)]


def alone_with_buyer(buyer: Buyer) -> None:
    """Until the transaction ends, let no other order with this phone number or e-mail address be written."""
    alone_with(f"orders of {buyer.phone_number}", f"orders of {buyer.email.lower()}")


def keep_within_cap(buyer: Buyer, *, written: bool = False) -> None:
    """Count the buyer's unpaid orders in the transaction that writes one, before it is `written` or after.

    Exact: of two orders with one phone number or e-mail address the second is counted after the first is committed.
    Small and capital letters of an address are one. Raises TooManyOpen.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.ratelimit_enabled:
        return
    alone_with_buyer(buyer)
    waiting, orders = text(WAITING), select(func.count()).select_from(Order)
    of_phone = orders.where(Order.phone_number == buyer.phone_number, waiting).scalar_subquery()
    of_email = orders.where(func.lower(Order.email) == func.lower(buyer.email), waiting).scalar_subquery()
    by_phone, by_email = db.session.execute(select(of_phone, of_email)).one()
    most = MOST_OPEN if written else MOST_OPEN - 1
    if max(by_phone, by_email) > most:
        raise TooManyOpen(by_phone > most, by_email > most)
