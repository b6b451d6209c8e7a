"""Two-factor codes and recovery codes."""

import hashlib
import re

import pytest
from sqlalchemy import select

from shop import create_app
from shop.accounts import login, two_factor
from shop.accounts.models import RecoveryCode, TwoFactor
from shop.core.database import db
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, AdminClient
from tests.at_once import at_once
from tests.shopper import hidden_fields
from tests.totp_phone import Phone, give_code, secret_on, set_up

CODES, SECRET = "/admin/account/two-factor", "31" * 20


def sign_in_again(owner):
    owner.sign_out()
    return owner.sign_in()


def test_with_two_factor_codes_the_password_alone_opens_nothing(owner, clock):
    phone, _ = set_up(owner, clock)
    owner.sign_out()

    half = owner.sign_in(address=owner.get("/admin/account").headers["Location"])

    assert half.headers["Location"].startswith("/admin/sign-in/code")
    assert owner.get("/admin/").status_code == 303
    form = hidden_fields(owner.get(half.headers["Location"]).text)
    assert owner.post("/admin/sign-in/code", {**form, "code": phone.code()}).headers["Location"] == "/admin/account"
    assert owner.get("/admin/").status_code == 200


def test_a_two_factor_code_works_once(app, owner, clock):
    phone, _ = set_up(owner, clock)
    sign_in_again(owner)
    second = AdminClient(app)
    second.sign_in()

    assert give_code(owner, phone.code(later=-30)).status_code == 422, "the code of the set-up"
    assert give_code(owner, phone.code()).status_code == 303
    assert give_code(second, phone.code()).status_code == 422
    clock.forward(seconds=30)
    assert give_code(second, phone.code()).status_code == 303


@both_databases
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_simultaneous_logins_with_the_same_code_let_one_in(app, owner, clock, kind):
    phone, recovery = set_up(owner, clock)
    code = phone.code() if kind == "app" else recovery[0]
    visitors = [AdminClient(app) for _ in range(4)]
    for visitor in visitors:
        visitor.sign_in()

    replies = at_once([lambda visitor=visitor: give_code(visitor, code).status_code for visitor in visitors])

    assert sorted(replies) == [303, 422, 422, 422]


@pytest.mark.parametrize(
    ("later", "typed", "right"),
    [
        *((0, typed, True) for typed in ("{0} {1}", " {0}-{1} ", "{0}\N{NO-BREAK SPACE}{1}")),
        *((later, "{0}{1}", -60 < later < 60) for later in (-60, -29, 0, 30, 60)),
    ],
)
def test_a_code_may_be_typed_in_groups_and_the_clock_be_half_a_minute_off(clock, later, typed, right):
    clock.now = clock.now.replace(second=0)
    phone = Phone(two_factor.setup_key(SECRET), clock)
    code = phone.code(later)

    assert (two_factor.matching_step(SECRET, typed.format(code[:3], code[3:])) is not None) == right


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "\0" * 6, "x" * 5_000, "\N{ARABIC-INDIC DIGIT ONE}" * 6, "<canary>&\"'", "😀"]
)
def test_an_invalid_code_is_refused(owner, clock, typed):
    set_up(owner, clock)
    sign_in_again(owner)

    refused = give_code(owner, typed)

    assert refused.status_code == 422
    assert "<title>Error: " in refused.text
    assert owner.get("/admin/").status_code == 303


def test_ten_recovery_codes_are_shown_once_stored_as_hashes_and_each_signs_in_once(app, owner, clock):
    _, recovery = set_up(owner, clock)
    assert recovery[0] not in owner.get(CODES).text
    with app.app_context():
        kept = set(db.session.scalars(select(RecoveryCode.code_hash)))
    assert kept == {hashlib.sha256(code.replace("-", "").encode()).hexdigest() for code in recovery}

    sign_in_again(owner)
    assert len(set(recovery)) == 10
    assert give_code(owner, recovery[0].upper().replace("-", " ")).status_code == 303
    assert "You have 9 left" in owner.get("/admin/").text
    sign_in_again(owner)
    assert give_code(owner, recovery[0]).status_code == 422
    assert give_code(owner, recovery[1]).status_code == 303

    owner.post(f"{CODES}/recovery", hidden_fields(owner.get(CODES).text))
    sign_in_again(owner)
    assert give_code(owner, recovery[2]).status_code == 422, "new codes replace the old ones"


def test_the_secret_is_encrypted_and_shown_on_the_set_up_page_only(app, owner, clock):
    page = owner.get(CODES).text
    image = owner.get(f"{CODES}.svg")
    assert (image.mimetype, image.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    refused = owner.post(CODES, {**hidden_fields(page), "code": "000000"})
    assert refused.status_code == 422
    assert secret_on(refused.text) == secret_on(owner.get(CODES).text) == secret_on(page), "a reload keeps it"
    assert owner.get("/admin/account").text.count("Set up two-factor codes") == 1
    written = secret_on(page).replace(" ", "")
    phone, _ = set_up(owner, clock)

    with app.app_context():
        sealed = db.session.scalars(select(TwoFactor.secret)).one()
    assert written.lower() not in sealed.lower()
    assert phone.totp._hotp._key.hex() not in sealed
    for address in ("/admin/account", CODES, "/admin/users"):
        assert written not in owner.get(address).text.replace(" ", "")
    assert owner.get(f"{CODES}.svg").status_code == 404, "the image goes with the set-up"


def test_the_qr_code_holds_a_provisioning_uri():
    address = two_factor.provisioning_uri(SECRET, "owner@example.com", "Mkono & Daughters")

    assert re.match(
        r"otpauth://totp/Mkono%20%26%20Daughters:owner%40example.com\?.*secret=GEYTCMJRGEYTCMJRGEYTCMJRGEYTCMJR",
        address,
    )


def test_without_the_key_recovery_codes_still_work(settings, owner, clock):
    phone, recovery = set_up(owner, clock)
    visitor = AdminClient(create_app({**settings, "SECRET_KEY": "another-key-for-tests-0123456789"}))
    visitor.sign_in()

    assert give_code(visitor, phone.code()).status_code == 422
    assert give_code(visitor, recovery[0]).status_code == 303


def test_turning_codes_off_needs_the_password_and_a_code(owner, clock):
    phone, _ = set_up(owner, clock)
    form = hidden_fields(owner.get(CODES).text)
    with owner.browser.session_transaction("/admin/") as session:
        session[login.CONFIRMED_AT] = 0

    held_back = owner.post(f"{CODES}/off", form, headers={"Referer": f"http://localhost{CODES}"})
    assert held_back.headers["Location"] == f"/admin/confirm?next={CODES}"
    page = owner.get(held_back.headers["Location"])
    assert "Nothing was saved. Confirm your password" in page.text
    assert "Set up two-factor codes" not in owner.get("/admin/account").text

    form = hidden_fields(page.text)
    assert owner.post("/admin/confirm", {**form, "password": PASSWORD}).status_code == 422, "the code is needed too"
    refused = owner.post("/admin/confirm", {**form, "password": PASSWORD, "code": "000000"})
    assert (refused.status_code, "That code is not right" in refused.text) == (422, True)
    wrong = owner.post("/admin/confirm", {**form, "password": "not it at all", "code": phone.code()})
    assert wrong.status_code == 422
    passed = owner.post("/admin/confirm", {**form, "password": PASSWORD, "code": phone.code()})
    assert passed.headers["Location"] == CODES, "a wrong password does not use the code up"

    owner.post(f"{CODES}/off", form | hidden_fields(owner.get(CODES).text))
    assert sign_in_again(owner).headers["Location"] == "/admin/"


def test_the_command_turns_codes_off_for_a_locked_out_owner(app, owner, clock, goods):
    set_up(owner, clock)
    run = app.test_cli_runner().invoke

    turned_off = run(args=["merchant", "totp-reset", EMAIL.upper()])
    assert turned_off.output == f"{EMAIL} now signs in with the password alone.\n"
    assert owner.get("/admin/").status_code == 303, "and is signed out"
    assert owner.sign_in().headers["Location"] == "/admin/"
    assert run(args=["merchant", "totp-reset", EMAIL]).output == f"{EMAIL} had no two-factor codes set up.\n"
    assert run(args=["merchant", "totp-reset", "nobody@example.com"]).exit_code == 1
    assert f"Turned off the two-factor codes of {EMAIL}" in goods.acts()


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
