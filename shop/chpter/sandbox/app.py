"""The sandbox as a web application: the session endpoint, the payment page and its buttons."""

import hmac
import logging

from flask import Flask, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from ..client import SESSION_PATH
from ..errors import WrongRequest
from ..payment_link import is_loopback, origin_of, origin_text
from ..text import one_line
from .callback_sender import call_back
from .outcomes import FAILURES, Method, Outcome, another_amount, callbacks_for
from .request_validation import SandboxRefused, read_session_request
from .sessions import Session, Sessions

PAGE_PATH = "/checkout.sessions/hosted/session/<session_id>"
MAX_REQUEST_BYTES = 64 * 1024
MAX_DOMAIN = 250

log = logging.getLogger(__name__)


def create_sandbox(*, token: str, shop_origin: str, late_seconds: float = 15, second_seconds: float = 3) -> Flask:
    """Build the sandbox for the shop at `shop_origin`, which has to send `token`.

    `late_seconds` is how long a late callback takes, `second_seconds` how long a success comes after a
    failure. Raises SandboxRefused when the shop is not on this machine, or is served over https, as a real
    one is.
    """
    shop = origin_of(shop_origin)
    if shop is None or shop[0] != "http" or not is_loopback(shop[1]):
        raise SandboxRefused("The sandbox serves only a shop on this machine: http://127.0.0.1 or http://localhost.")
    if not token:
        raise SandboxRefused("The sandbox needs the token that the shop will send, as Chpter does.")
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES, TRUSTED_HOSTS=["127.0.0.1", "localhost"])
    app.json.sort_keys = False  # type: ignore[attr-defined]  # answers in the documented order
    sessions = Sessions()

    @app.post(SESSION_PATH)
    def open_session() -> ResponseReturnValue:
        """Check a request as documented, and answer with a payment link."""
        sent = request.headers.get("Authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Token {token}".encode()):
            return {"message": "Invalid authentication credentials"}, 401
        try:
            session = read_session_request(_json_body(), _domain())
        except WrongRequest as wrong:
            log.warning("Refused: %s", wrong)
            return {"message": str(wrong), "field": wrong.field}, 400
        for warning in session.warnings:
            log.warning("Order %s: %s", session.order_id, warning)
        sessions.add(session)
        link = request.host_url.rstrip("/") + PAGE_PATH.replace("<session_id>", session.id)
        return {"checkout_link": link, "status": True, "order_id": session.order_id}

    @app.get(PAGE_PATH)
    def payment_page(session_id: str) -> ResponseReturnValue:
        """Show what is to be paid and every way it can end."""
        session = _known(sessions, session_id)
        page = render_template(
            "payment.html",
            session=session,
            calls=list(session.calls),
            late_seconds=f"{late_seconds:g}",
            second_seconds=f"{second_seconds:g}",
            other_amount=session.money(another_amount(session.total)),
        )
        returns = [origin_text(address) for address in (shop_origin, session.success_url, session.failed_url)]
        return page, {"Content-Security-Policy": _policy(*returns)}

    @app.post(PAGE_PATH)
    def finish(session_id: str) -> ResponseReturnValue:
        """Call the shop back as the pressed button says, and send the buyer on."""
        session = _known(sessions, session_id)
        try:
            outcome, method = Outcome(request.form.get("outcome", "")), Method(request.form.get("method", ""))
        except ValueError:
            abort(400)
        for callback in callbacks_for(
            outcome, method, session, late_seconds=late_seconds, second_seconds=second_seconds
        ):
            call_back(session, callback)
        return redirect(session.failed_url if outcome in FAILURES else session.success_url, code=303)

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> ResponseReturnValue:
        """Say in words why there is no payment page."""
        return render_template("refusal.html", code=error.code, name=error.name), error.code or 500

    @app.after_request
    def protect(response: Response) -> Response:
        """Nothing is kept, framed or loaded from elsewhere."""
        response.headers.setdefault("Content-Security-Policy", _policy())
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def _domain() -> str:
    domain = request.headers.get("domain", "").strip()
    if not domain:
        raise WrongRequest("The header domain", "must hold the shop's address, as registered")
    return one_line(domain, MAX_DOMAIN)


def _json_body() -> bytes:
    if not request.is_json:
        raise WrongRequest("The header Content-Type", "must be application/json")
    return request.get_data()


def _known(sessions: Sessions, session_id: str) -> Session:
    session = sessions.get(session_id)
    if session is None:
        abort(404)
    return session


def _policy(*form_targets: str) -> str:
    """The page's Content-Security-Policy. Chromium holds `form-action` against redirects that follow a
    form, too.
    """
    targets = " ".join(dict.fromkeys(["'self'", *form_targets]))
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {targets}"
    )


def serve(app: Flask, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serve until interrupted, one thread per request. Raises SandboxRefused for any host but 127.0.0.1."""
    if host != "127.0.0.1":
        raise SandboxRefused("The sandbox listens on 127.0.0.1 only, so that no other machine can reach it.")
    make_server(host, port, app, threaded=True).serve_forever()
