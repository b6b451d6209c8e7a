"""Who sits at the desk: sign-in and sign-out by Flask-Security, on the desk's pages and nowhere else.

The session cookie is the shop's own, so that a merchant's cart survives. What makes it a desk session are two stamps in
it: without them, or with old ones, nobody is signed in.
"""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask, Response, abort, flash, make_response, redirect, render_template, request, session, url_for
from flask_limiter import RequestLimit
from flask_limiter.util import get_remote_address
from flask_security import LoginForm, Security, SQLAlchemyUserDatastore, UserMixin, user_authenticated
from flask_security.forms import EmailValidation
from flask_security.utils import logout_user
from flask_security.views import login
from werkzeug.wrappers import Response as AnyResponse
from wtforms import EmailField, Field, PasswordField
from wtforms.validators import InputRequired, Length

from shop.admin.models import Merchant, Role
from shop.clock import utcnow
from shop.database import db
from shop.extensions import limiter

LONGEST_SITTING = timedelta(hours=12)
LONGEST_PAUSE = timedelta(hours=2)
LONGEST_PASSWORD = 200  # characters; written out in full one may become 18, and the hash breaks beyond 4096
FRESH = timedelta(minutes=10)  # after which a sensitive act asks for the password again
FRESH_TO_SEND = timedelta(minutes=30)  # for a form that was opened while it was fresh: nothing typed is lost
SINCE, SEEN, PROVED = "desk_since", "desk_seen", "desk_proved"
DESK = ("admin", "security")  # the blueprints on which somebody may be signed in
REFUSED = "The e-mail or password is not right"
SAFE_NEXT = re.compile(
    r"/admin/(?!sign-|confirm)([a-z0-9][a-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9-]*){0,4})?(\?[!#-\[\]-~]*)?"
)

people = SQLAlchemyUserDatastore(db, Merchant, Role)


class SignInForm(LoginForm):
    """E-mail and password. Where to go afterwards is a page of the desk, or else left out."""

    email = EmailField("E-mail", [InputRequired(), EmailValidation()], filters=[lambda typed: typed and typed.strip()])
    password = PasswordField("Password", [InputRequired(), Length(max=LONGEST_PASSWORD)])
    remember = None  # a desk is left by closing the browser

    def validate_next(self, field: Field) -> None:
        """Never an error: an address that is not ours is forgotten."""
        field.data = desk_address(field.data)


def init_signing(app: Flask) -> None:
    """Add sign-in and sign-out, and nothing else that Flask-Security could do."""
    app.config.from_mapping(
        SECURITY_URL_PREFIX="/admin",
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_LOGIN_USER_TEMPLATE="security/sign_in.html",
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a scheme
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        # 19 MiB for one guess: several at once must not take a small server down
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            "argon2__memory_cost": 19 * 1024,
            "argon2__time_cost": 2,
            "argon2__parallelism": 1,
        },
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],  # a second secret in each hash would tie them to one SECRET_KEY
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_MSG_GENERIC_AUTHN_FAILED=(REFUSED, "error"),
        SECURITY_EMAIL_VALIDATOR_ARGS={"globally_deliverable": False, "test_environment": True},
        SECURITY_FRESHNESS=timedelta(seconds=-1),
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_STATIC_FOLDER=None,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        SESSION_PROTECTION=None,  # a phone changes its address all day
    )
    security = Security(app, people, login_form=SignInForm)
    security.want_json(lambda _: False)
    manager = security.login_manager
    manager.request_loader(lambda _: None)  # nobody signs in by a token
    manager.user_loader(_only_at_the_desk(manager._user_callback))
    app.view_functions.update({"security.login": sign_in, "security.logout": sign_out})


def _only_at_the_desk(load: Callable[[str], UserMixin | None]) -> Callable[[str], UserMixin | None]:
    """The libraries ask who is there on every request; outside the desk it would cost a query and make pages differ."""

    def load_at_the_desk(identity: str) -> UserMixin | None:
        return load(identity) if request.blueprint in DESK and not sitting_over() else None

    return load_at_the_desk


def sitting_over() -> bool:
    """Whether this browser's time at the desk has ended, or never began."""
    now = utcnow().timestamp()
    since, seen = session.get(SINCE, 0), session.get(SEEN, 0)
    return now - since > LONGEST_SITTING.total_seconds() or now - seen > LONGEST_PAUSE.total_seconds()


def fresh(method: str) -> bool:
    """Whether whoever sits here proved a moment ago who they are."""
    allowed = FRESH if method in ("GET", "HEAD") else FRESH_TO_SEND
    return utcnow().timestamp() - session.get(PROVED, 0) <= allowed.total_seconds()


def stay() -> None:
    """Somebody is at work: the pause begins anew. Once a minute is enough to know."""
    now = int(utcnow().timestamp())
    if now - session.get(SEEN, 0) >= 60:
        session[SEEN] = now


def leave() -> None:
    """End this browser's sitting, whatever is left of it; a cart stays."""
    logout_user()
    for key in (SINCE, SEEN, PROVED, "fs_cc"):
        session.pop(key, None)


@user_authenticated.connect
def _sit_down(sender: Flask, **_: Any) -> None:
    now = int(utcnow().timestamp())
    session[SINCE] = session[SEEN] = session[PROVED] = now
    session.pop("csrf_token", None)  # one that a stranger may have planted before does not count any more


def desk_address(wanted: str | None) -> str:
    """`wanted` if it is the address of a page of the desk, else "". Nothing else is followed after signing in."""
    return wanted if wanted and SAFE_NEXT.fullmatch(wanted) else ""


def who() -> str:
    """Whom a try counts against: the e-mail typed, from this address. A stranger elsewhere locks nobody out."""
    return f"{get_remote_address()} {request.form.get('email', '').strip().casefold()[:254]}"


def too_often(limit: RequestLimit) -> Response:
    """The form again, with the e-mail in it and the time to wait."""
    seconds = max(1, int(limit.reset_at - time.time()))
    minutes = -(-seconds // 60)
    words = f"Too many tries. Try again in {minutes} minute{'s' if minutes > 1 else ''}"
    page = make_response(render_template("security/sign_in.html", login_user_form=SignInForm(), too_often=words), 429)
    page.headers["Retry-After"] = str(seconds)
    return page


@limiter.limit("10 per 5 minutes", key_func=who, methods=["POST"], on_breach=too_often)
@limiter.limit("100 per hour", methods=["POST"], on_breach=too_often)
def sign_in() -> AnyResponse:
    """Ask who is there. Afterwards to the desk's page that was wanted, and to no other site."""
    if request.is_json:
        abort(415)  # the library would read it, and trip over values that are no text
    answer = make_response(login())
    if answer.location is None:
        return answer
    return redirect(desk_address(request.values.get("next")) or url_for("admin.orders"), 303)


def sign_out() -> AnyResponse:
    """End the sitting. By POST only, and CSRFProtect has looked at it before."""
    leave()
    flash("You are signed out", "good")
    return redirect(url_for("security.login"), 303)
