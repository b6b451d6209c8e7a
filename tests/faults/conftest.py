"""Fixtures of the fault programmes."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import astuple
from functools import partial
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from threading import Barrier, BrokenBarrierError
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import select

from shop.cart.models import Cart, CartLine
from shop.cart.storage import TOKEN
from shop.checkout import views as checkout
from shop.checkout.forms import new_key
from shop.core.database import db, write
from tests import figures
from tests.faults import leaks
from tests.faults.broken_http import HOST
from tests.shopper import hidden_fields

_BEGAN = monotonic()
_reached: list[figures.Figure] = []
_searched: Counter[str] = Counter()  # what all tests left behind


@pytest.fixture
def reached(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Record a figure of a programme: reached("Forged callbacks", "0 of 20,000 accepted")."""
    database = "PostgreSQL" if request.getfixturevalue("database_url").startswith("postgresql") else "SQLite"
    return lambda programme, words: _reached.append(figures.Figure(programme, database, words))


@pytest.fixture
def answers(request: pytest.FixtureRequest) -> Iterator[leaks.Answers]:
    """Looks at every answer that a shop gives in this process."""
    provider = request.getfixturevalue("provider") if "provider" in request.fixturenames else None
    with leaks.Answers(provider) as watching:
        yield watching


@pytest.fixture(autouse=True)
def nothing_tells_a_secret(request: pytest.FixtureRequest, answers: leaks.Answers, tmp_path: Path) -> Iterator[None]:
    """After each programme: what it logged, here and in its processes, holds no key, no token and no buyer's details.

    No page, export or email of it holds a key, a password or a callback address.
    """
    app = request.getfixturevalue("app") if "app" in request.fixturenames else None
    with leaks.Lines() as here:
        yield
    if app:
        answers.outbox(app)
    lines = [
        *here.all,
        *(line for log in tmp_path.rglob("*.log") for line in log.read_text(errors="replace").splitlines()),
    ]
    answers.emails(map(leaks.text_of, leaks.emails_in(tmp_path)))
    assert leaks.found_in(lines, leaks.NOT_IN_LOGS) == []
    assert answers.found == []
    _searched.update(answers.searched, programmes=1, lines=len(lines))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """After a long programme that passed whole: store its figures. An xdist worker hands its figures on."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["reached"] = [astuple(figure) for figure in _reached]
        session.config.workeroutput["searched"] = dict(_searched)
    elif figures.LONG and _reached and not session.testsfailed and not session.config.option.keyword:
        words = (
            "0 in {lines:,} log lines, {pages:,} pages, {exports:,} exports and {mails:,} mails of {programmes:,} tests"
        )
        counts = {"pages": 0, "exports": 0, "mails": 0, **_searched}
        _reached.append(figures.Figure(figures.SECRETS, "both", words.format(**counts)))
        [module] = {Path(argument.split("::")[0]).stem.removeprefix("test_") for argument in session.config.args}
        figures.write_figures(module, _reached, monotonic() - _BEGAN)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended: take over its figures."""
    output = getattr(node, "workeroutput", {})
    _reached.extend(figures.Figure(*figure) for figure in output.get("reached", ()))
    _searched.update(output.get("searched", {}))


@pytest.fixture
def live(settings: dict[str, str]) -> dict[str, str]:
    """The settings of the same shop in production, behind its proxy. It is never to be asked for a payment page."""
    return {**settings, "SHOP_URL": f"https://{HOST}", "CHPTER_URL": "https://chpter.co", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def checkout_forms(app, shopper):
    """Buyers with the shopper's cart, each in a cart of their own: their cookies, and their checkout forms.

    All of them type `answers`.
    """
    numbers = itertools.count()

    def fill_in(count: int, **answers: str) -> tuple[list[str], list[dict[str, str]]]:
        filled = shopper.fill_checkout(**answers)
        filled |= hidden_fields(shopper.post("/checkout", {**filled, "apply": "code"}).text)
        with shopper.browser.session_transaction() as session:
            known = dict(session)
        with app.test_request_context():
            signed = app.session_interface.get_signing_serializer(app)
            tokens = write(lambda: copies_of_cart(known[TOKEN], count))
            cookies = [signed.dumps({**known, TOKEN: token}) for token in tokens]
            forms = [{**filled, **buyer(next(numbers)), **answers, "checkout_key": new_key()} for _ in range(count)]
        return cookies, forms

    return fill_in


def buyer(number: int) -> dict[str, str]:
    return {"phone_number": f"0712 {number // 1000:03d} {number % 1000:03d}", "email": f"buyer{number}@example.com"}


def copies_of_cart(token: str, count: int) -> list[str]:
    """Tokens of new carts like another."""
    cart = db.session.scalars(select(Cart).where(Cart.token_hash == sha256(token.encode()).hexdigest())).one()
    lines = db.session.scalars(select(CartLine).where(CartLine.cart_id == cart.id).order_by(CartLine.id)).all()
    same = {name: getattr(cart, name) for name in ("created_at", "updated_at", "area", "code")}
    in_cart = [{name: getattr(line, name) for name in ("sku", "quantity", "shown_price")} for line in lines]
    tokens = [token_urlsafe(24) for _ in range(count)]
    for new in tokens:
        copy = Cart(**same, token_hash=sha256(new.encode()).hexdigest())
        db.session.add(copy)
        db.session.flush()
        db.session.add_all([CartLine(cart_id=copy.id, **line) for line in in_cart])
    return tokens


@pytest.fixture
def crowd(app, checkout_forms):
    """Buyers with the shopper's cart, each at an address of their own: functions that press Pay."""
    numbers = itertools.count()

    def press(cookie: str, form: dict[str, str], number: int):
        browser = app.test_client()
        browser.set_cookie("session", cookie)
        address = f"10.0.{number // 250}.{number % 250}"  # believed where the settings name a proxy
        reply = browser.post("/checkout", data=form, headers={"X-Forwarded-For": address})
        back = reply.headers.get("Location", "")
        return browser.get(back) if back.startswith(("/checkout", "/cart")) else reply

    def gather(count: int, **answers: str):
        cookies, forms = checkout_forms(count, **answers)
        return [partial(press, *one, next(numbers)) for one in zip(cookies, forms, strict=True)]

    return gather


@pytest.fixture
def together(monkeypatch):
    """Let this many buyers all have read the stock before the first of them writes."""

    def gate(count: int) -> None:
        barrier, place = Barrier(count), checkout.place_order

        def wait_and_place(*order):
            db.session.rollback()  # a buyer who waits holds no connection
            with suppress(BrokenBarrierError):
                barrier.wait(20)
            return place(*order)

        monkeypatch.setattr(checkout, "place_order", wait_and_place)

    return gate
