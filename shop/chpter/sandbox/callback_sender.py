"""Calling the shop back, as Chpter's server does: one POST each, never repeated."""

import logging
import threading

import requests

from .outcomes import Callback
from .sessions import Call, Session

TIMEOUT_SECONDS = 5.0

log = logging.getLogger(__name__)


def call_back(session: Session, callback: Callback) -> None:
    """Make one callback now, or start the clock for a later one. A shop that cannot be reached is noted, no
    more.
    """
    if callback.after > 0:
        timer = threading.Timer(callback.after, _post, (session, callback))
        timer.daemon = True
        timer.start()
    else:
        _post(session, callback)


def _post(session: Session, callback: Callback) -> None:
    said = f"{callback.payload['message']} ({session.money(int(callback.payload['amount']))})"
    with requests.Session() as http:
        http.trust_env = False
        try:
            with http.post(
                session.callback_url,
                json=callback.payload,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as response:
                answered = f"HTTP {response.status_code}"
        except requests.RequestException as error:
            answered = f"no answer ({type(error).__name__})"
    session.calls.append(Call(said, answered))
    log.info("Order %s: told the shop %r, which answered %s.", session.order_id, said, answered)
