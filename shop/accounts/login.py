"""Who sits at the desk: sign-in and sign-out by Flask-Security, on the desk's pages and nowhere else.

The session cookie is the shop's own, so that a merchant's cart survives. What makes it a desk session is the token of a
sitting (people/sitting.py): without it, or when the sitting is over, nobody is signed in.
"""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from flask import (
    Flask,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_limiter import RequestLimit
from flask_security import LoginForm as SecurityLoginForm
from flask_security import Security, SQLAlchemyUserDatastore, UserMixin, current_user
from flask_security.forms import EmailValidation
from flask_security.utils import login_user, logout_user
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse
from wtforms import EmailField, Field, PasswordField
from wtforms.validators import InputRequired, Length

from shop.accounts import login_throttle, staff_sessions
from shop.accounts.audit_log import audit, audit_as
from shop.accounts.login_throttle import NOBODY, count_failure, forgive
from shop.accounts.models import Role, User
from shop.accounts.two_factor import asks_for_codes
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.text import one_line
from shop.web.base_form import BaseForm
from shop.web.errors import is_admin_path
from shop.web.extensions import limiter

LONGEST_PASSWORD = 200  # characters; written out in full one may become 18, and the hash breaks beyond 4096
FRESH = timedelta(minutes=10)  # after which a sensitive act asks for the password again
FRESH_TO_SEND = timedelta(minutes=30)  # for a form that was opened while it was fresh: nothing typed is lost
LONGEST_HALF = timedelta(minutes=10)  # from the password to the code
PROVED, HALF = "desk_proved", "desk_half"
DESK = ("admin", "security", "door")  # the blueprints on which somebody may be signed in
REFUSED = "The e-mail or password is not right"
SAFE_NEXT = re.compile(
    r"/admin/(?!sign-|confirm)([a-z0-9][a-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9-]*){0,4})?(\?[!#-\[\]-~]*)?"
)

people = SQLAlchemyUserDatastore(db, User, Role)


def user_by_email(email: str) -> User | None:
    """Whoever has this e-mail, in any case, removed or not."""
    return db.session.scalar(select(User).where(func.lower(User.email) == email.lower()))


class LoginForm(BaseForm, SecurityLoginForm):
    """E-mail and password. Where to go afterwards is a page of the desk, or else left out."""

    email = EmailField(
        "E-mail", [InputRequired(), EmailValidation()], filters=[lambda typed: typed and one_line(typed, 255)]
    )
    password = PasswordField("Password", [InputRequired(), Length(max=LONGEST_PASSWORD)])
    remember = None  # a desk is left by closing the browser

    def validate_next(self, field: Field) -> None:
        """Never an error: an address that is not ours is forgotten."""
        field.data = admin_address(field.data)


def init_login(app: Flask) -> None:
    """Add sign-in and sign-out, and nothing else that Flask-Security could do."""
    app.config.from_mapping(
        SECURITY_URL_PREFIX="/admin",
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a scheme
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        # 19 MiB for one guess: several at once must not take a small server down
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            "argon2__memory_cost": 19 * 1024,
            "argon2__time_cost": 2,
            "argon2__parallelism": 1,
        },
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],  # a second secret in each hash would tie them to one SECRET_KEY
        SECURITY_EMAIL_VALIDATOR_ARGS={"globally_deliverable": False, "test_environment": True},
        SECURITY_FRESHNESS=timedelta(seconds=-1),
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_STATIC_FOLDER=None,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        SESSION_PROTECTION=None,  # a phone changes its address all day
    )
    security = Security(app, people, login_form=LoginForm)
    security.want_json(lambda _: False)
    manager = security.login_manager
    manager.request_loader(lambda _: None)  # nobody signs in by a token
    manager.user_loader(_only_at_the_desk(staff_sessions.load_user))
    app.view_functions.update({"security.login": login_page, "security.logout": logout_page})


def _only_at_the_desk(load: Callable[[str], UserMixin | None]) -> Callable[[str], UserMixin | None]:
    """The libraries ask who is there on every request; outside the desk it would cost a query and make pages differ."""

    def load_at_the_desk(identity: str) -> UserMixin | None:
        if g.get("without_database"):
            return None
        unknown = request.blueprint is None and is_admin_path(request.path)  # "not found" keeps the admin's frame
        return load(identity) if request.blueprint in DESK or unknown else None

    return load_at_the_desk


def fresh(method: str) -> bool:
    """Whether whoever sits here proved a moment ago who they are."""
    allowed = FRESH if method in ("GET", "HEAD") else FRESH_TO_SEND
    away = utcnow().timestamp() - session.get(PROVED, 0)
    return abs(away) <= allowed.total_seconds()  # one that lies ahead was given before the clock went back


def proved() -> None:
    """Remember that whoever sits here proved just now who they are."""
    session[PROVED] = int(utcnow().timestamp())


def log_in(merchant: User, how: str) -> None:
    """Begin a sitting in this browser, under a token it never held before. `how` they got in goes into the log."""
    who, user_id = merchant.name or merchant.email, merchant.id

    def begin() -> str:
        failed = forgive(user_id)
        audit_as(f"Signed in {how}" + (f", after {failed:,} that failed" if failed else ""), who, user_id)
        return staff_sessions.start_session(user_id, request.user_agent.string)

    login_throttle.know_this_browser(merchant.email)
    token = write(begin)
    login_user(merchant, remember=False)
    session[staff_sessions.TOKEN] = token
    session.pop(HALF, None)
    session.pop("csrf_token", None)  # one that a stranger may have planted before does not count any more
    proved()


def log_out() -> None:
    """Take everything of the desk out of this browser's session; a cart stays."""
    logout_user()
    for key in (staff_sessions.TOKEN, PROVED, HALF, "fs_cc"):
        session.pop(key, None)


def admin_address(wanted: str | None) -> str:
    """`wanted` if it is the address of a page of the desk, else "". Nothing else is followed after signing in."""
    return wanted if wanted and SAFE_NEXT.fullmatch(wanted) else ""


def too_many_tries(limit: RequestLimit) -> Response:
    """The form again, with the e-mail in it and the time to wait."""
    return _wait(max(1, int(limit.reset_at - time.time())))


def _wait(seconds: int) -> Response:
    words = login_throttle.in_words(seconds)
    page = make_response(render_template("accounts/login.html", login_user_form=LoginForm(), problem=words), 429)
    page.headers["Retry-After"] = str(seconds)
    return page


@limiter.limit("100 per hour", methods=["POST"], on_breach=too_many_tries)
def login_page() -> AnyResponse:
    """Ask who is there. Afterwards to the desk's page that was wanted, and to no other site."""
    if request.is_json:
        abort(415)  # nothing here reads it
    wanted = admin_address(request.values.get("next"))
    if current_user.is_authenticated:
        return redirect(wanted or url_for("admin.orders"), 303)
    form = LoginForm()
    key = login_throttle.key_of(form.email.data or "") if request.method == "POST" else ""
    if key and (seconds := login_throttle.seconds_to_wait(key)):
        return _wait(seconds)
    if form.validate_on_submit():
        db.session.commit()  # a password hashed in an older manner was hashed anew
        login_throttle.start_anew(key)
        return _after_password(cast(User, form.user), wanted)
    if form.ifield:  # both were filled in, and looked at
        meant = cast(User | None, form.user)
        count_failure(meant.id if meant else NOBODY, meant.email if meant else "")
    problem = REFUSED if request.method == "POST" else ""
    return make_response(render_template("accounts/login.html", login_user_form=form, problem=problem))


def _after_password(merchant: User, wanted: str) -> AnyResponse:
    """To the desk, or to the question for a code first."""
    if asks_for_codes(merchant.id):
        session[HALF] = [merchant.fs_uniquifier, int(utcnow().timestamp())]
        return redirect(url_for("accounts.code", next=wanted or None), 303)
    log_in(merchant, "by password")
    return redirect(wanted or url_for("admin.orders"), 303)


def halfway() -> User | None:
    """Whoever gave the right password in this browser a moment ago, and no code yet."""
    half = session.get(HALF)
    if not half or utcnow().timestamp() - half[1] > LONGEST_HALF.total_seconds():
        return None
    return db.session.scalar(select(User).where(User.fs_uniquifier == half[0], User.active))


def logout_page() -> AnyResponse:
    """End the sitting. By POST only, and CSRFProtect has looked at it before."""
    if current_user.is_authenticated:

        def end() -> None:
            if staff_sessions.end_this_session():
                audit("Signed out")

        write(end)
    log_out()
    flash("You are signed out", "good")
    return redirect(url_for("security.login"), 303)
