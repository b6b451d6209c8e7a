"""The callback address that Chpter calls, and the order page with its status as JSON and its forms."""

import logging

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import selectinload
from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed
from werkzeug.wrappers import Response as AnyResponse

from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.text import one_line
from shop.orders.expiry import buyer_returned
from shop.orders.lookup import order_by_token
from shop.orders.models import Order
from shop.orders.review_views import empty_review_form
from shop.orders.reviews import review_requests
from shop.orders.transitions import StaleState
from shop.orders.views import orders
from shop.payments import attempts, callback_intake, mpesa_codes
from shop.payments.callback_intake import IncomingCallback
from shop.payments.callback_spool import spool, spool_folder
from shop.payments.models import AttemptState, PaymentAttempt, ReviewReason
from shop.payments.mpesa_messages import MAX_MESSAGE_LENGTH, CodeError
from shop.payments.review_flags import flag_order
from shop.payments.settled_status import pickup_place
from shop.payments.settlement import settle_callback
from shop.payments.status_page import status_of
from shop.store.settings import current_store
from shop.web.errors import traceback_lines
from shop.web.extensions import csrf, limiter
from shop.web.request_checks import request_body

log = logging.getLogger(__name__)
payments = Blueprint("payments", __name__)
MAX_BODY_BYTES = 16 * 1024
REFRESH_SECONDS = (10, 10, 15, 15, 20, 20, 30, 30, 45, 45, *([60] * 25))  # between reloads without JavaScript
KEPT_HEADERS = ("Content-Type", "Content-Length", "User-Agent", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode")


@payments.route("/chpter/callbacks/<token>", methods=["POST"], provide_automatic_options=False)
@csrf.exempt  # the caller is Chpter's server, which has no session
def callback(token: str) -> Response:
    """Settle a callback. 200 and 202 mean that it is stored."""
    incoming = _incoming(_secret(token))
    try:
        outcome = settle_callback(incoming)
    except Exception as error:  # a database failure or a bug: neither may lose a callback that is sent once
        expected = isinstance(error, DBAPIError | StaleState)
        log.error(
            "a callback could not be settled now: %s%s",
            type(error).__name__,
            "" if expected else f"\n{traceback_lines(error)}",
        )
        return _spooled(incoming)
    return _answer(outcome.status)


@payments.route("/chpter/callbacks/<token>", methods=["GET"], provide_automatic_options=False)
def landing(token: str) -> AnyResponse:
    """Redirect a browser at a callback address to the order, settle nothing, and warn the merchant.

    Chpter's documentation says that buyers may be sent to callback_url too.
    """
    if request.method == "HEAD":
        raise MethodNotAllowed(["GET", "POST"])
    found = select(PaymentAttempt).where(PaymentAttempt.secret_hash == callback_intake.hash_of(_secret(token)))
    attempt = db.session.scalar(found) or abort(404)
    order = attempt.order
    warning = f"A browser opened the callback address of payment {attempt.reference}: the buyer knows its secret"
    if not any(event.words == warning for event in order.events):
        write(lambda: _warn_of_browser(attempt, warning))
    return redirect(url_for("orders.show", token=order.token), 303)


def _warn_of_browser(attempt: PaymentAttempt, warning: str) -> None:
    attempt.order.record(warning, warning=True)
    flag_order(attempt.order, ReviewReason.OPENED, warning, attempt)


@orders.get("/orders/<token>")
def show(token: str) -> str | AnyResponse:
    """Show an order. A return from the payment page proves nothing and settles nothing."""
    order = _by_token(token)
    if request.args.get("from") == "payment":
        attempt = order.latest_attempt
        if order.payable and attempt and attempt.state == AttemptState.OPEN:
            buyer_returned(order, utcnow())
        return redirect(url_for("orders.show", token=token), 303)
    return order_page(order)


@orders.get("/orders/<token>/code")
def code(token: str) -> str:
    """Show the order with the form for an M-PESA code, and without reloads, which would empty the form."""
    return order_page(_by_token(token), code_open=True)


def order_page(order: Order, code: str = "", code_problem: str = "", code_open: bool = False) -> str:
    """Render the order page; with the M-PESA code its buyer typed and the problem with it, if any."""
    shop = current_store()
    shop_place = ", ".join(filter(None, (shop.address, shop.hours)))
    looked = min(max(request.args.get("looked", 0, type=int), 0), len(REFRESH_SECONDS))
    return render_template(
        "payments/order_page.html",
        order=order,
        story=status_of(order, shop.whatsapp, shop_place),
        place=pickup_place(order, shop_place),
        code=code,
        code_problem=code_problem,
        code_open=code_open or bool(code_problem),
        reviews=review_requests(order),
        empty_review_form=empty_review_form,
        looked=looked,
        refresh=REFRESH_SECONDS[looked] if looked < len(REFRESH_SECONDS) else None,
    )


@orders.get("/orders/<token>/status")
def status(token: str) -> Response:
    """The order's status for the waiting page, which reloads when `state` changes."""
    order = _by_token(token)
    attempt = order.latest_attempt
    states = {"payment": order.payment, "attempt": attempt.state if attempt else None, "fulfilment": order.fulfilment}
    story = status_of(order)
    return jsonify({**states, "state": story.state, **({"failure": story.failure} if story.failure else {})})


@payments.post("/orders/<token>/pay")
@csrf.exempt  # the order's token is the permission; email readers open the page without a session
def pay(token: str) -> AnyResponse:
    """Start another payment attempt: redirect to its payment page, or to the order page, which says why not."""
    order = order_by_token(token) or abort(404)
    with limiter.limit("8 per minute; 40 per hour", key_func=_token):
        link = attempts.try_again(order)
    return redirect(link or url_for("orders.show", token=token), 303)


@payments.post("/orders/<token>/code")
@csrf.exempt  # as for pay
def offer(token: str) -> AnyResponse | tuple[str, int]:
    """Take the M-PESA code with which the buyer says they paid. It proves nothing: the order is flagged for review."""
    order = order_by_token(token) or abort(404)
    typed = request.form.get("code", "")
    try:
        with limiter.limit("10 per hour", key_func=_token):
            write(lambda: mpesa_codes.offer_code(order, typed))
    except (CodeError, mpesa_codes.TooManyCodes) as error:
        problem = str(error) or "You have given us many codes already. Call us, and have the M-PESA message at hand"
        shown = one_line(typed[: 2 * MAX_MESSAGE_LENGTH], MAX_MESSAGE_LENGTH)
        return order_page(order, shown, problem), 422
    return redirect(url_for("orders.show", token=token), 303)


def _by_token(token: str) -> Order:
    shown = (Order.lines, Order.events, Order.attempts, Order.money)
    return order_by_token(token, *map(selectinload, shown)) or abort(404)


def _token() -> str:
    """The key of the rate limits. Only tokens of existing orders are counted."""
    return str((request.view_args or {})["token"])


def _secret(token: str) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return callback_intake.secret_of_token(token, settings.secret_keys) or abort(404)


def _incoming(secret: str) -> IncomingCallback:
    raw, broken_off = _body()
    return IncomingCallback(
        secret_hash=callback_intake.hash_of(secret),
        raw=raw[:MAX_BODY_BYTES],
        content_type=request.headers.get("Content-Type", "")[:200],
        headers="\n".join(f"{name}: {request.headers[name][:200]}" for name in KEPT_HEADERS if name in request.headers),
        from_browser=any(_is_browser_header(name) for name, _ in request.headers),
        oversized=len(raw) > MAX_BODY_BYTES,
        broken_off=broken_off,
    )


def _body() -> tuple[bytes, bool]:
    """The body, and whether the connection broke off before its end.

    At most one byte over the limit is read, whatever Content-Length says, and nothing is decompressed. The general
    limit of the shop does not apply: a larger body is kept too, cut.
    """
    stream, raw = request_body(request.environ), b""
    try:
        while piece := stream.read(MAX_BODY_BYTES + 1 - len(raw)):
            raw += piece
    except (ClientDisconnected, OSError):  # the client left, or sent malformed HTTP
        return raw, True
    return raw, False


def _is_browser_header(header: str) -> bool:
    name = header.lower()
    return name in ("cookie", "origin") or name.startswith("sec-fetch-")


def _spooled(incoming: IncomingCallback) -> Response:
    try:
        spool(spool_folder(), incoming)
    except OSError as error:
        log.error("a callback could not be kept: %s", type(error).__name__)
        return _answer(503)
    return _answer(202)


def _answer(status: int) -> Response:
    text = {200: "ok", 202: "kept", 400: "unreadable", 413: "too large", 503: "try again"}[status]
    response = Response(text, status, mimetype="text/plain")
    if status == 503:
        response.headers["Retry-After"] = "10"
    return response
