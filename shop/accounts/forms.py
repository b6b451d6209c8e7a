"""The questions about people."""

from typing import Any

from flask_security import EmailValidateException, current_user
from flask_security.proxies import _security
from sqlalchemy import select
from wtforms import EmailField, Field, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from shop.accounts.login import LONGEST_PASSWORD
from shop.accounts.models import User
from shop.accounts.password_policy import weakness
from shop.accounts.two_factor import LONGEST_CODE
from shop.core.database import db
from shop.core.text import comparison_key, name_problem, one_line
from shop.web.base_form import BaseForm

LONGEST_NAME = 80  # characters
# What the audit log calls those who are no user, in the form in which names are compared.
RESERVED_NAMES = frozenset({"shop", "buyer", "chpter", "somebody", "acommandontheserver"})
ROLES = [SelectChoice("staff", "Staff"), SelectChoice("owner", "Owner")]


def tidy_name(typed: str | None) -> str:
    """A name on one line; what is too long stays too long, so that it is said and not cut."""
    return one_line(typed or "", LONGEST_NAME + 1)


def one_word(typed: str | None) -> str:
    """An e-mail fit to stand in a page again, whatever is wrong with it."""
    return one_line(typed or "", 255)


def tidy_email(typed: str) -> str:
    """An e-mail as the sign-in page will read it. Raises ValueError for what is none."""
    try:
        return str(_security._mail_util.normalize(typed.strip()[:255])).lower()  # longer than any may be
    except EmailValidateException:
        raise ValueError("That is not an e-mail address") from None


def _colleagues() -> set[str]:
    """The names of all other active accounts, in the form in which names are compared."""
    others = select(User.name).where(User.active, User.id != current_user.id)
    return {comparison_key(name) for name in db.session.scalars(others) if name}


class NameForm(BaseForm):
    """How the log and the timelines name somebody."""

    name = StringField(
        "Your name",
        [InputRequired("Enter your name"), Length(max=LONGEST_NAME, message=f"Use {LONGEST_NAME} characters or fewer")],
        filters=[tidy_name],
    )

    def validate_name(self, field: Field) -> None:
        """Blanks alone are no name; and it stands in mails to people who are invited."""
        if not field.data:
            raise ValidationError("Enter your name")
        if problem := name_problem(field.data):
            raise ValidationError(f"Your name {problem}")
        if comparison_key(field.data) in RESERVED_NAMES:
            raise ValidationError("This name stands in the log for the shop, a buyer or Chpter. Enter your own name")
        if current_user.is_authenticated and comparison_key(field.data) in _colleagues():
            raise ValidationError("Another account has this name. Add a second name or an initial")


class PasswordForm(BaseForm):
    """A new password. `email` and `names` are what it must not be made of."""

    password = PasswordField("New password")

    def __init__(self, email: str, *names: str, **options: Any) -> None:
        super().__init__(**options)
        self.known = (email, *names)

    def validate_password(self, field: Field) -> None:
        """The same rules as the command's."""
        if problem := weakness(field.data or "", *self.known):
            raise ValidationError(problem)

    @property
    def chosen(self) -> str:
        """The password as the sign-in page will read it."""
        return str(_security._password_util.normalize(self.password.data))


class ChangePasswordForm(PasswordForm):
    """A new password for who knows the old one."""

    old = PasswordField(
        "Your password now",
        [InputRequired("Enter your password"), Length(max=LONGEST_PASSWORD, message="That is not your password")],
    )
    password = PasswordField("New password")  # below the old one, on the page and among the problems


class JoinForm(PasswordForm, NameForm):
    """What somebody who was invited says of themselves."""


class CodeForm(BaseForm):
    """A code from the phone, or a recovery code."""

    code = StringField("Code", [InputRequired("Enter the code"), Length(max=LONGEST_CODE, message="That is no code")])


class ForgottenForm(BaseForm):
    """Whose password was forgotten."""

    email = EmailField(
        "E-mail", [InputRequired("Enter your e-mail"), Length(max=254, message="That is too long")], filters=[one_word]
    )


class RoleForm(BaseForm):
    """What somebody may do."""

    role = RadioField("What they may do", [InputRequired("Choose what they may do")], choices=ROLES)


class InviteForm(BaseForm):
    """Who is invited, and as what."""

    email = EmailField(
        "E-mail", [InputRequired("Enter their e-mail"), Length(max=254, message="That is too long")], filters=[one_word]
    )
    role = RadioField("What they may do", [InputRequired("Choose what they may do")], choices=ROLES)

    def validate_email(self, field: Field) -> None:
        """As the sign-in page will read it."""
        try:
            field.data = tidy_email(field.data)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None
