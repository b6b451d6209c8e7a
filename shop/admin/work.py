"""How much work waits: the numbers that the menu, the tabs and the pages of the admin show. One query for each page."""

from dataclasses import dataclass

from flask import g
from sqlalchemy import select

from shop.admin.finding import MOST, Count, count_up_to, lies
from shop.admin.money.finding import count_to_check
from shop.clock import utcnow
from shop.database import db
from shop.orders.models import Order


@dataclass(frozen=True)
class WorkLeft:
    """What waits for a person."""

    to_pack: Count  # orders
    to_check: Count  # things under "To check"


def work_left() -> WorkLeft:
    """The numbers of now, read once for each request."""
    if "work_left" not in g:
        to_pack = count_up_to(select(Order.id).where(lies("to-pack")))
        row = db.session.execute(select(to_pack, count_to_check(utcnow()))).one()
        g.work_left = WorkLeft(*(Count(min(number, MOST), number > MOST) for number in row))
    left: WorkLeft = g.work_left
    return left
