"""Forged callbacks by the thousand: none is believed, none leaves a row, and no two answers differ."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from time import process_time
from urllib.parse import quote

import pytest
from itsdangerous import Signer
from sqlalchemy import func, select

from shop.core.database import db
from shop.payments import callback_intake
from tests import both_databases
from tests.conftest import SECRET
from tests.faults.figures import size
from tests.shopper import Bought

pytestmark = both_databases
PROGRAMME = "Forged callbacks, 15 classes"
INCUMBENT = {"Success": True, "transaction_reference": "1"}  # completes an order of the provider's WordPress plugin


def rows(app) -> dict[str, int]:
    """How many rows each table has."""
    with app.app_context():
        return {
            table.name: db.session.scalar(select(func.count()).select_from(table))
            for table in db.metadata.sorted_tables
        }


def classes(bought: Bought, other: Bought, session: str) -> dict[str, Callable[[int], str]]:
    """Fifteen ways to make a token that is none, each for a number."""
    token, others = (one.callback_path.rsplit("/", 1)[1] for one in (bought, other))
    order = bought.order_path.rsplit("/", 1)[1]
    secret, signature = token.split(".")
    other_secret, other_signature = others.split(".")
    purposes = ("", "itsdangerous", "checkout key", "session", "cookie-session")

    def flipped(number: int) -> str:
        place, bit = number % len(token), (0, 1, 5)[number // len(token) % 3]
        turned = quote(chr(ord(token[place]) ^ 1 << bit), safe="")
        return token[:place] + turned + token[place + 1 :]

    def escaped(number: int) -> str:
        place = number % len(token)
        return f"{token[:place]}{'%25' * (1 + number % 3)}{ord(token[place]):02X}{token[place + 1 :]}"

    def signed(key: str, purpose: str, kept: str) -> str:
        return Signer(key, salt=purpose).sign(kept).decode()

    return {
        "guessed": lambda _: secrets.token_urlsafe(16),
        "guessed with a signature": lambda _: f"{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
        "counted up": str,
        "the reference": lambda number: str(int(bought.reference) + number - 500),
        "cut short": lambda number: token[: number % len(token)],
        "made longer": lambda number: token + "A=%20%00%0A"[: 1 + number % 10].rstrip("%0"),
        "bits flipped": flipped,
        "in another case": lambda number: (token.lower(), token.upper(), token.swapcase())[number % 3],
        "halves of two": lambda number: (f"{secret}.{other_signature}", f"{other_secret}.{signature}")[number % 2],
        "another key": lambda number: callback_intake.callback_token(
            secret, [f"another-key-of-the-same-length-{number:06d}"]
        ),
        "another purpose": lambda number: signed(SECRET, purposes[number % 5], secret),
        "the order's token": lambda number: (order, f"{order}.{signature}", f"{secret}.{order}")[number % 3],
        "the session": lambda number: session[number % 20 :],
        "escaped twice": escaped,
        "look-alikes": lambda number: token.replace(".", "。․．"[number % 3]) if number % 2 else "Ａ" + token[1:],
    }


def forgeries(made: dict[str, Callable[[int], str]], count: int) -> Iterator[tuple[str, str]]:
    """So many tokens, the classes in turn."""
    for number, name in enumerate(islice(cycle(made), count)):
        yield name, made[name](number // len(made))


@pytest.fixture
def tried(app, shopper):
    """Post a success to so many forged addresses: the answers, the rate, the rows they left, and the order.

    The rate is for each second of processor time, so that what else runs on the machine does not count.
    """

    def try_them(count: int):
        bought, other = shopper.buy(), shopper.buy()
        session = shopper.browser.get_cookie("session").value
        true = {one.callback_path.rsplit("/", 1)[1] for one in (bought, other)}
        made = list(forgeries(classes(bought, other, session), count))
        assert not [name for name, token in made if token in true]
        before, browser, answers = rows(app), app.test_client(), Counter()
        bodies = (bought.callback(), INCUMBENT)
        began = process_time()
        for number, (_, token) in enumerate(made):
            reply = browser.post(f"/chpter/callbacks/{token}", json=bodies[number % 10 == 0])
            answers[reply.status_code, reply.data] += 1
        rate = len(made) / (process_time() - began)
        after = rows(app)
        left = {name: after[name] - before[name] for name in after if after[name] != before[name]}
        return answers, rate, left, bought

    return try_them


def test_no_forged_callback_is_accepted(tried, reached):
    count = size(3_000, 20_000)

    answers, rate, left, bought = tried(count)

    assert {status for status, _ in answers} == {404}
    assert len(answers) == 1, "the answers differ"
    assert left == {}
    assert bought.status["payment"] == "awaiting"
    reached(
        PROGRAMME,
        f"0 of {sum(answers.values()):,} accepted, 0 rows, 0 of 5xx, one answer; {rate:,.0f} for each second of one "
        "core",
    )
