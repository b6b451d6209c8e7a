"""That somebody looked for buyers stands in the log, as exports do: who, when, how many the first search found.

What was looked for does not: it is mostly a name or a phone number, and would outlive the buyer's being forgotten. Of
each kind of search the log has one line in a quarter of an hour for each sitting. Which ones it has stands in the
sitting's cookie: a search costs no further query, the first one of a quarter one INSERT.
"""

from flask import session
from flask_security import current_user

from shop.admin.acts import noted, who_acts
from shop.clock import utcnow
from shop.database import write

QUARTER = 15 * 60  # seconds
TOLD = "searched"


def searched(what: str, found: str = "") -> None:
    """Note that `what` was searched; `found` says how many there were, where somebody has counted."""
    quarter, told = int(utcnow().timestamp()) // QUARTER, session.get(TOLD, {})
    if told.get(what) == quarter:
        return
    who, merchant_id = who_acts(), current_user.id
    words = f"{what}: {found} found" if found else what
    write(lambda: noted(words, who, merchant_id))
    session[TOLD] = {**told, what: quarter}
