"""Two-factor codes and recovery codes."""

import hashlib
import re

import pytest
from sqlalchemy import select

from shop.accounts import login, two_factor
from shop.accounts.models import AuditLogEntry, RecoveryCode, TwoFactor
from shop.core.database import db
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, AdminClient
from tests.at_once import at_once
from tests.shopper import hidden_fields
from tests.totp_phone import Clock, give_code, secret_on, set_up


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def _signed_out(owner):
    owner.sign_out()
    return owner


@both_databases
def test_with_two_factor_codes_the_password_alone_opens_nothing(owner, clock):
    phone, _ = set_up(owner, clock)
    owner.sign_out()

    half = owner.sign_in()

    assert half.headers["Location"] == "/admin/sign-in/code"
    assert owner.get("/admin/").status_code == 303
    assert give_code(owner, phone.code()).headers["Location"] == "/admin/"
    assert owner.get("/admin/").status_code == 200


def test_the_requested_page_follows_the_code(owner, clock):
    phone, _ = set_up(owner, clock)
    owner.sign_out()
    half = owner.sign_in(address=owner.get("/admin/me").headers["Location"])
    form = hidden_fields(owner.get(half.headers["Location"]).text)

    assert owner.post("/admin/sign-in/code", {**form, "code": phone.code()}).headers["Location"] == "/admin/me"


def test_a_two_factor_code_works_once(app, owner, clock):
    phone, _ = set_up(owner, clock)
    second = AdminClient(app)
    for visitor in (owner, second):
        visitor.sign_out() if visitor is owner else None
        visitor.sign_in()

    assert give_code(owner, phone.code()).status_code == 303
    assert give_code(second, phone.code()).status_code == 422
    clock.forward(seconds=30)
    assert give_code(second, phone.code()).status_code == 303


def test_the_code_of_the_set_up_does_not_sign_in(owner, clock):
    phone, _ = set_up(owner, clock)
    owner.sign_out()
    owner.sign_in()

    assert give_code(owner, phone.code(later=-30)).status_code == 422


@both_databases
def test_simultaneous_logins_with_the_same_code_let_one_in(app, owner, clock):
    phone, _ = set_up(owner, clock)
    visitors = [AdminClient(app) for _ in range(4)]
    for visitor in visitors:
        visitor.sign_in()

    replies = at_once([lambda visitor=visitor: give_code(visitor, phone.code()).status_code for visitor in visitors])

    assert sorted(replies) == [303, 422, 422, 422]


@pytest.mark.parametrize(("later", "status"), [(-60, 422), (-29, 303), (0, 303), (30, 303), (60, 422)])
def test_a_clock_may_be_half_a_minute_off(owner, clock, later, status):
    phone, _ = set_up(owner, clock)
    clock.forward(minutes=5)
    owner.sign_out()
    owner.sign_in()

    assert give_code(owner, phone.code(later)).status_code == status


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}-{1} ", "{0}\N{NO-BREAK SPACE}{1}"])
def test_a_code_may_be_typed_in_groups(owner, clock, typed):
    phone, _ = set_up(owner, clock)
    owner.sign_out()
    owner.sign_in()

    assert give_code(owner, typed.format(phone.code()[:3], phone.code()[3:])).status_code == 303


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "\0" * 6, "x" * 5_000, "\N{ARABIC-INDIC DIGIT ONE}" * 6, "<canary>&\"'", "😀"]
)
def test_an_invalid_code_is_refused(owner, clock, typed):
    set_up(owner, clock)
    owner.sign_out()
    owner.sign_in()

    refused = give_code(owner, typed)

    assert refused.status_code == 422
    assert "<title>Error: " in refused.text
    assert owner.get("/admin/").status_code == 303


@both_databases
def test_a_recovery_code_signs_in_once(app, owner, clock):
    _, recovery = set_up(owner, clock)
    owner.sign_out()
    owner.sign_in()

    assert len(set(recovery)) == 10
    assert give_code(owner, recovery[0].upper().replace("-", " ")).status_code == 303
    assert "You have 9 left" in owner.get("/admin/").text
    owner.sign_out()
    owner.sign_in()
    assert give_code(owner, recovery[0]).status_code == 422
    assert give_code(owner, recovery[1]).status_code == 303


@both_databases
def test_simultaneous_logins_with_the_same_recovery_code_let_one_in(app, owner, clock):
    _, recovery = set_up(owner, clock)
    visitors = [AdminClient(app) for _ in range(4)]
    for visitor in visitors:
        visitor.sign_in()

    replies = at_once([lambda visitor=visitor: give_code(visitor, recovery[0]).status_code for visitor in visitors])

    assert sorted(replies) == [303, 422, 422, 422]


def test_recovery_codes_are_shown_once_and_stored_as_hashes(app, owner, clock):
    _, recovery = set_up(owner, clock)

    assert recovery[0] not in owner.get("/admin/me/codes").text
    with app.app_context():
        kept = set(db.session.scalars(select(RecoveryCode.code_hash)))
    assert kept == {hashlib.sha256(code.replace("-", "").encode()).hexdigest() for code in recovery}


def test_new_recovery_codes_replace_the_old_ones(owner, clock):
    phone, old = set_up(owner, clock)
    owner.post("/admin/me/codes/recovery", hidden_fields(owner.get("/admin/me/codes").text))
    owner.sign_out()
    owner.sign_in()

    assert give_code(owner, old[0]).status_code == 422


def test_the_secret_is_encrypted_and_shown_on_the_set_up_page_only(app, owner, clock):
    page = owner.get("/admin/me/codes").text
    written = secret_on(page).replace(" ", "")
    phone, _ = set_up(owner, clock)

    with app.app_context():
        sealed = db.session.scalars(select(TwoFactor.secret)).one()
    assert written.lower() not in sealed.lower()
    assert phone.totp._hotp._key.hex() not in sealed
    for address in ("/admin/me", "/admin/me/codes", "/admin/people"):
        assert written not in owner.get(address).text.replace(" ", "")
    assert owner.get("/admin/me/codes.svg").status_code == 404, "the image goes with the set-up"


def test_a_fallback_key_still_decrypts_the_secret(app, settings, owner, clock):
    from shop import create_app

    phone, _ = set_up(owner, clock)
    renewed = create_app(
        {**settings, "SECRET_KEY": "another-key-for-tests-0123456789", "SECRET_KEY_FALLBACKS": settings["SECRET_KEY"]}
    )
    visitor = AdminClient(renewed)
    visitor.sign_in()

    assert give_code(visitor, phone.code()).status_code == 303


def test_without_the_key_recovery_codes_still_work(app, settings, owner, clock):
    from shop import create_app

    phone, recovery = set_up(owner, clock)
    visitor = AdminClient(create_app({**settings, "SECRET_KEY": "another-key-for-tests-0123456789"}))
    visitor.sign_in()

    assert give_code(visitor, phone.code()).status_code == 422
    assert give_code(visitor, recovery[0]).status_code == 303


def test_the_qr_code_is_not_cached_and_the_secret_survives_a_reload(owner, clock):
    page = owner.get("/admin/me/codes").text
    image = owner.get("/admin/me/codes.svg")

    assert (image.mimetype, image.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert "style" not in image.text and "<script" not in image.text
    again = owner.get("/admin/me/codes").text
    assert secret_on(again) == secret_on(page), "a page that is reloaded does not change the secret"


def test_the_qr_code_holds_a_provisioning_uri(owner):
    address = two_factor.provisioning_uri("31" * 20, "owner@example.com", "Mkono & Daughters")

    assert re.match(
        r"otpauth://totp/Mkono%20%26%20Daughters:owner%40example.com\?.*secret=GEYTCMJRGEYTCMJRGEYTCMJRGEYTCMJR",
        address,
    )


def test_a_wrong_first_code_turns_nothing_on(app, owner, clock):
    page = owner.get("/admin/me/codes").text
    refused = owner.post("/admin/me/codes", {**hidden_fields(page), "code": "000000"})

    assert refused.status_code == 422
    assert secret_on(refused.text) == secret_on(page)
    assert owner.get("/admin/me").text.count("Set up two-factor codes") == 1


def test_turning_codes_off_needs_the_password_and_a_code(owner, clock):
    phone, _ = set_up(owner, clock)
    form = hidden_fields(owner.get("/admin/me/codes").text)
    with owner.browser.session_transaction("/admin/") as session:
        session[login.CONFIRMED_AT] = 0

    held_back = owner.post("/admin/me/codes/off", form, headers={"Referer": "http://localhost/admin/me/codes"})
    assert held_back.headers["Location"] == "/admin/confirm?next=/admin/me/codes"
    page = owner.get("/admin/confirm?next=/admin/me/codes")
    assert "Nothing was saved. Confirm your password" in page.text
    assert owner.get("/admin/me").text.count("Set up two-factor codes") == 0

    form = hidden_fields(page.text)
    assert owner.post("/admin/confirm", {**form, "password": PASSWORD}).status_code == 422, "the code is needed too"
    refused = owner.post("/admin/confirm", {**form, "password": PASSWORD, "code": "000000"})
    assert (refused.status_code, "That code is not right" in refused.text) == (422, True)
    wrong = owner.post("/admin/confirm", {**form, "password": "not it at all", "code": phone.code()})
    assert wrong.status_code == 422
    passed = owner.post("/admin/confirm", {**form, "password": PASSWORD, "code": phone.code()})
    assert passed.headers["Location"] == "/admin/me/codes", "a wrong password does not use the code up"

    owner.post("/admin/me/codes/off", form | hidden_fields(owner.get("/admin/me/codes").text))
    owner.sign_out()
    assert owner.sign_in().headers["Location"] == "/admin/"


def test_the_command_turns_codes_off_for_a_locked_out_owner(app, owner, clock):
    set_up(owner, clock)
    run = app.test_cli_runner().invoke

    turned_off = run(args=["merchant", "totp-reset", EMAIL.upper()])
    assert turned_off.output == f"{EMAIL} now signs in with the password alone.\n"
    assert owner.get("/admin/").status_code == 303, "and is signed out"
    assert owner.sign_in().headers["Location"] == "/admin/"
    assert run(args=["merchant", "totp-reset", EMAIL]).output == f"{EMAIL} had no two-factor codes set up.\n"
    assert run(args=["merchant", "totp-reset", "nobody@example.com"]).exit_code == 1
    with app.app_context():
        words = db.session.scalars(
            select(AuditLogEntry.words).where(AuditLogEntry.who == "Command on the server")
        ).all()
    assert f"Turned off the two-factor codes of {EMAIL}" in words


class TestInProduction:
    """An owner's first login in production."""

    @pytest.fixture
    def settings(self, settings):
        return {**settings, "SHOP_URL": "https://localhost", "CHPTER_URL": "https://chpter.co"}

    def test_the_admin_opens_once_codes_are_set_up(self, visitor, clock):
        visitor.browser.environ_base["wsgi.url_scheme"] = "https"
        visitor.sign_in()
        page = visitor.get("/admin/", follow_redirects=True).text
        assert "Set it up to open the admin" in page
        assert "they can move money" in page

        set_up(visitor, clock)

        assert visitor.get("/admin/").status_code == 200
