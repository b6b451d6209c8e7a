"""flask --app wsgi merchant."""

import pytest
from sqlalchemy import select

from shop.accounts.models import User
from shop.core.database import db
from tests.admin_client import EMAIL, PASSWORD, AdminClient


def _run(app, *words, typed=PASSWORD + "\n"):
    return app.test_cli_runner().invoke(args=["merchant", *words], input=typed)


def test_the_command_creates_an_owner_and_stores_a_hash(app):
    made = _run(app, "create", "Owner@Example.com", "--password-stdin")

    assert (made.exit_code, made.output) == (0, "owner@example.com may sign in at http://localhost/admin/\n")
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert user.role == "owner"
        assert user.password.startswith("$argon2id$")
        assert PASSWORD not in user.password


def test_a_second_user_with_the_same_email_is_refused(app):
    _run(app, "create", EMAIL, "--password-stdin")
    again = _run(app, "create", EMAIL.upper(), "--password-stdin", typed="another long password")

    assert again.exit_code == 1
    assert again.output == f"Error: There is already a user {EMAIL}. To change the password: merchant password\n"
    assert AdminClient(app).sign_in().status_code == 303


@pytest.mark.parametrize(
    ("typed", "password"),
    [
        ("  spaces on both ends  \r\n", "  spaces on both ends  "),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE} at the corner", "cafe\N{COMBINING ACUTE ACCENT} at the corner"),
    ],
)
def test_a_password_is_what_was_typed_without_the_line_end(app, typed, password):
    _run(app, "create", "owner@intranet", "--password-stdin", typed=typed)

    assert AdminClient(app).sign_in("owner@intranet", password).status_code == 303


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "blank"),
        ("\n", "blank"),
        (" " * 20, "blank"),
        ("eleven char", "too short"),
        ("x" * 201, "too long"),
        (EMAIL, "email address"),
        (EMAIL.upper() + "\n", "email address"),
        ("two lines of\npassword", "line break"),
        ("mkonomkono2026", "too easy to guess"),  # the shop's name
        (b"\xff\xfe long enough it is", "not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", ["create", "password"])
def test_a_weak_password_is_refused_and_not_shown(app, command, typed, words):
    refused = _run(app, command, EMAIL, "--password-stdin", typed=typed)

    assert refused.exit_code == 1
    assert words in refused.output
    assert refused.output.count("\n") == 1
    if isinstance(typed, str) and typed.strip():
        assert typed.strip() not in refused.output


@pytest.mark.parametrize("email", ["", "owner", "owner@", "two@words.example com"])
def test_an_invalid_email_is_refused(app, email):
    refused = _run(app, "create", email, "--password-stdin")

    assert (refused.exit_code, refused.output) == (1, "Error: That is not an email address.\n")


def test_a_password_is_never_taken_from_the_command_line(app):
    assert _run(app, "create", EMAIL).exit_code == 2
    assert _run(app, "create", EMAIL, PASSWORD, "--password-stdin").exit_code == 2


def test_a_new_password_ends_every_session(app, owner):
    changed = _run(app, "password", EMAIL.upper(), "--password-stdin", typed="a longer walk to Mombasa")

    assert _run(app, "password", "nobody@example.com", "--password-stdin").exit_code == 1
    assert changed.output == f"{EMAIL} has a new password and is signed out everywhere.\n"
    assert owner.get("/admin/").status_code == 303
    assert owner.sign_in().status_code == 200
    assert owner.sign_in(password="a longer walk to Mombasa").status_code == 303
