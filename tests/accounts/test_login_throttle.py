"""Limits on wrong two-factor codes, and on the time between the password and the code."""

import pytest
from sqlalchemy import func, select

from shop.accounts import login, two_factor
from shop.accounts.models import TwoFactor, TwoFactorTry
from shop.core.database import db
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, AdminClient
from tests.at_once import at_once
from tests.shopper import hidden_fields
from tests.totp_phone import give_code, set_up


def test_the_sixth_wrong_code_of_a_user_in_five_minutes_waits(app, owner, clock):
    phone, _ = set_up(owner, clock)
    visitors = [AdminClient(app) for _ in range(6)]
    for number, visitor in enumerate(visitors):
        visitor.browser.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        visitor.sign_in()
    tries = [give_code(visitor, "000000") for visitor in visitors]

    assert [reply.status_code for reply in tries] == [422] * 5 + [429]
    assert "Too many wrong codes. Try again in 5 minutes" in tries[-1].text
    assert int(tries[-1].headers["Retry-After"]) == 300
    confirming = {**hidden_fields(owner.get("/admin/confirm").text), "password": PASSWORD, "code": phone.code()}
    confirmed = owner.post("/admin/confirm", confirming)
    assert (confirmed.status_code, "Retry-After" in confirmed.headers) == (429, True), "they count on this page too"
    assert give_code(visitors[0], phone.code()).status_code == 429, "the right code is not checked either"
    clock.forward(minutes=5)
    assert give_code(visitors[0], phone.code()).status_code == 303


def test_at_most_twenty_wrong_codes_an_hour(app, owner, clock):
    phone, _ = set_up(owner, clock)
    with app.app_context():
        user_id = db.session.scalars(select(TwoFactor.user_id)).one()
        for _ in range(4):
            assert [two_factor.check_code(user_id, "000000") for _ in range(5)] == [""] * 5
            clock.forward(minutes=6)
        with pytest.raises(two_factor.TooManyCodes):
            two_factor.check_code(user_id, phone.code())
        clock.forward(minutes=36)
        assert two_factor.check_code(user_id, phone.code()) == "app"
        assert db.session.scalar(select(func.count()).select_from(TwoFactorTry)) == 0, "a right code resets it"


@both_databases
def test_simultaneous_guesses_are_all_counted(app, owner, clock):
    set_up(owner, clock)
    with app.app_context():
        user_id = db.session.scalars(select(TwoFactor.user_id)).one()

    def guess():
        with app.app_context():
            try:
                return two_factor.check_code(user_id, "000000")
            except two_factor.TooManyCodes:
                return "refused"

    assert sorted(at_once([guess] * 12)) == [""] * 5 + ["refused"] * 7


def test_the_code_must_follow_within_ten_minutes_of_a_password_that_is_still_valid(app, owner, clock):
    set_up(owner, clock)
    owner.sign_out()
    owner.sign_in()
    with owner.browser.session_transaction("/admin/") as session:
        session_key, at = session[login.PENDING_LOGIN]
        session[login.PENDING_LOGIN] = [session_key, at - 601]
    assert owner.get("/admin/sign-in/code").headers["Location"] == "/admin/sign-in"
    assert "Sign in with your password first" in owner.get("/admin/sign-in").text

    owner.sign_in()
    assert owner.get("/admin/sign-in/code").status_code == 200
    app.test_cli_runner().invoke(args=["merchant", "password", EMAIL, "--password-stdin"], input="a longer walk")
    assert owner.get("/admin/sign-in/code").status_code == 303
