"""Before an act that moves money or lets people in: whoever sits here proves once more who they are."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from shop.accounts.login import LONGEST_PASSWORD, admin_address, proved
from shop.accounts.login_throttle import in_words, seconds_to_wait, start_anew
from shop.accounts.permissions import admin, may
from shop.accounts.staff_sessions import current_session
from shop.accounts.two_factor import LONGEST_CODE, TooManyCodes, check_code
from shop.accounts.views.login import recovery_words, wait_words
from shop.core.database import db
from shop.web.base_form import BaseForm


class ConfirmForm(BaseForm):
    """The password once more."""

    password = PasswordField(
        "Your password",
        [InputRequired("Enter your password"), Length(max=LONGEST_PASSWORD, message="That is not your password")],
    )


class ConfirmWithCodeForm(ConfirmForm):
    """The password once more, and a code: the browser may have kept the one, and the phone lie beside it."""

    code = StringField("Code", [InputRequired("Enter the code"), Length(max=LONGEST_CODE, message="That is no code")])


@admin.route("/confirm", methods=["GET", "POST"])
@may("staff", before_codes=True)
def confirm() -> AnyResponse:
    """Ask for the password again, and for a code where one is set up, then go on to where it was needed."""
    form = ConfirmWithCodeForm() if current_session().second_factor else ConfirmForm()
    wanted = admin_address(request.values.get("next"))
    wait = 0
    key = f"confirm {current_user.get_id()}"
    if request.method == "POST" and (wait := seconds_to_wait(key)):
        form.password.errors = [in_words(wait)]
    elif form.validate_on_submit():
        try:
            wrong = _what_is_wrong(form)
        except TooManyCodes as too_many:
            wrong, wait = ("code", wait_words(too_many.seconds)), too_many.seconds
        if not wrong:
            start_anew(key)
            proved()
            return redirect(wanted or url_for("admin.orders"), 303)
        form[wrong[0]].errors = [wrong[1]]
    problems = form.problems
    page = make_response(render_template("accounts/reauthenticate.html", form=form, problems=problems, wanted=wanted))
    page.status_code = 429 if wait else 422 if problems else 200
    if wait:
        page.headers["Retry-After"] = str(wait)
    return page


def _what_is_wrong(form: ConfirmForm) -> tuple[str, str] | None:
    """The field that is not right and the words for it. The code is not used up by a wrong password."""
    if not current_user.verify_and_update_password(form.password.data):
        return "password", "That is not your password"
    db.session.commit()  # a password hashed in an older manner was hashed anew
    if "code" not in form:
        return None
    proof = check_code(current_user.id, form["code"].data)
    if proof == "recovery":
        flash(recovery_words(current_user.id), "problem")
    return None if proof else ("code", "That code is not right. Each code works once: wait for the next one")
