"""Sign-ins that failed: counted for each person and day, and told in the log at the first, tenth, hundredth.

No address is kept. An e-mail that nobody here has costs the same work as one that somebody has.
"""

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from shop.admin.acts import noted
from shop.admin.models import FailedSignIns
from shop.clock import NAIROBI, utcnow
from shop.database import changed, db, write

NOBODY = 0
TOLD_AT = frozenset({1, 10, 100, 1_000, 10_000, 100_000})
SOMEBODY = "Somebody"  # how the log names who could not prove who they are


def count_failure(merchant_id: int, email: str = "") -> None:
    """One more failed. `merchant_id` is NOBODY where no merchant has the e-mail; then it is not written down."""

    def count() -> None:
        today = utcnow().astimezone(NAIROBI).date()
        of_today = (FailedSignIns.merchant_id == merchant_id) & (FailedSignIns.day == today)
        one_more = update(FailedSignIns).where(of_today).values(tries=FailedSignIns.tries + 1)
        if not changed(one_more):
            try:
                with db.session.begin_nested():
                    db.session.add(FailedSignIns(merchant_id=merchant_id, day=today, tries=1))
            except IntegrityError:  # the first two of the day at the same moment
                changed(one_more)
        tries = db.session.scalar(select(FailedSignIns.tries).where(of_today)) or 0
        if tries in TOLD_AT:
            name = email if merchant_id != NOBODY else "an e-mail that nobody here has"
            times = "A sign-in failed" if tries == 1 else f"{tries:,} sign-ins failed today"
            noted(f"{times}, with {name}", SOMEBODY, merchant_id or None)

    write(count)


def forgive(merchant_id: int) -> int:
    """Forget the failures of somebody who has now signed in; how many. Runs inside the caller's transaction."""
    mine = FailedSignIns.merchant_id == merchant_id
    tries = db.session.scalar(select(func.sum(FailedSignIns.tries)).where(mine)) or 0
    db.session.execute(delete(FailedSignIns).where(mine))
    return int(tries)
