"""What can go wrong between a shop and Chpter, named one by one.

The messages may be logged and shown to a merchant: none carries the token, the callback address, anything
about the buyer or the reply's text, of which UnsafeLink names the refused host alone. `code` is what a
database may keep; it does not change when a message does.
"""


class WrongRequest(ValueError):
    """A request that Chpter would refuse, told before anything is sent. A mistake of the caller.

    `field` is its name in Chpter's documentation, `cure` says how it must be written.
    """

    code = "wrong_request"

    def __init__(self, field: str, cure: str) -> None:
        super().__init__(f"{field} {cure}.".strip())
        self.field, self.cure = field, cure


class ChpterError(Exception):
    """No payment page was opened. The order stands and may be tried again with a fresh attempt."""

    code = "error"
    outage = False  # the provider seems down or asks for less: what the circuit breaker counts
    safe_to_retry = False  # True: nothing was opened, the same request may be sent again. Else use a fresh order_id

    def __init__(self, message: str = "") -> None:
        super().__init__(message or type(self).__doc__)


class NotConfigured(ChpterError):
    """The token or the domain is missing or unusable. Nothing was sent."""

    code = "not_configured"
    safe_to_retry = True


class Busy(ChpterError):
    """As many calls as allowed are already waiting for the provider. Nothing was sent."""

    code = "busy"
    safe_to_retry = True


class BreakerOpen(ChpterError):
    """The provider failed again and again a moment ago, so it is left alone for a while. Nothing was sent."""

    code = "breaker_open"
    safe_to_retry = True


class Unreachable(ChpterError):
    """The provider could not be reached: name, connection or TLS failed, or it hung up without answering."""

    code = "unreachable"
    outage = True


class TimedOut(ChpterError):
    """No full answer came before the deadline. The connection was cut; a session may exist there."""

    code = "timeout"
    outage = True


class RefusedCredentials(ChpterError):
    """The provider refused the token or the domain. No payment can be opened until they are renewed."""

    code = "refused_credentials"
    safe_to_retry = True


class HttpError(ChpterError):
    """The provider answered with an HTTP error. It was asked once and not again."""

    code = "http_error"

    def __init__(self, status: int) -> None:
        super().__init__(f"The provider answered with HTTP status {status}.")
        self.status = status
        self.outage = status >= 500
        self.safe_to_retry = status < 500


class Conflict(ChpterError):
    """The provider answered with HTTP status 409: it has had this order_id before. Use a fresh one."""

    code = "conflict"


class TooManyRequests(ChpterError):
    """The provider answered with HTTP status 429: too many requests. Wait longer before each further one."""

    code = "too_many_requests"
    outage = True  # its documentation asks for exponential backoff, so it is left alone for a while
    safe_to_retry = True


class Unavailable(ChpterError):
    """The provider answered with HTTP status 503: it takes no requests at the moment."""

    code = "unavailable"
    outage = True
    safe_to_retry = True


class Redirected(ChpterError):
    """The provider answered with a redirect. It was not followed: the token goes to one address only."""

    code = "redirected"


class TooLarge(ChpterError):
    """The provider's answer was larger than any real one. Reading stopped at the limit."""

    code = "too_large"


class UnreadableReply(ChpterError):
    """The provider's answer was cut short or is no JSON object. Nothing of it was used."""

    code = "unreadable_reply"


class StatusFalse(ChpterError):
    """The provider answered, but its `status` is neither true nor 200. No link was used."""

    code = "status_false"


class WrongOrderId(ChpterError):
    """The answer names another order, or none. Its link was not used: it could charge for other goods."""

    code = "wrong_order_id"


class NoLink(ChpterError):
    """The provider answered without a payment link."""

    code = "no_link"


class UnsafeLink(ChpterError):
    """The payment link does not lead to an allowed https host. The buyer was not sent there."""

    code = "unsafe_link"

    def __init__(self, host: str = "") -> None:
        super().__init__(f"{type(self).__doc__} It leads to {host}." if host else "")
        self.host = host  # in plain letters, "" when the link names none
