"""The command that lets people in: flask --app wsgi merchant create | password | totp-reset."""

import sys

import click
from flask import current_app
from flask_security import EmailValidateException, Security
from flask_security.utils import hash_password

from shop.accounts.audit_log import audit_as
from shop.accounts.login import user_by_email
from shop.accounts.password_policy import weakness
from shop.accounts.staff import AlreadyHere, accept_invitation, set_password
from shop.accounts.staff_sessions import end_sessions
from shop.accounts.two_factor import turn_off
from shop.core.database import ShopGroup, write
from shop.store.settings import current_store

BY = "A command on the server"  # how the log names whoever types one

merchant_commands = ShopGroup("merchant", help="Who may sign in to the admin.")
from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@merchant_commands.command("create")
@click.argument("email")
@from_stdin
def create(email: str, password_stdin: bool) -> None:
    """Let somebody in, as an owner: they may do everything."""
    email = _tidy(email)
    password = _password(password_stdin, email)

    def make() -> None:
        merchant = accept_invitation(email, "owner", "", hash_password(password))
        audit_as(f"Let {email} in as owner", BY, merchant.id)

    try:
        write(make)
    except AlreadyHere:
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
        merchant = user_by_email(email)
        if merchant:
            set_password(merchant, hash_password(password))
            audit_as(f"Gave {email} a new password", BY, merchant.id)
        return merchant is not None

    if not write(change):
        raise click.ClickException(f"There is no merchant {email}. To make one: merchant create")
    click.echo(f"{email} has a new password and is signed out everywhere.")


@merchant_commands.command("totp-reset")
@click.argument("email")
def totp_reset(email: str) -> None:
    """Ask somebody who lost phone and recovery codes for no code any more, until they set codes up again."""
    email = _tidy(email)

    def reset() -> bool | None:
        merchant = user_by_email(email)
        if merchant is None:
            return None
        had_codes = turn_off(merchant.id)
        if had_codes:
            end_sessions(merchant.id)
            audit_as(f"Turned the codes of {email} off", BY, merchant.id)
        return had_codes

    had_codes = write(reset)
    if had_codes is None:
        raise click.ClickException(f"There is no merchant {email}. To make one: merchant create")
    click.echo(f"{email} signs in by password alone now." if had_codes else f"{email} had no codes set up.")


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
    if problem := weakness(password, email, current_store().name):
        raise click.ClickException(f"{problem}.")
    return _security().password_util.normalize(password)


def _security() -> Security:
    security: Security = current_app.extensions["security"]
    return security
