"""The search for secrets finds one of each kind that is planted, and the second factor's stay where they belong."""

import logging
import re
from pathlib import Path

import pytest
from flask import Response, redirect
from sqlalchemy import update

from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from tests.admin_client import PASSWORD
from tests.conftest import SECRET, TOKEN
from tests.faults.figures import SECRETS
from tests.faults.inhabited import OWNER, PRIVATE, Inhabited
from tests.faults.leaks import KEYS, PERSONS, SIGNED, Lines, Watch, found_in, lines_of_files
from tests.totp_phone import Clock, set_up

pytestmark = pytest.mark.plants_secrets


@pytest.fixture
def shop(app, provider, settings) -> Inhabited:
    return Inhabited(app, provider, Path(settings["INSTANCE_PATH"]))


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("provider key", f"refused with {TOKEN}"),
        ("signing key", f"signed with {SECRET}"),
        ("password", f"typed {PASSWORD!r}"),
        ("password hash", "$argon2id$v=19$m=19456,t=2,p=1$abc$def"),
        ("signed token", "POST /chpter/callbacks/q3ZkP0v1sV2mWn8YbTjU4w.mJ0l9kq2wq8m3XcVbN5tYhR7eDs"),
        ("TOTP secret", "otpauth://totp/Mkono:owner"),
        ("TOTP secret", "set up GEYT CMJR GEYT CMJR GEYT CMJR GEYT CMJR"),
        ("TOTP secret", "set up GEYTCMJRGEYTCMJRGEYTCMJRGEYTCMJR"),
        ("recovery code", "used k3f9a-p2m7x-q8w4z"),
        ("phone", "called 0712 345 678"),
        ("phone", "called +254712345678"),
        ("phone", "called 254110345678."),
        ("e-mail", "wrote to buyer@example.com"),
        ("name", "sold to Wanjiru Test"),
    ],
)
def test_one_planted_line_of_each_kind_is_found(kind, line, unguarded):
    with Lines() as lines:
        logging.getLogger("shop.payments").warning("%s", line)

    assert any(hit.startswith(f"{kind}:") for hit in found_in(lines.all, KEYS | SIGNED | PERSONS))
    unguarded(SECRETS, f"a {kind}, planted, is found")


def test_a_true_callback_address_in_a_line_is_found(shopper):
    assert found_in([f"POST {shopper.buy().callback_path} 200"], SIGNED)


def test_an_ordinary_line_is_no_secret():
    ordinary = [
        "2026-11-24 POST /orders/<token>/pay 303 12 ms",
        "order 93008434 paid, 2450",
        "callback settled R3, 1 of 2",
    ]

    assert found_in(ordinary, KEYS | SIGNED | PERSONS) == []


def test_what_a_process_printed_is_read(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "web-1.log").write_text(f"started\n{TOKEN}\n")

    assert len(found_in(lines_of_files(tmp_path), KEYS)) == 1


def test_a_secret_known_to_the_shop_is_found_on_a_page_a_mail_and_an_export(shop):
    for token in (shop.known["callback_token"][0], shop.cookie(OWNER).removeprefix("session=")):
        watch = Watch(shop)
        watch.page("owner", "/admin/", "text/html", f"<p>{token}</p>".encode())
        watch.page("owner", "/admin/orders/export", "text/csv", f"a,{token}".encode())
        assert len(watch.found) >= 2

    watch = Watch(shop)
    watch.page("nobody", "/orders/find", "text/html", PRIVATE["phone_number"].encode())
    assert len(watch.found) == 1

    (shop.folder / "mail" / "planted.eml").write_text(f"To: a@example.com\nSubject: x\n\n{TOKEN}\n")
    watch.letters()
    assert len(watch.found) == 2


@pytest.fixture
def secrets_of(shopper):
    """What no answer may hold: one of each kind."""
    callback = shopper.buy().callback_path
    return [TOKEN, SECRET, PASSWORD, "$argon2id$v=19", f"http://localhost{callback}", callback.rsplit("/", 1)[1]]


def test_one_of_each_kind_is_found_in_whatever_answer_tells_it(app, answers, secrets_of, monkeypatch):
    said = {
        "page": lambda it: f"<p>{it}</p>",
        "json": lambda it: {"it": it},
        "redirect": lambda it: redirect(f"/?it={it}"),
        "export": lambda it: Response(iter(["a,b\n", f"1,{it}\n"]), mimetype="text/csv"),
    }
    assert answers.found == []
    for kind, say in said.items():
        for secret in secrets_of:
            before = len(answers.found)
            monkeypatch.setitem(app.view_functions, "health.alive", lambda say=say, secret=secret: say(secret))
            app.test_client().get("/healthz", buffered=True)
            assert len(answers.found) > before, (kind, secret)
    assert answers.count.exports == len(secrets_of)
    assert answers.count.pages > 3 * len(secrets_of)


def test_one_of_each_kind_is_found_in_a_mail_that_was_written(app, answers, ledger, shopper, secrets_of):
    bought = shopper.buy()
    bought.hear(bought.callback())
    answers.outbox(app)
    assert (answers.count.mails, answers.found) == (ledger.count(OutboxEmail), [])
    for secret in secrets_of:
        before = len(answers.found)
        with app.app_context():
            write(lambda secret=secret: db.session.execute(update(OutboxEmail).values(body=f"Asante. {secret}")))
        answers.outbox(app)
        assert len(answers.found) > before, secret


def test_a_traceback_that_quotes_a_buyer_is_found():
    with Lines() as lines:
        try:
            int(PRIVATE["location"])
        except ValueError:
            logging.getLogger("flask.app").exception("broken")

    assert found_in(lines.all, PERSONS)


def test_secrets_of_the_second_factor_stand_on_no_other_page_and_in_no_line(shop, monkeypatch):
    clerk, watch = shop.visitors[OWNER], Watch(shop)
    with Lines() as lines:
        phone, recovery = set_up(clerk, Clock(monkeypatch))
        known = [*recovery, phone.written, phone.written.replace(" ", "")]
        for address in shop.addresses():
            reply = clerk.browser.get(address, buffered=True)
            if reply.mimetype.startswith("text/"):
                watch.page(OWNER, address, reply.mimetype, reply.data)
                assert not re.search("|".join(map(re.escape, known)), reply.text), address
    watch.lines(lines.all)

    assert len(recovery) == 10
    assert watch.pages > 60
    assert watch.found == []
    assert found_in(lines.all, {}, known) == []
