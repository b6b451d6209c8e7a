"""The delivery dates that pages promise: an area's calendar and the shop's closed days."""

from datetime import datetime

from shop.core.clock import utcnow
from shop.pricing.delivery_dates import DeliveryCalendar, DeliveryDates, delivery_dates
from shop.pricing.models import DeliveryArea
from shop.store.settings import current_store


def promised_dates(calendar: DeliveryCalendar | None, paid_at: datetime) -> DeliveryDates | None:
    """When an order that is paid at this time (UTC) arrives; None without a calendar."""
    return delivery_dates(paid_at, calendar, current_store().closed_days) if calendar else None


def delivery_promise(area: DeliveryArea) -> str:
    """When an order that is paid now arrives, in words: "by Tue 1 Dec", or the area's own delivery time."""
    dates = promised_dates(area.calendar, utcnow())
    return dates.words(area.pickup) if dates else area.delivery_time


def area_note(area: DeliveryArea) -> str:
    """The delivery promise, and where a pickup point is."""
    return ". ".join(filter(None, (delivery_promise(area), area.pickup_place)))
