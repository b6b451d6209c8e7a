"""Sending a mail again, each way by one guarded change.

A mail that never arrived goes out under the Message-ID it always had: wherever it was taken after all, the second is
known as the same. One that was sent and got lost is written anew, with a Message-ID of its own, since mail servers drop
what they have seen before; pressed twice, it is still one mail.
"""

from datetime import datetime
from secrets import token_hex

from sqlalchemy import func, select, update

from shop.database import changed, db
from shop.notices.models import OutboxMail
from shop.notices.sending import IN_HAND, receipt_waits
from shop.orders.moving import MovedMeanwhile
from shop.sealing import sealer


def try_again(mail: OutboxMail, now: datetime) -> None:
    """Let the worker try an unsent mail at once, as if for the first time.

    Raises MovedMeanwhile when it was sent meanwhile, or a worker may have it in hand at this moment.
    """
    given_up = OutboxMail.ended_at.is_not(None)
    put_off = OutboxMail.next_try_at > now + IN_HAND
    waiting = update(OutboxMail).where(OutboxMail.id == mail.id, OutboxMail.sent_at.is_(None), given_up | put_off)
    afresh = {"tries": 0, "unanswered": 0, "delays": 0, "ended_at": None, "last_error": ""}
    if not changed(waiting.values(next_try_at=now, **afresh)):
        raise MovedMeanwhile
    receipt_waits(mail.id)


def may_be_tried(mail: OutboxMail, now: datetime) -> bool:
    """Whether `try_again` would find it waiting."""
    return mail.sent_at is None and (mail.ended_at is not None or mail.next_try_at > now + IN_HAND)


def copies_of(mail: OutboxMail) -> int:
    """How often it was written anew already."""
    return db.session.scalar(select(func.count()).where(OutboxMail.once.startswith(f"again-{mail.id}-"))) or 0


def send_once_more(mail: OutboxMail, seen: int, now: datetime) -> OutboxMail:
    """Write a sent mail anew. `seen` is how many copies the page showed.

    Raises MovedMeanwhile when there is one more by now, or the mail was never sent; SealBroken when it is encrypted and
    the key is gone.
    """
    if mail.sent_at is None or not mail.recipient or copies_of(mail) != seen:
        raise MovedMeanwhile
    once = f"again-{mail.id}-{seen + 1}"
    copy = OutboxMail(
        order_id=mail.order_id,
        kind=mail.kind,
        once=once,
        recipient=mail.recipient,
        subject=mail.subject,
        body=_sealed_for(once, mail) if mail.encrypted else mail.body,
        encrypted=mail.encrypted,
        message_id=f"<{token_hex(16)}@{mail.message_id.rstrip('>').partition('@')[2]}>",
        written_at=now,
        next_try_at=now,
    )
    db.session.add(copy)
    db.session.flush()
    return copy


def _sealed_for(once: str, mail: OutboxMail) -> str:
    safe = sealer("email")
    return safe.seal(safe.open(mail.body, mail.once), once)
