"""Guessing at the door: of a thousand tries ten are looked at, however many addresses and processes there are."""

import itertools
import re
import statistics
import time

import pytest
from sqlalchemy import select, update

from shop import create_app
from shop.accounts import credentials, login_throttle, two_factor
from shop.accounts.models import User
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from tests import both_databases
from tests.admin_client import EMAIL, PASSWORD, AdminClient, CountingHasher, create_owner
from tests.faults.figures import LONG, size
from tests.shopper import hidden_fields

pytestmark = both_databases
TRIES = size(60, 1000)
MAX_TRIES = login_throttle.MAX_TRIES
CODES = f"{TRIES:,} wrong codes and recovery codes, 100 addresses, two processes"
RESETS = f"{TRIES:,} requests for a new password from 100 addresses"
UNKNOWN = "An unknown e-mail at sign-in"
SPELLED = f"{TRIES:,} wrong passwords for one e-mail in many spellings, from addresses of one /64, two processes"
SPELLINGS = (
    *(
        EMAIL,
        EMAIL.upper(),
        f" {EMAIL} ",
        "ow\u00adner@example.com",
        "\u2060owner@example.com",
        "\u200bowner@example.com",
    ),
    *(
        "owner@example\u3002com",
        "owner@example\uff0ecom",
        "owner@\uff45xample.com",
        "Owner@EXAMPLE\uff61com",
        "owner@ex\u200bample.com",
    ),
)


@pytest.fixture
def settings(settings):
    return {**settings, "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def processes(app, settings):
    """Two web processes of one shop: what each counts in its own memory the other does not know."""
    create_owner(app)
    other = create_app(settings)
    yield [app, other]
    with other.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def checks(processes, monkeypatch):
    """How often a password was compared with a hash."""
    hasher = CountingHasher(credentials.hasher)
    monkeypatch.setattr(credentials, "hasher", hasher)
    return hasher.calls


def guess(processes, addresses: int, *emails: str, network: str = "10.0.0.") -> list[int]:
    """So many wrong passwords for an e-mail in these spellings, from so many addresses, at each process in turn."""
    emails = emails or (EMAIL,)
    visitors = [AdminClient(app) for app in processes]
    forms = [hidden_fields(visitor.get("/admin/sign-in").text) for visitor in visitors]
    answers = []
    for number in range(TRIES):
        which = number % len(visitors)
        filled = {**forms[which], "email": emails[number % len(emails)], "password": f"guess {number}"}
        headers = {"X-Forwarded-For": f"{network}{number % addresses}"}
        answers.append(visitors[which].browser.post("/admin/sign-in", data=filled, headers=headers).status_code)
    return answers


@pytest.mark.parametrize("addresses", [1, 100])
@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_of_many_wrong_passwords_ten_are_looked_at(processes, checks, reached, addresses, email):
    answers = guess(processes, addresses, email)

    assert len(checks) == MAX_TRIES
    assert answers == [200] * MAX_TRIES + [429] * (TRIES - MAX_TRIES)
    if email == EMAIL:
        reached(passwords(addresses), f"{len(checks)} looked at in 5 minutes")


def test_one_account_has_ten_tries_however_it_is_spelled(processes, checks, reached):
    answers = guess(processes, TRIES, *SPELLINGS, network="2c0f:fe38:2405:9a5c::")

    assert len(checks) == MAX_TRIES
    assert answers == [200] * MAX_TRIES + [429] * (TRIES - MAX_TRIES)
    for spelling in SPELLINGS:
        assert AdminClient(processes[0]).sign_in(spelling).status_code == 429, (
            "the right password helps a guesser no more"
        )
    reached(SPELLED, f"{len(checks)} looked at in 5 minutes")


def passwords(addresses: int) -> str:
    """What the proof calls it."""
    return f"{TRIES:,} wrong passwords for one e-mail from {addresses} address{'es' * (addresses > 1)}, two processes"


@pytest.fixture
def looked_at(monkeypatch):
    """Every code that was compared with what is right."""
    looked, proof = [], two_factor._proof
    monkeypatch.setattr(two_factor, "_proof", lambda *asked: looked.append(asked) or proof(*asked))
    return looked


@pytest.fixture
def halfway(processes):
    """An owner with codes; at each process somebody who knows the password and has the page for the code open."""
    with processes[0].app_context():
        mine = db.session.scalars(select(User.id)).one()
        recovery = write(lambda: two_factor.turn_on(mine, two_factor.new_secret(), 0))
    visitors = [AdminClient(one) for one in processes]
    for visitor in visitors:
        assert visitor.sign_in().headers["Location"].startswith("/admin/sign-in/code")
    forms = [hidden_fields(visitor.get("/admin/sign-in/code").text) for visitor in visitors]

    def give(which: int, code: str, address: int = 0) -> int:
        filled, headers = {**forms[which], "code": code}, {"X-Forwarded-For": f"10.0.0.{address}"}
        return visitors[which].browser.post("/admin/sign-in/code", data=filled, headers=headers).status_code

    return give, recovery


def guess_codes(give) -> list[int]:
    """Wrong codes and recovery codes, from many addresses, at each process in turn: the answers."""
    typed = [f"{number:06d}" if number % 4 < 2 else "aaaaa-bbbbb-ccccc" for number in range(TRIES)]
    return [give(number % 2, code, number % 100) for number, code in enumerate(typed)]


def test_codes_and_recovery_codes_are_looked_at_five_times(halfway, looked_at, reached):
    give, recovery = halfway
    answers = guess_codes(give)

    assert len(looked_at) == 5
    assert answers == [422] * 5 + [429] * (TRIES - 5)
    assert give(0, recovery[0]) == 429, "a right one is not looked at either"
    reached(CODES, "5 looked at in 5 minutes")


def ask_for_a_password(processes) -> int:
    """So many requests for a new password, from many addresses, at each process in turn: how many mails they sent."""
    visitors = [AdminClient(app) for app in processes]
    forms = [hidden_fields(visitor.get("/admin/sign-in/forgotten").text) for visitor in visitors]
    for number in range(TRIES):
        filled = {**forms[number % 2], "email": EMAIL}
        headers = {"X-Forwarded-For": f"10.0.0.{number % 100}"}
        visitors[number % 2].browser.post("/admin/sign-in/forgotten", data=filled, headers=headers)
    with processes[0].app_context():
        return db.session.query(OutboxEmail).filter_by(kind="new_password").count()


def test_a_forgotten_password_sends_one_mail_an_hour_whoever_asks(processes, reached):
    assert ask_for_a_password(processes) == 1
    reached(RESETS, "1 mail")


@pytest.fixture
def tell_apart(app, checks, monkeypatch):
    """Sign in as somebody and as nobody, in turn: what each sees, compares, and the median seconds it takes."""
    monkeypatch.setattr(login_throttle, "seconds_to_wait", lambda _key: 0)

    def run(times: int):
        visitor, emails = AdminClient(app), (EMAIL, "nobody@example.com")
        form = hidden_fields(visitor.get("/admin/sign-in").text)
        pages, compared, seconds = {}, {email: [] for email in emails}, {email: [] for email in emails}
        for number, email in itertools.product(range(times), emails):
            before, began = len(checks), time.perf_counter()
            filled = {**form, "email": email, "password": "guess"}
            headers = {"X-Forwarded-For": f"10.0.1.{number}"}
            reply = visitor.browser.post("/admin/sign-in", data=filled, headers=headers)
            seconds[email].append(time.perf_counter() - began)
            compared[email].append(len(checks) - before)
            words = re.sub(r'name="csrf_token" value="[^"]*"', "", reply.text).replace(email, "")
            pages[email] = (reply.status_code, words, sorted(name for name, _ in reply.headers))
        return [(pages[one], compared[one], statistics.median(seconds[one])) for one in emails]

    return run


def test_an_email_that_nobody_has_is_answered_the_same_and_takes_as_long(tell_apart, reached):
    times = size(6, 200)

    (page, compared, known), (same_page, as_often, unknown) = tell_apart(times)

    assert page == same_page
    assert compared == as_often == [1] * times
    if LONG:
        assert 0.9 < unknown / known < 1.1
        reached(UNKNOWN, f"same bytes, {unknown / known:.3f} times the median time")


def test_a_copied_cookie_is_dead_at_every_process_once_it_should_be(processes):
    app, other = processes

    def sits(cookie):
        visitor = AdminClient(other)
        visitor.browser.set_cookie("session", cookie)
        return visitor.browser.get("/admin/").status_code == 200

    def cookie_of(owner):
        return owner.browser.get_cookie("session").value

    owner = AdminClient(app)
    owner.get("/admin/sign-in")
    planted = cookie_of(owner)
    assert owner.sign_in().status_code == 303
    assert not sits(planted), "what stood in the browser before is worth nothing"
    copied = cookie_of(owner)
    assert sits(copied)
    owner.sign_out()
    assert not sits(copied)

    owner.sign_in()
    elsewhere = AdminClient(app)
    elsewhere.sign_in()
    copied = cookie_of(owner)
    token = hidden_fields(elsewhere.get("/admin/me").text)
    fields = {"old": PASSWORD, "password": "salt lorry thumb violin"}
    assert elsewhere.post("/admin/me/password", {**token, **fields}).status_code == 303
    assert not sits(copied)
    copied = cookie_of(elsewhere)
    assert sits(copied)
    with app.app_context():
        write(lambda: db.session.execute(update(User).values(active=False)))
    assert not sits(copied)
