"""The command that lets people in: flask --app wsgi merchant create | password."""

import sys

import click
from flask import current_app
from flask.cli import AppGroup
from flask_security import EmailValidateException, Security
from flask_security.utils import hash_password
from sqlalchemy.exc import IntegrityError

from shop.admin.signing import LONGEST_PASSWORD, people
from shop.database import write

SHORTEST_PASSWORD = 12  # characters

merchant_commands = AppGroup("merchant", help="Who may sit at the desk.")
from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@merchant_commands.command("create")
@click.argument("email")
@from_stdin
def create(email: str, password_stdin: bool) -> None:
    """Let somebody in, as an owner: they may do everything."""
    email = _tidy(email)
    password = _password(password_stdin, email)

    def make() -> None:
        people.create_user(email=email, password=hash_password(password), roles=[people.find_or_create_role("owner")])

    try:
        write(make)
    except IntegrityError:
        raise click.ClickException(
            f"There is a merchant {email} already. To change the password: merchant password"
        ) from None
    click.echo(f"{email} may sign in at {current_app.config['SHOP_URL']}/admin/")


@merchant_commands.command("password")
@click.argument("email")
@from_stdin
def change_password(email: str, password_stdin: bool) -> None:
    """Give somebody a new password. Wherever they are signed in, they are no longer."""
    email = _tidy(email)
    password = _password(password_stdin, email)

    def change() -> bool:
        merchant = people.find_user(case_insensitive=True, email=email)
        if merchant:
            merchant.password = hash_password(password)
            people.set_uniquifier(merchant)
        return merchant is not None

    if not write(change):
        raise click.ClickException(f"There is no merchant {email}. To make one: merchant create")
    click.echo(f"{email} has a new password and is signed out everywhere.")


def _tidy(email: str) -> str:
    """The e-mail as the sign-in page will read it."""
    try:
        return _security().mail_util.normalize(email.strip()).lower()
    except EmailValidateException:
        raise click.ClickException("That is not an e-mail address.") from None


def _password(from_stdin: bool, email: str) -> str:
    """The password on standard input, as the sign-in page will read it. Never shown, whatever is wrong with it."""
    if not from_stdin:
        raise click.UsageError(
            "Send the password on standard input and add --password-stdin; other people see arguments."
        )
    raw = sys.stdin.buffer.read(4096)
    try:
        typed = raw.decode()
    except UnicodeDecodeError:
        raise click.ClickException("The password is not UTF-8 text.") from None
    password = typed.removesuffix("\n").removesuffix("\r")
    if not password.strip():
        raise click.ClickException("The password is blank.")
    if not password.isprintable():
        raise click.ClickException("The password has a line break or another character that nobody can type.")
    if len(password) < SHORTEST_PASSWORD:
        raise click.ClickException(f"The password is too short; use {SHORTEST_PASSWORD} characters or more.")
    if len(password) > LONGEST_PASSWORD:
        raise click.ClickException(f"The password is too long; use {LONGEST_PASSWORD} characters or fewer.")
    if password.strip().casefold() == email.casefold():
        raise click.ClickException("The password is the e-mail address; anybody would try that first.")
    return _security().password_util.normalize(password)


def _security() -> Security:
    security: Security = current_app.extensions["security"]
    return security
