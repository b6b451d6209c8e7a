"""The pages in front of the desk, for who is not signed in yet: the code, an invitation, a forgotten password."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_security.utils import hash_password
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit_as
from shop.accounts.forms import CodeForm, ForgottenForm, JoinForm, PasswordForm, tidy_email
from shop.accounts.login import admin_address, halfway, log_in, user_by_email
from shop.accounts.login_throttle import NOBODY, SOMEBODY, count_failure, know_this_browser
from shop.accounts.models import OneTimeLink
from shop.accounts.one_time_links import open_link, send_new_password_link, use_link
from shop.accounts.staff import AlreadyHere, accept_invitation, new_password_for
from shop.accounts.two_factor import TooManyCodes, check_code, recovery_codes_left
from shop.core.database import write
from shop.web.base_form import ViewResponse
from shop.web.errors import error_page
from shop.web.extensions import limiter

accounts = Blueprint("accounts", __name__, url_prefix="/admin/sign-in")
DEAD_LINK = ("This link works no more", "It was used, or it is too old. Ask an owner of the shop for a new one.")
DEAD_PASSWORD_LINK = (
    "This link works no more",
    "It was used, or it is too old. On the sign-in page you can ask again.",
)


@accounts.route("/code", methods=["GET", "POST"])
def code() -> ViewResponse:
    """After the password: the code from the phone."""
    merchant = halfway()
    wanted = admin_address(request.values.get("next"))
    if merchant is None:
        flash("Sign in with your password first", "problem")
        return redirect(url_for("security.login", next=wanted or None), 303)
    form = CodeForm()
    if not form.validate_on_submit():
        return _code_page(form, wanted)
    user_id, name = merchant.id, merchant.name or merchant.email
    try:
        proof = check_code(user_id, form.code.data)
    except TooManyCodes as too_many:
        return _code_page(form, wanted, wait_words(too_many.seconds), too_many.seconds)
    if not proof:
        write(lambda: audit_as(f"Gave the right password of {name}, and a wrong code", SOMEBODY, user_id))
        return _code_page(form, wanted, "That code is not right. Each code works once: wait for the next one")
    log_in(merchant, "by password and code" if proof == "app" else "by password and a recovery code")
    if proof == "recovery":
        flash(recovery_words(user_id), "problem")
    return redirect(wanted or url_for("admin.orders"), 303)


def _code_page(form: CodeForm, wanted: str, problem: str = "", wait: int = 0) -> AnyResponse:
    if problem:
        form.code.errors = [problem]
    problems = form.problems
    page = make_response(render_template("accounts/two_factor_code.html", form=form, problems=problems, wanted=wanted))
    page.status_code = 429 if wait else 422 if problems else 200
    if wait:
        page.headers["Retry-After"] = str(wait)
    return page


def recovery_words(user_id: int) -> str:
    """What somebody is told who has just used a recovery code."""
    left = recovery_codes_left(user_id)
    return f"That recovery code is used up. You have {left or 'none'} left; make new ones under Account"


def wait_words(seconds: int) -> str:
    """How long to wait, in whole minutes."""
    minutes = -(-seconds // 60)
    return f"Too many wrong codes. Try again in {minutes} minute{'s' if minutes != 1 else ''}"


@accounts.route("/forgotten", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def forgotten() -> ViewResponse:
    """Mail the way to a new password to whoever sits at the desk; the answer is the same for everybody."""
    form = ForgottenForm()
    if not form.validate_on_submit():
        problems = form.problems
        return render_template(
            "accounts/forgotten_password.html", form=form, problems=problems
        ), 422 if problems else 200
    try:
        merchant = user_by_email(tidy_email(form.email.data))
    except ValueError:
        merchant = None
    if merchant and merchant.active:

        def mail() -> None:
            if send_new_password_link(merchant):
                audit_as(f"A link to a new password was mailed to {merchant.email}", SOMEBODY, merchant.id)

        write(mail)
    else:
        count_failure(NOBODY)  # as much work as a mail
    flash("If that e-mail belongs to somebody at the desk, a link is on its way. It can take a few minutes", "good")
    return redirect(url_for("security.login"), 303)


@accounts.route("/password/<token>", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
def new_password(token: str) -> ViewResponse:
    """Choose a new password, once. A code from the phone is asked for at sign-in all the same."""
    link = open_link("password", token)
    if link is None:
        return error_page(404, DEAD_PASSWORD_LINK)
    email = link.email
    form = PasswordForm(email)
    if not form.validate_on_submit():
        return _link_page("accounts/new_password.html", form, link)
    password = hash_password(form.chosen)

    def change() -> bool:
        used = use_link("password", token)
        return bool(used and new_password_for(email, password, "Chose a new password by a mailed link"))

    if not write(change):
        return error_page(404, DEAD_PASSWORD_LINK)
    know_this_browser(email)
    flash("You have a new password. Sign in with it", "good")
    return redirect(url_for("security.login"), 303)


@accounts.route("/invited/<token>", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
def invited(token: str) -> ViewResponse:
    """Choose a name and a password, once; then sign in like everybody else."""
    link = open_link("invite", token)
    if link is None:
        return error_page(404, DEAD_LINK)
    form = JoinForm(link.email)
    if not form.validate_on_submit():
        return _link_page("accounts/invitation.html", form, link)
    name, password = form.name.data, hash_password(form.chosen)

    def join() -> bool:
        used = use_link("invite", token)
        if used:
            merchant = accept_invitation(*used, name, password)
            audit_as(f"Took up the invitation to {merchant.email}", name, merchant.id)
        return bool(used)

    try:
        if not write(join):
            return error_page(404, DEAD_LINK)
    except AlreadyHere:
        return error_page(404, DEAD_LINK)
    flash(f"Welcome, {name}. Sign in with your e-mail and the password you have just chosen", "good")
    return redirect(url_for("security.login"), 303)


def _link_page(template: str, form: PasswordForm, link: OneTimeLink) -> ViewResponse:
    problems = form.problems
    return render_template(template, form=form, problems=problems, link=link), 422 if problems else 200
