"""Changing SECRET_KEY as docs/operations.md says keeps all users' two-factor codes and emailed links valid."""

import pytest
from sqlalchemy import select

from shop import create_app
from shop.accounts.models import TwoFactor
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.delivery import send_due
from tests.admin_client import EMAIL, AdminClient
from tests.shopper import hidden_fields
from tests.totp_phone import give_code, set_up

NEW = "another-key-for-tests-0123456789"


@pytest.fixture
def both_keys(settings):
    """The shop while the new key encrypts and the old one is still accepted."""
    return create_app({**settings, "SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": settings["SECRET_KEY"]})


@pytest.fixture
def new_key(settings):
    """The shop after the old key was removed."""
    return create_app({**settings, "SECRET_KEY": NEW})


def run(app, *words):
    done = app.test_cli_runner().invoke(args=words)
    return done.exit_code, done.output


def keys_line(app):
    [line] = [line for line in run(app, "doctor")[1].splitlines() if "keys" in line.split(":")[0]]
    return line


def signed_in(app, phone):
    visitor = AdminClient(app)
    visitor.sign_in()
    return give_code(visitor, phone.code()).status_code == 303


def test_after_the_documented_steps_codes_and_emailed_links_work_with_the_new_key_only(
    app, both_keys, new_key, settings, owner, clock
):
    phone, _ = set_up(owner, clock)
    visitor = AdminClient(app)
    form = hidden_fields(visitor.get("/admin/sign-in/forgotten").text)
    visitor.post("/admin/sign-in/forgotten", {**form, "email": EMAIL})

    before = keys_line(both_keys)
    command = run(both_keys, "keys", "reencrypt")
    after = keys_line(new_key)

    assert before.startswith("FAIL keys: 1 of the two-factor secrets and 1 of the emails")
    assert "keys reencrypt" in before
    assert command == (0, "Re-encrypted: 1 of the two-factor secrets and 1 of the emails with a one-time link.\n")
    assert after == "ok   keys"
    assert signed_in(new_key, phone)
    with new_key.app_context():
        send_due(new_key.config["SETTINGS"], utcnow())
        [mail] = (new_key.config["SETTINGS"].instance_path / "mail").glob("*.eml")
    assert "/admin/sign-in/password/" in mail.read_text()


def test_a_user_who_signs_in_while_both_keys_are_set_no_longer_needs_the_old_one(both_keys, new_key, owner, clock):
    phone, _ = set_up(owner, clock)
    assert signed_in(both_keys, phone)
    clock.forward(seconds=30)

    assert keys_line(new_key) == "ok   keys"
    assert signed_in(new_key, phone)


def test_the_doctor_says_when_the_old_key_was_removed_too_early(app, new_key, owner, clock):
    set_up(owner, clock)

    line = keys_line(new_key)
    code, words = run(new_key, "keys", "reencrypt")

    assert line.startswith("FAIL keys: 1 of the two-factor secrets") and "put the key" in line
    assert code == 1 and "totp-reset" in words
    with app.app_context():
        assert db.session.scalars(select(TwoFactor.secret)).one(), "what cannot be opened is left as it is"
