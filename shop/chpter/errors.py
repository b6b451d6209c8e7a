"""The errors of a request for a payment page.

An error's message may be logged and shown to a merchant. It never contains the token, the callback address, customer
details or text from the reply; the one exception is UnsafeLink, which names the host of the refused link. An error's
`code` may be stored in a database: it stays the same when the message changes.
"""

# The message of each ChpterError, by its code.
ERROR_TEXTS = {
    "not_configured": "The token or the domain is missing or unusable. Nothing was sent.",
    "busy": "As many calls as allowed are already waiting for the provider. Nothing was sent.",
    "breaker_open": (
        "The provider failed again and again a moment ago, so it is left alone for a while. Nothing was sent."
    ),
    "unreachable": (
        "The provider could not be reached: name, connection or TLS failed, or it hung up without answering."
    ),
    "timeout": "No full answer came before the deadline. The connection was cut; a session may exist there.",
    "refused_credentials": (
        "The provider refused the token or the domain. No payment can be opened until they are renewed."
    ),
    "http_error": "The provider answered with an HTTP error. It was asked once and not again.",
    "conflict": "The provider answered with HTTP status 409: it has had this order_id before. Use a fresh one.",
    "too_many_requests": (
        "The provider answered with HTTP status 429: too many requests. Wait longer before each further one."
    ),
    "unavailable": "The provider answered with HTTP status 503: it takes no requests at the moment.",
    "redirected": "The provider answered with a redirect. It was not followed: the token goes to one address only.",
    "too_large": "The provider's answer was larger than any real one. Reading stopped at the limit.",
    "unreadable_reply": "The provider's answer was cut short or is no JSON object. Nothing of it was used.",
    "status_false": "The provider answered, but its `status` is neither true nor 200. No link was used.",
    "wrong_order_id": (
        "The answer names another order, or none. Its link was not used: it could charge for other goods."
    ),
    "no_link": "The provider answered without a payment link.",
    "unsafe_link": "The payment link does not lead to an allowed https host. The buyer was not sent there.",
}


class WrongRequest(ValueError):
    """The caller's request is not as Chpter documents it. Nothing was sent.

    `field` is the field's name in Chpter's documentation, `cure` says how its value must be written.
    """

    code = "wrong_request"

    def __init__(self, field: str, cure: str) -> None:
        super().__init__(f"{field} {cure}.".strip())
        self.field, self.cure = field, cure


class ChpterError(Exception):
    """Chpter opened no payment page that can be used.

    `outage` is true when the circuit breaker counts the error as an outage of Chpter. `safe_to_retry` is true when no
    session was opened, so that the same request may be sent again; otherwise the next request needs a new `order_id`.
    """

    code = "error"
    outage = False
    safe_to_retry = False

    def __init__(self, message: str = "") -> None:
        super().__init__(message or ERROR_TEXTS.get(self.code, self.code))


class NotConfigured(ChpterError):
    """The token or the domain is empty, or contains characters that a header must not contain. Nothing was sent."""

    code = "not_configured"
    safe_to_retry = True


class Busy(ChpterError):
    """The maximum number of parallel calls is reached. Nothing was sent."""

    code = "busy"
    safe_to_retry = True


class BreakerOpen(ChpterError):
    """The circuit breaker is open after repeated outages. Nothing was sent."""

    code = "breaker_open"
    safe_to_retry = True


class Unreachable(ChpterError):
    """The name lookup, the connection or TLS failed, or the connection was closed before the reply's headers."""

    code = "unreachable"
    outage = True


class TimedOut(ChpterError):
    """The reply was not complete at the deadline, or no connection was made in time. A session may exist."""

    code = "timeout"
    outage = True


class RefusedCredentials(ChpterError):
    """Chpter refused the token or the domain."""

    code = "refused_credentials"
    safe_to_retry = True


class HttpError(ChpterError):
    """The HTTP status is an error that has no class of its own."""

    code = "http_error"

    def __init__(self, status: int) -> None:
        super().__init__(f"The provider answered with HTTP status {status}.")
        self.status = status
        self.outage = status >= 500
        self.safe_to_retry = status < 500


class Conflict(ChpterError):
    """HTTP status 409: Chpter has already received this `order_id`."""

    code = "conflict"


class TooManyRequests(ChpterError):
    """HTTP status 429: too many requests."""

    code = "too_many_requests"
    outage = True  # Chpter's documentation asks for exponential backoff
    safe_to_retry = True


class Unavailable(ChpterError):
    """HTTP status 503: the service is unavailable."""

    code = "unavailable"
    outage = True
    safe_to_retry = True


class Redirected(ChpterError):
    """The reply is a redirect. It is not followed, because the token must be sent to one address only."""

    code = "redirected"


class TooLarge(ChpterError):
    """The reply is larger than the limits in transport.py. The rest was not read."""

    code = "too_large"


class UnreadableReply(ChpterError):
    """The reply is incomplete or is not one strict JSON object."""

    code = "unreadable_reply"


class StatusFalse(ChpterError):
    """The reply's `status` is neither true nor 200."""

    code = "status_false"


class WrongOrderId(ChpterError):
    """The reply's `order_id` is missing or is not the one that was sent."""

    code = "wrong_order_id"


class NoLink(ChpterError):
    """The reply has no `checkout_link`."""

    code = "no_link"


class UnsafeLink(ChpterError):
    """The reply's `checkout_link` does not lead to an allowed https host.

    `host` is the refused host, with scheme and port when those are not allowed, or "" when the link has no host.
    """

    code = "unsafe_link"

    def __init__(self, host: str = "") -> None:
        super().__init__(f"{ERROR_TEXTS[self.code]} It leads to {host}." if host else "")
        self.host = host
