"""The command for users: flask --app wsgi merchant create | password | totp-reset."""

import sys

import click
from flask import current_app

from shop.accounts.audit_log import audit_as
from shop.accounts.credentials import hash_password, login_email, user_by_email
from shop.accounts.password_policy import weakness
from shop.accounts.staff import UserExists, add_user, set_password
from shop.accounts.staff_sessions import end_sessions
from shop.accounts.two_factor import turn_off
from shop.core.database import ShopGroup, write
from shop.store.settings import current_store

ACTOR = "Command on the server"  # in the audit log

merchant_commands = ShopGroup("merchant", help="Users of the admin.")
from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@merchant_commands.command("create")
@click.argument("email")
@from_stdin
def create(email: str, password_stdin: bool) -> None:
    """Create an owner, who may do everything."""
    email = _normalised(email)
    password = hash_password(_read_password(password_stdin, email))

    def create_owner() -> None:
        user = add_user(email, "owner", "", password)
        audit_as(f"Created {email} as owner", ACTOR, user.id)

    try:
        write(create_owner)
    except UserExists:
        raise click.ClickException(
            f"There is already a user {email}. To change the password: merchant password"
        ) from None
    click.echo(f"{email} may sign in at {current_app.config['SHOP_URL']}/admin/")


@merchant_commands.command("password")
@click.argument("email")
@from_stdin
def change_password(email: str, password_stdin: bool) -> None:
    """Change a user's password and end all their sessions."""
    email = _normalised(email)
    password = hash_password(_read_password(password_stdin, email))

    def change() -> bool:
        user = user_by_email(email)
        if user:
            set_password(user, password)
            audit_as(f"Changed the password of {email}", ACTOR, user.id)
        return user is not None

    if not write(change):
        raise _no_such_user(email)
    click.echo(f"{email} has a new password and is signed out everywhere.")


@merchant_commands.command("totp-reset")
@click.argument("email")
def totp_reset(email: str) -> None:
    """Turn off the two-factor codes of a user who lost the phone and the recovery codes."""
    email = _normalised(email)

    def reset() -> bool | None:
        user = user_by_email(email)
        if user is None:
            return None
        was_on = turn_off(user.id)
        if was_on:
            end_sessions(user.id)
            audit_as(f"Turned off the two-factor codes of {email}", ACTOR, user.id)
        return was_on

    was_on = write(reset)
    if was_on is None:
        raise _no_such_user(email)
    click.echo(
        f"{email} now signs in with the password alone." if was_on else f"{email} had no two-factor codes set up."
    )


def _normalised(email: str) -> str:
    try:
        return login_email(email)
    except ValueError:
        raise click.ClickException("That is not an email address.") from None


def _no_such_user(email: str) -> click.ClickException:
    return click.ClickException(f"There is no user {email}. To create one: merchant create")


def _read_password(from_stdin: bool, email: str) -> str:
    """The password on standard input. No message shows it."""
    if not from_stdin:
        raise click.UsageError(
            "Send the password on standard input and add --password-stdin; other users can see arguments."
        )
    raw = sys.stdin.buffer.read(4096)
    try:
        typed = raw.decode()
    except UnicodeDecodeError:
        raise click.ClickException("The password is not UTF-8 text.") from None
    password = typed.removesuffix("\n").removesuffix("\r")
    if problem := weakness(password, email, current_store().name):
        raise click.ClickException(f"{problem}.")
    return password
