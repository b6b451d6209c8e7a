"""Open a payment session at Chpter: the request, the reply, and what must be true of a reply that is used.

Source: Chpter's "Payment Redirect API" page for body and reply, its Authentication page for the headers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import (
    HttpError,
    NoLink,
    NotConfigured,
    Redirected,
    RefusedCredentials,
    StatusFalse,
    UnreadableReply,
    WrongOrderId,
)
from .guard import Breaker, Bulkhead
from .links import is_loopback, origin_of, safe_link
from .strict_json import NotStrict, read_object, read_text
from .text import one_line
from .transport import Reply, post_json

SESSION_PATH = "/checkout.sessions/hosted/redirect/session"
NAME_LIMIT, LOCATION_LIMIT, EMAIL_LIMIT, PHONE_LIMIT = 120, 250, 254, 20

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
_REFUSED_WORDS = "invalid authentication credentials"


@dataclass(frozen=True, repr=False)
class Customer:
    """Who pays. `phone_number` is 2547xxxxxxxx or 2541xxxxxxxx. Kept out of reprs, and so out of logs."""

    full_name: str
    phone_number: str
    email: str
    location: str


@dataclass(frozen=True)
class SessionRequest:
    """What is to be collected, in whole currency units, and where the outcome goes.

    `order_id` comes back in the reply and in every callback. `success_url` and `failed_url` are for the
    buyer's browser; `callback_url` is for Chpter's server alone and is a secret: knowing it is the only
    proof a callback carries.
    """

    order_id: int
    customer: Customer = field(repr=False)
    delivery_fee: int
    discount_fee: int
    total: int
    success_url: str = field(repr=False)
    failed_url: str = field(repr=False)
    callback_url: str = field(repr=False)
    currency: str = "kes"

    def body(self) -> dict[str, Any]:
        """The documented JSON. Amounts and the order id are decimal strings, as in the documented example."""
        buyer = self.customer
        return {
            "customer_details": {
                "full_name": one_line(buyer.full_name, NAME_LIMIT),
                "location": one_line(buyer.location, LOCATION_LIMIT),
                "phone_number": one_line(buyer.phone_number, PHONE_LIMIT),
                "email": one_line(buyer.email, EMAIL_LIMIT),
            },
            "amount": {
                "order_id": str(self.order_id),
                "delivery_fee": str(self.delivery_fee),
                "discount_fee": str(self.discount_fee),
                "total": str(self.total),
                "currency": self.currency,
            },
            "redirect_urls": {
                "success_url": self.success_url,
                "failed_url": self.failed_url,
                "callback_url": self.callback_url,
            },
        }


@dataclass(frozen=True)
class PaymentSession:
    """A payment page that waits for the buyer. The link has been checked and may be redirected to."""

    checkout_link: str


class ChpterClient:
    """Asks Chpter for payment pages. One client serves all threads of a process.

    `url` is Chpter's base address: https, or http on this machine for the sandbox. `domain` is the shop's
    address as registered with Chpter. `link_hosts` are the hosts a payment link may lead to; a leading dot
    takes the host itself and its subdomains in, and the host and port of `url` are always allowed. Times
    are seconds: `connect_timeout` for reaching the provider, `deadline` for the whole call. Raises
    ValueError when `url` would send the token in the clear.
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
        self._breaker = Breaker()
        self._connect_timeout = connect_timeout
        self._deadline = deadline

    def __repr__(self) -> str:
        return f"<ChpterClient {self._own[0]}://{self._own[1]}:{self._own[2]}>"

    def open_session(self, request: SessionRequest) -> PaymentSession:
        """Ask once for a payment page. Raises a subclass of ChpterError, and nothing else, when none came."""
        if not _HEADER_VALUE.fullmatch(self._token) or not _HEADER_VALUE.fullmatch(self._domain):
            raise NotConfigured
        with self._bulkhead.place(), self._breaker.watching():
            reply = post_json(
                self._address,
                {"Authorization": f"Token {self._token}", "domain": self._domain},
                request.body(),
                connect_timeout=self._connect_timeout,
                deadline=self._deadline,
            )
            return PaymentSession(self._link_in(reply, request.order_id))

    def _link_in(self, reply: Reply, order_id: int) -> str:
        """The checked payment link of a reply that answers this very request."""
        _raise_for_status(reply.status)
        try:
            said = read_object(read_text(reply.body))
        except NotStrict as reason:
            raise UnreadableReply(f"The provider's answer was not used: {reason}.") from None
        message = said.get("message")
        if isinstance(message, str) and message.strip(" .").lower() == _REFUSED_WORDS:
            raise RefusedCredentials  # documented by these words alone, not by an HTTP status
        if said.get("status") is not True:
            raise StatusFalse
        if said.get("order_id") != str(order_id):  # a number is read as its text: 123 and "123" both fit
            raise WrongOrderId
        link = said.get("checkout_link")
        if not isinstance(link, str) or not link:
            raise NoLink
        return safe_link(link, self._own, self._link_hosts)


def _raise_for_status(status: int) -> None:
    if status in (401, 403):
        raise RefusedCredentials
    if 300 <= status < 400:
        raise Redirected
    if not 200 <= status < 300:
        raise HttpError(status)
