"""Re-authentication: the password once more before an act that moves money or changes users."""

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from shop.accounts.credentials import check_password
from shop.accounts.login import admin_address, mark_fresh
from shop.accounts.login_throttle import reset_tries, seconds_to_wait, wait_message
from shop.accounts.password_policy import MAX_PASSWORD_LENGTH
from shop.accounts.permissions import admin, may
from shop.accounts.staff_sessions import current_session
from shop.accounts.two_factor import MAX_CODE_LENGTH, WRONG_CODE, TooManyCodes, check_code
from shop.accounts.views.login import recovery_message, throttled_page
from shop.core.database import db
from shop.web.base_form import BaseForm


class ConfirmForm(BaseForm):
    """The password once more."""

    password = PasswordField(
        "Your password",
        [InputRequired("Enter your password"), Length(max=MAX_PASSWORD_LENGTH, message="The password is not right")],
    )


class ConfirmWithCodeForm(ConfirmForm):
    """The password and a two-factor code."""

    code = StringField(
        "Code", [InputRequired("Enter the code"), Length(max=MAX_CODE_LENGTH, message="That is not a code")]
    )


@admin.route("/confirm", methods=["GET", "POST"])
@may("staff", before_two_factor=True)
def confirm() -> AnyResponse:
    """Ask for the password, and for a code where two-factor codes are on, then go on to the page that needed it."""
    form = ConfirmWithCodeForm() if current_session().two_factor else ConfirmForm()
    next_page = admin_address(request.values.get("next"))
    wait = 0
    key = f"confirm {current_user.get_id()}"
    if request.method == "POST" and (wait := seconds_to_wait(key)):
        form.password.errors = [wait_message(wait)]
    elif form.validate_on_submit():
        try:
            problem = _problem(form)
        except TooManyCodes as error:
            problem, wait = ("code", wait_message(error.seconds, "wrong codes")), error.seconds
        if not problem:
            reset_tries(key)
            mark_fresh()
            return redirect(next_page or url_for("admin.orders"), 303)
        form[problem[0]].errors = [problem[1]]
    page = render_template("accounts/reauthenticate.html", form=form, problems=form.problems, next_page=next_page)
    return throttled_page(page, form, wait)


def _problem(form: ConfirmForm) -> tuple[str, str] | None:
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
