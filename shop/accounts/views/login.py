"""The pages of login and logout, of the password asked for again, of invitations and forgotten passwords."""

import time

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_limiter import RequestLimit
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import login_throttle, staff_sessions
from shop.accounts.audit_log import audit, audit_as
from shop.accounts.credentials import check_password, hash_password, login_email, user_by_email
from shop.accounts.forms import (
    CodeForm,
    ConfirmForm,
    ConfirmWithCodeForm,
    ForgottenPasswordForm,
    InvitationForm,
    LoginForm,
    PasswordForm,
)
from shop.accounts.login import admin_address, expect_code, log_in, log_out, mark_fresh, pending_user
from shop.accounts.login_throttle import UNKNOWN_USER, record_failed_login, remember_browser, wait_message
from shop.accounts.models import OneTimeLink, User
from shop.accounts.one_time_links import open_link, send_new_password_link, use_link
from shop.accounts.permissions import admin, may
from shop.accounts.staff import UserExists, add_user, set_password
from shop.accounts.two_factor import WRONG_CODE, TooManyCodes, check_code, has_two_factor, recovery_codes_left
from shop.core.database import db, write
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.errors import error_page
from shop.web.extensions import limiter

accounts = Blueprint("accounts", __name__, url_prefix="/admin")
REFUSED = "The email or password is not right"
DEAD_LINK = "This link no longer works"
DEAD_INVITATION = (DEAD_LINK, "It was used, or it is too old. Ask an owner of the shop for a new one.")
DEAD_PASSWORD_LINK = (DEAD_LINK, "It was used, or it is too old. On the sign-in page you can ask for a new one.")


def too_many_logins(limit: RequestLimit) -> Response:
    """The login page with the time to wait."""
    wait = max(1, int(limit.reset_at - time.time()))
    return _login_page(LoginForm(), wait_message(wait), wait)


@accounts.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("100 per hour", methods=["POST"], on_breach=too_many_logins)
def login() -> AnyResponse:
    """Ask for email and password. All refusals look the same and take as long."""
    if request.is_json:
        abort(415)
    next_page = admin_address(request.values.get("next"))
    if current_user.is_authenticated:
        return redirect(next_page or url_for("admin.orders"), 303)
    form = LoginForm()
    if not form.validate_on_submit():
        return _login_page(form, REFUSED if form.is_submitted() else "")
    user = user_by_email(form.email.data)
    key = login_throttle.throttle_key(user.email if user else form.email.data)
    if wait := login_throttle.seconds_to_wait(key):
        return _login_page(form, wait_message(wait), wait)
    if not check_password(user, form.password.data) or user is None or not user.active:
        record_failed_login(user)
        return _login_page(form, REFUSED)
    db.session.commit()  # the password may have been hashed again
    login_throttle.reset_tries(key)
    if has_two_factor(user.id):
        expect_code(user)
        return redirect(url_for("accounts.two_factor_code", next=next_page or None), 303)
    log_in(user, "with password")
    return redirect(next_page or url_for("admin.orders"), 303)


def _login_page(form: LoginForm, problem: str = "", wait: int = 0) -> Response:
    page = make_response(
        render_template(
            "accounts/login.html", form=form, problem=problem, next_page=admin_address(request.values.get("next"))
        )
    )
    if wait:
        page.status_code, page.headers["Retry-After"] = 429, str(wait)
    return page


@accounts.post("/sign-out")
def logout() -> AnyResponse:
    """End the session of this browser."""
    if current_user.is_authenticated:

        def end() -> None:
            if staff_sessions.end_this_session():
                audit("Signed out")

        write(end)
    log_out()
    flash("You are signed out", "good")
    return redirect(url_for("accounts.login"), 303)


@accounts.route("/sign-in/code", methods=["GET", "POST"])
def two_factor_code() -> AnyResponse:
    """Ask for the two-factor code after the password."""
    user = pending_user()
    next_page = admin_address(request.values.get("next"))
    if user is None:
        flash("Sign in with your password first", "problem")
        return redirect(url_for("accounts.login", next=next_page or None), 303)
    form, wait = CodeForm(), 0
    if form.validate_on_submit():
        user_id, name = user.id, user.display_name
        try:
            proof = check_code(user_id, form.code.data)
        except TooManyCodes as error:
            form.code.errors, wait = [wait_message(error.seconds, "wrong codes")], error.seconds
        else:
            if proof:
                return _finish_login(user, proof, next_page)
            write(lambda: audit_as(f"Right password of {name}, but a wrong two-factor code", UNKNOWN_USER, user_id))
            form.code.errors = [WRONG_CODE]
    page = render_template("accounts/two_factor_code.html", form=form, problems=form.problems, next_page=next_page)
    return throttled_page(page, form, wait)


def _finish_login(user: User, proof: str, next_page: str) -> AnyResponse:
    log_in(user, "with password and code" if proof == "app" else "with password and recovery code")
    if proof == "recovery":
        flash(recovery_message(user.id), "problem")
    return redirect(next_page or url_for("admin.orders"), 303)


def throttled_page(page: str, form: BaseForm, wait: int) -> AnyResponse:
    """A form's page with the status for what is wrong; `wait` is the number of seconds until the next try."""
    response = make_response(page, 429 if wait else 422 if form.problems else 200)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def recovery_message(user_id: int) -> str:
    """The message after a recovery code was used."""
    left = recovery_codes_left(user_id)
    return f"That recovery code is used up. You have {left or 'none'} left. Make new ones under Account"


@admin.route("/confirm", methods=["GET", "POST"])
@may("staff", before_two_factor=True)
def confirm() -> AnyResponse:
    """Ask for the password, and for a code where two-factor codes are on, then go on to the page that needed it."""
    form = ConfirmWithCodeForm() if staff_sessions.current_session().two_factor else ConfirmForm()
    next_page = admin_address(request.values.get("next"))
    wait = 0
    key = f"confirm {current_user.get_id()}"
    if request.method == "POST" and (wait := login_throttle.seconds_to_wait(key)):
        form.password.errors = [wait_message(wait)]
    elif form.validate_on_submit():
        try:
            problem = _confirm_problem(form)
        except TooManyCodes as error:
            problem, wait = ("code", wait_message(error.seconds, "wrong codes")), error.seconds
        if not problem:
            login_throttle.reset_tries(key)
            mark_fresh()
            return redirect(next_page or url_for("admin.orders"), 303)
        form[problem[0]].errors = [problem[1]]
    page = render_template("accounts/reauthenticate.html", form=form, problems=form.problems, next_page=next_page)
    return throttled_page(page, form, wait)


def _confirm_problem(form: ConfirmForm) -> tuple[str, str] | None:
    """The field that is not right and its message. A wrong password does not use up the code."""
    if not check_password(current_user, form.password.data):
        return "password", "The password is not right"
    db.session.commit()  # the password may have been hashed again
    if "code" not in form:
        return None
    proof = check_code(current_user.id, form["code"].data)
    if proof == "recovery":
        flash(recovery_message(current_user.id), "problem")
    return None if proof else ("code", WRONG_CODE)


@accounts.route("/sign-in/forgotten", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def forgotten_password() -> ViewResponse:
    """Email a password reset link to a user; the answer is the same for every email."""
    form = ForgottenPasswordForm()
    if not form.validate_on_submit():
        page = render_template("accounts/forgotten_password.html", form=form, problems=form.problems)
        return throttled_page(page, form, 0)
    try:
        user = user_by_email(login_email(form.email.data))
    except ValueError:
        user = None

    def send() -> None:
        if user is None or not user.active:  # about as much work as an email
            audit_as("Password reset requested for an unknown email", UNKNOWN_USER, None)
        elif send_new_password_link(user):
            audit_as(f"Password reset link emailed to {user.email}", UNKNOWN_USER, user.id)

    write(send)
    flash("If this email belongs to a user, a link is on its way. It can take a few minutes", "good")
    return redirect(url_for("accounts.login"), 303)


@accounts.route("/sign-in/password/<token>", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
def new_password(token: str) -> ViewResponse:
    """Choose a new password by an emailed link. The login still asks for a two-factor code."""
    link = open_link("password", token)
    if link is None:
        return error_page(404, DEAD_PASSWORD_LINK)
    email = link.email
    form = PasswordForm(email)
    if not form.validate_on_submit():
        return _link_page("accounts/new_password.html", form, link)
    password = hash_password(form.password.data)

    def change() -> bool:
        user = user_by_email(email) if use_link("password", token) else None
        if user is None or not user.active:
            return False
        set_password(user, password)
        audit_as("Chose a new password by an emailed link", user.display_name, user.id)
        return True

    if not write(change):
        return error_page(404, DEAD_PASSWORD_LINK)
    remember_browser(email)
    flash("Your password is changed. Sign in with it", "good")
    return redirect(url_for("accounts.login"), 303)


@accounts.route("/sign-in/invited/<token>", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
def invitation(token: str) -> ViewResponse:
    """Accept an invitation: choose a name and a password."""
    link = open_link("invite", token)
    if link is None:
        return error_page(404, DEAD_INVITATION)
    form = InvitationForm(link.email)
    if not form.validate_on_submit():
        return _link_page("accounts/invitation.html", form, link)
    name, password = form.name.data, hash_password(form.password.data)

    def accept() -> bool:
        used = use_link("invite", token)
        if used:
            user = add_user(*used, name, password)
            audit_as(f"Accepted the invitation to {user.email}", name, user.id)
        return bool(used)

    try:
        accepted = write(accept)
    except UserExists:
        accepted = False
    if not accepted:
        return error_page(404, DEAD_INVITATION)
    flash(f"Welcome, {name}. Sign in with your email and your new password", "good")
    return redirect(url_for("accounts.login"), 303)


def _link_page(template: str, form: PasswordForm, link: OneTimeLink) -> ViewResponse:
    return throttled_page(render_template(template, form=form, problems=form.problems, link=link), form, 0)
