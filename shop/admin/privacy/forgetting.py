"""What the log of staff acts says of a forgotten buyer goes too; that something was done, and by whom, stays.

The log refuses changes of its lines through the model. Forgetting is the one change there is, so it is written as the
statement it is.
"""

from sqlalchemy import select, update

from shop.admin.models import StaffAct
from shop.database import changed, db
from shop.orders.models import Order
from shop.orders.persons import Person
from shop.orders.signals import order_forgotten


def listen() -> None:
    """Begin to hear of forgotten orders. Safe to call again."""
    order_forgotten.connect(_forget)


def _forget(order: Order, person: Person) -> None:
    acts = select(StaffAct.id, StaffAct.words).where(StaffAct.order_id == order.id)
    for act_id, words in db.session.execute(acts).all():
        tidied = person.out_of(words)
        if tidied != words:
            changed(update(StaffAct).where(StaffAct.id == act_id).values(words=tidied))
