"""Open a payment session at Chpter: send the request and check the reply.

Source: Chpter's page "Payment Redirect API" for the request body and the reply, its page "Authentication" for the
headers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .circuit_breaker import Bulkhead, CircuitBreaker
from .errors import (
    Conflict,
    HttpError,
    NoLink,
    NotConfigured,
    Redirected,
    RefusedCredentials,
    StatusFalse,
    TooManyRequests,
    Unavailable,
    UnreadableReply,
    WrongOrderId,
)
from .payment_link import is_loopback, origin_of, safe_link
from .session_request import SessionRequest
from .strict_json import NotStrict, read_object, read_text
from .transport import Reply, post_json

SESSION_PATH = "/checkout.sessions/hosted/redirect/session"

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
_NAMED = {409: Conflict, 429: TooManyRequests, 503: Unavailable}
_REFUSED_WORDS = "invalid authentication credentials"


@dataclass(frozen=True)
class PaymentSession:
    """An open payment page. `checkout_link` has been checked: the buyer's browser may be redirected to it."""

    checkout_link: str


class ChpterClient:
    """Opens payment sessions at Chpter. All threads of a process share one client.

    `url` is Chpter's base address: https, or http on this machine for the sandbox. `domain` is the shop's
    address as registered with Chpter. `link_hosts` are the hosts that a payment link may lead to; ".chpter.co"
    stands for chpter.co and its subdomains. The host and port of `url` are always allowed. At most `max_parallel` calls
    run at a time.
    `connect_timeout` and `deadline` are seconds, as in transport.post_json.
    Raises ValueError when `url` would send the token unencrypted.
    """

    def __init__(
        self,
        url: str,
        token: str,
        domain: str,
        link_hosts: Sequence[str],
        *,
        max_parallel: int = 4,
        connect_timeout: float = 3.0,
        deadline: float = 10.0,
    ) -> None:
        own = origin_of(url)
        if own is None or (own[0] != "https" and not is_loopback(own[1])):
            raise ValueError("Chpter's address must be https, or http on this machine for the sandbox.")
        self._own = own
        self._address = url.rstrip("/") + SESSION_PATH
        self._token = token
        self._domain = domain
        self._link_hosts = tuple(link_hosts)
        self._bulkhead = Bulkhead(max_parallel)
        self._breaker = CircuitBreaker()
        self._connect_timeout = connect_timeout
        self._deadline = deadline

    def __repr__(self) -> str:
        return f"<ChpterClient {self._own[0]}://{self._own[1]}:{self._own[2]}>"

    def open_session(self, request: SessionRequest) -> PaymentSession:
        """Send one request for a payment page and return the page's link.

        Raises WrongRequest, before anything is sent, when a field is not as documented, and a subclass of ChpterError
        when there is no page that can be used.
        """
        body = request.body()  # before the circuit breaker, which must not count a WrongRequest
        if not _HEADER_VALUE.fullmatch(self._token) or not _HEADER_VALUE.fullmatch(self._domain):
            raise NotConfigured
        with self._bulkhead.place(), self._breaker.watching():
            reply = post_json(
                self._address,
                {"Authorization": f"Token {self._token}", "domain": self._domain},
                body,
                connect_timeout=self._connect_timeout,
                deadline=self._deadline,
            )
            return PaymentSession(self._link_in(reply, request.order_id))

    def _link_in(self, reply: Reply, order_id: int) -> str:
        """Return the payment link of a reply, once the reply is checked. Raises a subclass of ChpterError."""
        _raise_for_status(reply.status)
        try:
            said = read_object(read_text(reply.body))
        except NotStrict as reason:
            raise UnreadableReply(f"The provider's answer was not used: {reason}.") from None
        message = said.get("message")
        if isinstance(message, str) and message.strip(" .").lower() == _REFUSED_WORDS:
            raise RefusedCredentials  # the documentation gives this message, but no HTTP status
        if not _succeeded(said.get("status")):
            raise StatusFalse
        if said.get("order_id") != str(order_id):  # read_object returns numbers as text
            raise WrongOrderId
        link = said.get("checkout_link")
        if not isinstance(link, str) or not link:
            raise NoLink
        return safe_link(link, self._own, self._link_hosts)


def _succeeded(status: Any) -> bool:
    """Return whether `status` says success: true is documented here, 200 for Chpter's other endpoints."""
    return status is True or (isinstance(status, str) and status.lower() in ("true", "200"))


def _raise_for_status(status: int) -> None:
    if status in (401, 403):
        raise RefusedCredentials
    if status in _NAMED:
        raise _NAMED[status]
    if 300 <= status < 400:
        raise Redirected
    if not 200 <= status < 300:
        raise HttpError(status)
