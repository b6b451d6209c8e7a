"""The mails of a forgotten order: what was sent stays as a line without its text, what waits is not sent any more."""

from flask import current_app
from sqlalchemy import delete, select

from shop.config import Settings
from shop.database import db
from shop.notices.models import OutboxMail
from shop.notices.sending import mail_file
from shop.orders.models import Order
from shop.orders.persons import Person
from shop.orders.signals import order_forgotten


def listen() -> None:
    """Begin to hear of forgotten orders. Safe to call again."""
    order_forgotten.connect(_forget)


def _forget(order: Order, person: Person) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    for mail in db.session.scalars(select(OutboxMail).where(OutboxMail.order_id == order.id)):
        mail_file(settings.instance_path / "mail", mail.message_id).unlink(missing_ok=True)
        mail.recipient = mail.body = ""
        mail.subject = person.out_of(mail.subject)
    db.session.flush()
    db.session.execute(delete(OutboxMail).where(OutboxMail.order_id == order.id, OutboxMail.sent_at.is_(None)))
