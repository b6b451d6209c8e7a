"""The address Chpter calls, and the button that tries a payment again."""

import logging
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed
from werkzeug.wrappers import Response as AnyResponse

from shop.config import Settings
from shop.core.database import db, write
from shop.core.text import one_line
from shop.orders.lookup import order_by_token
from shop.orders.transitions import StaleState
from shop.payments import attempts, callback_intake, mpesa_codes
from shop.payments.callback_intake import IncomingCallback
from shop.payments.callback_spool import drain, spool
from shop.payments.models import PaymentAttempt
from shop.payments.mpesa_messages import LONGEST_MESSAGE, CodeError
from shop.payments.review_flags import ReviewReason, flag_order
from shop.payments.settlement import Outcome, settle_callback
from shop.payments.status_views import order_page
from shop.web.errors import traceback_lines
from shop.web.extensions import csrf, limiter
from shop.web.request_checks import request_body

log = logging.getLogger(__name__)
payments = Blueprint("payments", __name__)
LARGEST_BODY = 16 * 1024
KEPT_HEADERS = ("Content-Type", "Content-Length", "User-Agent", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode")


@payments.route("/chpter/callbacks/<token>", methods=["POST"], provide_automatic_options=False)
@csrf.exempt  # the caller is Chpter's server, which holds no session of ours
def callback(token: str) -> Response:
    """Hear what Chpter says of an attempt. 200 and 202 mean: it is kept."""
    posted = _posted(_secret(token))
    try:
        outcome = settle_now(posted)
    except Exception as error:  # the database's or a bug of ours: neither may lose what Chpter says once
        expected = isinstance(error, DBAPIError | StaleState)
        log.error(
            "a callback could not be settled now: %s%s",
            type(error).__name__,
            "" if expected else f"\n{traceback_lines(error)}",
        )
        return _spooled(posted)
    return _answer(outcome.status)


@payments.route("/chpter/callbacks/<token>", methods=["GET"], provide_automatic_options=False)
def landing(token: str) -> AnyResponse:
    """A browser at a callback address: lead it to the order, settle nothing, and let the merchant know.

    Chpter's page says that buyers may be sent to callback_url too.
    """
    if request.method == "HEAD":
        raise MethodNotAllowed(["GET", "POST"])
    found = select(PaymentAttempt).where(PaymentAttempt.secret_hash == callback_intake.hash_of(_secret(token)))
    attempt = db.session.scalar(found) or abort(404)
    order, reference = attempt.order, attempt.reference
    words = (
        f"Somebody opened the callback address of payment {reference} in a browser: its secret is known to the buyer"
    )
    if not any(event.words == words for event in order.events):  # once is enough to know
        write(lambda: _known_to_buyer(attempt, words))
    return redirect(url_for("orders.show", token=order.token), 303)


def _known_to_buyer(attempt: PaymentAttempt, words: str) -> None:
    attempt.order.record(words, warning=True)
    flag_order(attempt.order, ReviewReason.OPENED, words, attempt)


@payments.post("/orders/<token>/pay")
@csrf.exempt  # whoever knows the order's token may pay it; the page is open to mail readers without a session
def pay(token: str) -> AnyResponse:
    """Try a payment again: straight to the payment page, or back to the order that says why not."""
    order = order_by_token(token) or abort(404)
    with limiter.limit("8 per minute; 40 per hour", key_func=_token):
        link = attempts.try_again(order)
    return redirect(link or url_for("orders.show", token=token), 303)


@payments.post("/orders/<token>/code")
@csrf.exempt  # as with /pay
def offer(token: str) -> AnyResponse | tuple[str, int]:
    """The buyer says which M-PESA code the order was paid with. It proves nothing: a person looks."""
    order = order_by_token(token) or abort(404)
    typed = request.form.get("code", "")
    try:
        with limiter.limit("10 per hour", key_func=_token):
            write(lambda: mpesa_codes.offer_code(order, typed))
    except (CodeError, mpesa_codes.NoMoreCodes) as error:
        words = str(error) or "You have given us many codes already. Call us, and have the M-PESA message at hand"
        return order_page(order, one_line(typed[: 2 * LONGEST_MESSAGE], LONGEST_MESSAGE), words), 422
    return redirect(url_for("orders.show", token=token), 303)


def _token() -> str:
    """What tries for one order count against. Used once the order was found: other tokens are not counted."""
    return str((request.view_args or {})["token"])


def settle_now(posted: IncomingCallback) -> Outcome:
    """Settle with the shop's own reading of card payments."""
    settings: Settings = current_app.config["SETTINGS"]
    return settle_callback(posted, settings.chpter_card_paid_false)


def spool_folder() -> Path:
    """Where callbacks wait while the database refuses."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.instance_path / "spool"


def drain_spool() -> int:
    """Settle the callbacks that wait on disk; how many."""
    return drain(spool_folder(), settle_now)


def _secret(token: str) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return callback_intake.secret_of_token(token, settings.secret_keys) or abort(404)


def _posted(secret: str) -> IncomingCallback:
    raw, broken_off = _body()
    return IncomingCallback(
        secret_hash=callback_intake.hash_of(secret),
        raw=raw[:LARGEST_BODY],
        content_type=request.headers.get("Content-Type", "")[:200],
        headers="\n".join(f"{name}: {request.headers[name][:200]}" for name in KEPT_HEADERS if name in request.headers),
        from_browser=any(_of_browsers(name) for name, _ in request.headers),
        oversized=len(raw) > LARGEST_BODY,
        broken_off=broken_off,
    )


def _body() -> tuple[bytes, bool]:
    """What was posted, and whether the caller left before it was whole.

    Never more than one byte over the limit is read, whatever Content-Length says, and nothing is inflated. The shop's
    own limit does not hold here: what is too large is kept too, cut.
    """
    stream, raw = request_body(request.environ), b""
    try:
        while piece := stream.read(LARGEST_BODY + 1 - len(raw)):
            raw += piece
    except (ClientDisconnected, OSError):  # gone, or it stopped being HTTP
        return raw, True
    return raw, False


def _of_browsers(header: str) -> bool:
    name = header.lower()
    return name in ("cookie", "origin") or name.startswith("sec-fetch-")


def _spooled(posted: IncomingCallback) -> Response:
    try:
        spool(spool_folder(), posted)
    except OSError as error:
        log.error("a callback could not be kept: %s", type(error).__name__)
        return _answer(503)
    return _answer(202)


def _answer(status: int) -> Response:
    words = {200: "ok", 202: "kept", 400: "unreadable", 413: "too large", 503: "try again"}[status]
    response = Response(words, status, mimetype="text/plain")
    if status == 503:
        response.headers["Retry-After"] = "10"
    return response
