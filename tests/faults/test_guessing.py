"""Guessed passwords, codes and callback addresses, from many client addresses and at two web processes."""

import itertools
import re
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote

import pytest
from itsdangerous import Signer
from sqlalchemy import select

from shop import create_app
from shop.accounts import credentials, login_throttle, two_factor
from shop.accounts.models import User
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from shop.payments.callback_intake import callback_token
from tests import both_databases
from tests.admin_client import EMAIL, AdminClient, CountingHasher, create_owner
from tests.conftest import SECRET
from tests.figures import LONG, size
from tests.shopper import Bought, hidden_fields

pytestmark = both_databases
TRIES = size(60, 1000)
MAX_TRIES, MAX_CODES = login_throttle.MAX_TRIES, 5
SPELLINGS = (
    *(EMAIL, EMAIL.upper(), f" {EMAIL} ", "ow\u00adner@example.com", "\u2060owner@example.com"),
    *("\u200bowner@example.com", "owner@example\u3002com", "owner@example\uff0ecom", "owner@\uff45xample.com"),
    *("Owner@EXAMPLE\uff61com", "owner@ex\u200bample.com"),
)
SIGN_IN = "/admin/sign-in"


@pytest.fixture
def settings(settings):
    return {**settings, "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def visitors(app, settings):
    """A visitor at each of two web processes: what one counts in its memory the other does not know."""
    create_owner(app)
    other = create_app(settings)
    yield [AdminClient(app), AdminClient(other)]
    with other.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def checks(visitors, monkeypatch):
    """The comparisons of a password with a hash."""
    hasher = CountingHasher(credentials.hasher)
    monkeypatch.setattr(credentials, "hasher", hasher)
    return hasher.calls


def send(visitors, page: str, guesses, network: str = "10.0.0.", addresses: int = 100) -> list[int]:
    """Send a form with each of the guesses, at each process in turn and from many addresses: the statuses."""
    forms = [hidden_fields(visitor.get(page).text) for visitor in visitors]
    statuses = []
    for number, guess in enumerate(guesses):
        headers = {"X-Forwarded-For": f"{network}{number % addresses}"}
        filled = {**forms[number % 2], **guess}
        statuses.append(visitors[number % 2].browser.post(page, data=filled, headers=headers).status_code)
    return statuses


def passwords(*emails: str) -> list[dict[str, str]]:
    return [{"email": emails[number % len(emails)], "password": f"guess {number}"} for number in range(TRIES)]


@pytest.mark.parametrize("addresses", [1, 100])
@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_of_many_wrong_passwords_ten_are_checked(visitors, checks, reached, addresses, email):
    statuses = send(visitors, SIGN_IN, passwords(email), addresses=addresses)

    assert len(checks) == MAX_TRIES
    assert statuses == [200] * MAX_TRIES + [429] * (TRIES - MAX_TRIES)
    if email == EMAIL:
        many = f"{addresses} address{'es' * (addresses > 1)}"
        reached(
            f"{TRIES:,} wrong passwords for one e-mail from {many}, two processes",
            f"{len(checks)} looked at in 5 minutes",
        )


def test_one_account_has_ten_tries_in_every_spelling(visitors, checks, reached):
    statuses = send(visitors, SIGN_IN, passwords(*SPELLINGS), "2c0f:fe38:2405:9a5c::", TRIES)

    assert len(checks) == MAX_TRIES
    assert statuses == [200] * MAX_TRIES + [429] * (TRIES - MAX_TRIES)
    for spelling in SPELLINGS:
        assert visitors[0].sign_in(spelling).status_code == 429, "the right password helps a guesser no more"
    reached(
        f"{TRIES:,} wrong passwords for one e-mail in many spellings, from addresses of one /64, two processes",
        f"{len(checks)} looked at in 5 minutes",
    )


def test_of_many_codes_and_recovery_codes_five_are_checked(app, visitors, monkeypatch, reached):
    checked, proof = [], two_factor._proof
    monkeypatch.setattr(two_factor, "_proof", lambda *asked: checked.append(asked) or proof(*asked))
    with app.app_context():
        mine = db.session.scalars(select(User.id)).one()
        recovery = write(lambda: two_factor.turn_on(mine, two_factor.new_secret(), 0))
    for visitor in visitors:
        assert visitor.sign_in().headers["Location"].startswith("/admin/sign-in/code")

    codes = [f"{number:06d}" if number % 4 < 2 else "aaaaa-bbbbb-ccccc" for number in range(TRIES)]
    statuses = send(visitors, "/admin/sign-in/code", [{"code": code} for code in (*codes, recovery[0])])

    assert len(checked) == MAX_CODES
    assert statuses == [422] * MAX_CODES + [429] * (TRIES - MAX_CODES + 1), "the right one is not checked either"
    reached(
        f"{TRIES:,} wrong codes and recovery codes, 100 addresses, two processes",
        f"{MAX_CODES} looked at in 5 minutes",
    )


def test_many_requests_for_a_new_password_send_one_email_an_hour(visitors, ledger, reached):
    send(visitors, "/admin/sign-in/forgotten", [{"email": EMAIL}] * TRIES)

    assert ledger.count(OutboxEmail, OutboxEmail.kind == "new_password") == 1
    reached(f"{TRIES:,} requests for a new password from 100 addresses", "1 mail")


def test_an_email_without_an_account_gets_the_same_answer_in_the_same_time(visitors, checks, monkeypatch, reached):
    monkeypatch.setattr(login_throttle, "seconds_to_wait", lambda _key: 0)
    times, emails = size(6, 200), (EMAIL, "nobody@example.com")
    form = hidden_fields(visitors[0].get(SIGN_IN).text)
    seconds: dict[str, list[float]] = {email: [] for email in emails}
    pages = {}
    for number, email in itertools.product(range(times), emails):
        began = time.perf_counter()
        filled, headers = {**form, "email": email, "password": "guess"}, {"X-Forwarded-For": f"10.0.1.{number}"}
        reply = visitors[0].browser.post(SIGN_IN, data=filled, headers=headers)
        seconds[email].append(time.perf_counter() - began)
        text = re.sub(r'name="csrf_token" value="[^"]*"', "", reply.text).replace(email, "")
        pages[email] = (reply.status_code, text, sorted(name for name, _ in reply.headers))
        assert len(checks) == sum(map(len, seconds.values())), "one hash for each"

    assert pages[emails[0]] == pages[emails[1]]
    if LONG:
        known, unknown = (statistics.median(seconds[email]) for email in emails)
        assert 0.9 < unknown / known < 1.1
        reached("An unknown e-mail at sign-in", f"same bytes, {unknown / known:.3f} times the median time")


def forgeries(bought: Bought, other: Bought, session: str) -> list[Callable[[int], str]]:
    """Fifteen ways to forge a token, each a function of a number."""
    token, other_token = (one.callback_path.rsplit("/", 1)[1] for one in (bought, other))
    order = bought.order_path.rsplit("/", 1)[1]
    (secret, signature), (other_secret, other_signature) = token.split("."), other_token.split(".")
    purposes = ("", "itsdangerous", "checkout key", "session", "cookie-session")

    def bit_flipped(number: int) -> str:
        place, bit = number % len(token), (0, 1, 5)[number // len(token) % 3]
        return token[:place] + quote(chr(ord(token[place]) ^ 1 << bit), safe="") + token[place + 1 :]

    def escaped_twice(number: int) -> str:
        place = number % len(token)
        return f"{token[:place]}{'%25' * (1 + number % 3)}{ord(token[place]):02X}{token[place + 1 :]}"

    return [
        lambda _: secrets.token_urlsafe(16),
        lambda _: f"{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
        str,
        lambda number: str(int(bought.reference) + number - 500),
        lambda number: token[: number % len(token)],
        lambda number: token + "A=%20%00%0A"[: 1 + number % 10].rstrip("%0"),
        bit_flipped,
        lambda number: (token.lower(), token.upper(), token.swapcase())[number % 3],
        lambda number: (f"{secret}.{other_signature}", f"{other_secret}.{signature}")[number % 2],
        lambda number: callback_token(secret, [f"another-key-of-the-same-length-{number:06d}"]),
        lambda number: Signer(SECRET, salt=purposes[number % 5]).sign(secret).decode(),
        lambda number: (order, f"{order}.{signature}", f"{secret}.{order}")[number % 3],
        lambda number: session[number % 20 :],
        escaped_twice,
        lambda number: token.replace(".", "。․．"[number % 3]) if number % 2 else "Ａ" + token[1:],
    ]


def test_no_forged_callback_is_accepted(app, shopper, ledger, reached):
    def rows() -> dict[str, int]:
        return {table.name: ledger.count(table) for table in db.metadata.sorted_tables}

    bought, other = shopper.buy(), shopper.buy()
    kinds = forgeries(bought, other, shopper.browser.get_cookie("session").value)
    tokens = [kinds[number % len(kinds)](number // len(kinds)) for number in range(size(3_000, 20_000))]
    assert not {one.callback_path.rsplit("/", 1)[1] for one in (bought, other)} & set(tokens)
    # the second body completes an order of Chpter's WordPress plugin
    bodies = [*[bought.callback()] * 9, {"Success": True, "transaction_reference": "1"}]
    before, browser, answers = rows(), app.test_client(), Counter()
    began = time.process_time()  # so that what else runs on the machine does not count
    for number, token in enumerate(tokens):
        reply = browser.post(f"/chpter/callbacks/{token}", json=bodies[number % 10])
        answers[reply.status_code, reply.data] += 1
    rate = len(tokens) / (time.process_time() - began)

    assert [status for status, _ in answers] == [404], "every answer is the same"
    assert rows() == before
    assert bought.status["payment"] == "awaiting"
    reached(
        f"Forged callbacks, {len(kinds)} classes",
        f"0 of {len(tokens):,} accepted, 0 rows, 0 of 5xx, one answer; {rate:,.0f} for each second of one core",
    )
