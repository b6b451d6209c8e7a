"""Before an act that moves money or lets people in: whoever sits here proves once more who they are."""

from flask import redirect, render_template, request, session, url_for
from flask_limiter.util import get_remote_address
from flask_security import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from shop.admin.frame import admin, may
from shop.admin.signing import LONGEST_PASSWORD, PROVED, desk_address
from shop.clock import utcnow
from shop.extensions import limiter


class ConfirmForm(FlaskForm):
    """The password once more."""

    password = PasswordField(
        "Your password",
        [InputRequired("Enter your password"), Length(max=LONGEST_PASSWORD, message="That is too long")],
    )


@admin.route("/confirm", methods=["GET", "POST"])
@may("staff")
@limiter.limit("10 per 5 minutes", key_func=lambda: f"{get_remote_address()} {current_user.get_id()}", methods=["POST"])
def confirm() -> str | tuple[str, int] | AnyResponse:
    """Ask for the password again, then go on to where it was needed."""
    form = ConfirmForm()
    wanted = desk_address(request.values.get("next"))
    if form.validate_on_submit():
        if current_user.verify_and_update_password(form.password.data):
            session[PROVED] = int(utcnow().timestamp())
            return redirect(wanted or url_for("admin.orders"), 303)
        form.password.errors = ["That is not your password"]
    problems = [(field.name, str(words)) for field in form for words in field.errors]
    return render_template("admin/confirm.html", form=form, problems=problems, wanted=wanted), 422 if problems else 200
