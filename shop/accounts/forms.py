"""The forms of login, the user's own account and the staff pages."""

from typing import Any

from flask_login import current_user
from sqlalchemy import select
from wtforms import EmailField, Field, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from shop.accounts.credentials import login_email
from shop.accounts.models import User
from shop.accounts.password_policy import MAX_PASSWORD_LENGTH, weakness
from shop.accounts.two_factor import MAX_CODE_LENGTH
from shop.core.database import db
from shop.core.text import comparison_key, name_problem, one_line
from shop.web.base_form import BaseForm

MAX_NAME_LENGTH, MAX_EMAIL_LENGTH = 80, 254  # characters
# What the audit log calls those who are not users, as comparison_key gives it.
RESERVED_NAMES = frozenset({"shop", "buyer", "chpter", "unknownuser", "commandontheserver"})
ROLES = [SelectChoice("staff", "Staff"), SelectChoice("owner", "Owner")]
TOO_LONG = "The email is too long"
CURRENT_PASSWORD = (
    InputRequired("Enter your password"),
    Length(max=MAX_PASSWORD_LENGTH, message="The password is not right"),
)


def _clean_name(typed: str | None) -> str:
    """A name on one line. A name that is too long stays too long, so that it is refused and not cut."""
    return one_line(typed or "", MAX_NAME_LENGTH + 1)


def _clean_email(typed: str | None) -> str:
    """An email that can be shown in the page again, whatever is wrong with it."""
    return one_line(typed or "", MAX_EMAIL_LENGTH + 1)


def _is_email(form: BaseForm, field: Field) -> None:
    """Validate an email and normalise it."""
    try:
        field.data = login_email(field.data)
    except ValueError:
        raise ValidationError("That is not an email address") from None


def _colleagues() -> set[str]:
    """The names of all other active users, as comparison_key gives them."""
    others = select(User.name).where(User.active, User.id != current_user.id)
    return {comparison_key(name) for name in db.session.scalars(others) if name}


class LoginForm(BaseForm):
    """Email and password. The page never says which of them is wrong."""

    email = EmailField("Email", [InputRequired(), Length(max=MAX_EMAIL_LENGTH), _is_email], filters=[_clean_email])
    password = PasswordField("Password", [InputRequired(), Length(max=MAX_PASSWORD_LENGTH)])


class ConfirmForm(BaseForm):
    """The password once more."""

    password = PasswordField("Your password", CURRENT_PASSWORD)


class NameForm(BaseForm):
    """The name that the audit log and the timelines show."""

    name = StringField(
        "Your name",
        [
            InputRequired("Enter your name"),
            Length(max=MAX_NAME_LENGTH, message=f"Use {MAX_NAME_LENGTH} characters or fewer"),
        ],
        filters=[_clean_name],
    )

    def validate_name(self, field: Field) -> None:
        """Refuse blank, misleading and reserved names; the name also appears in invitation emails."""
        if not field.data:
            raise ValidationError("Enter your name")
        if problem := name_problem(field.data):
            raise ValidationError(f"Your name {problem}")
        if comparison_key(field.data) in RESERVED_NAMES:
            raise ValidationError("The audit log uses this name for others. Enter your own name")
        if current_user.is_authenticated and comparison_key(field.data) in _colleagues():
            raise ValidationError("Another user has this name. Add a second name or an initial")


class PasswordForm(BaseForm):
    """A new password. It must not be made of `email` or `names`."""

    password = PasswordField("New password")

    def __init__(self, email: str, *names: str, **options: Any) -> None:
        super().__init__(**options)
        self.known = (email, *names)

    def validate_password(self, field: Field) -> None:
        """Apply the password policy."""
        if problem := weakness(field.data or "", *self.known):
            raise ValidationError(problem)


class ChangePasswordForm(PasswordForm):
    """A new password and the current one."""

    old = PasswordField("Current password", CURRENT_PASSWORD)
    password = PasswordField("New password")  # again, to come after the current one


class InvitationForm(PasswordForm, NameForm):
    """Name and password of an invited user."""


class CodeForm(BaseForm):
    """A two-factor code or a recovery code."""

    code = StringField(
        "Code", [InputRequired("Enter the code"), Length(max=MAX_CODE_LENGTH, message="That is not a code")]
    )


class ConfirmWithCodeForm(ConfirmForm, CodeForm):
    """The password and a two-factor code."""


class ForgottenPasswordForm(BaseForm):
    """The email to send a password reset link to."""

    email = EmailField(
        "Email",
        [InputRequired("Enter your email"), Length(max=MAX_EMAIL_LENGTH, message=TOO_LONG)],
        filters=[_clean_email],
    )


class RoleForm(BaseForm):
    """The role of a user."""

    role = RadioField("Role", [InputRequired("Choose a role")], choices=ROLES)


class InviteForm(RoleForm):
    """The email and the role of a new user."""

    email = EmailField(
        "Email",
        [InputRequired("Enter the email"), Length(max=MAX_EMAIL_LENGTH, message=TOO_LONG), _is_email],
        filters=[_clean_email],
    )
    role = RadioField("Role", [InputRequired("Choose a role")], choices=ROLES)
