"""What the log of staff acts says of a forgotten buyer goes too; that something was done, and by whom, stays."""

from sqlalchemy import select

from shop.admin.models import StaffAct
from shop.database import db
from shop.orders.models import Order
from shop.orders.persons import Person
from shop.orders.signals import order_forgotten


def listen() -> None:
    """Begin to hear of forgotten orders. Safe to call again."""
    order_forgotten.connect(_forget)


def _forget(order: Order, person: Person) -> None:
    for act in db.session.scalars(select(StaffAct).where(StaffAct.order_id == order.id)):
        act.words = person.out_of(act.words)
