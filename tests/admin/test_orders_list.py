"""The orders: found by whatever people say over the phone, and marked where a person should look."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from shop.database import db
from shop.orders.states import Payment
from tests import both_databases
from tests.admin import ledger
from tests.pages import CANARY


@pytest.fixture
def wanjiru(app):
    """One order that everybody looks for, and one that nobody does; its number."""
    sought = ledger.order(
        number="40718293",
        full_name="Wanjirũ Njeri-Kamau O'Brien",
        phone_number="254712345678",
        email="Wanjiru.K_99@Example.com",
        attempts=[ledger.attempt(reference=1234567890), ledger.attempt(reference=987654321)],
    )
    return ledger.keep(app, sought, ledger.order(attempts=[ledger.attempt(reference=555555555)]))[0]


KNOWN_OF_HER = (
    *("40718293", "4071 8293", "4071-8293", "#40718293", "0718 29", " 40718293 "),
    *("1234567890", "1 234 567 890", "987654321"),
    *("0712345678", "0712 345 678", "+254712345678", "254 712-345-678", "00254712345678", "+254 (0) 712 345 678"),
    *("712345678", "345678", "5678", "0712", "+254712", "0712.345.678"),
    *("wanjirũ", "WANJIRŨ", "njeri", "Njeri-kamau", "kamau wanj", "o'brien", "O'BRIEN  njeri"),
    *("wanjiru.k_99@example.com", "WANJIRU.K_99", "@example.com", "k_99"),
)
NOT_HERS = (
    *("40718294", "123456789", "12345678901234567890", "99999999999999999999", "0799", "+255712345678"),
    *("kamau otieno", "%", "\\", "k%99", "njeri_kamau", "wanjiru';--", "drop table", "🧺🧺", "x" * 5000),
)


@both_databases
def test_an_order_is_found_by_whatever_is_known_of_it(clerk, wanjiru):
    found = {typed: _numbers(clerk.get("/admin/", query_string={"q": typed})) for typed in KNOWN_OF_HER}

    assert [typed for typed, numbers in found.items() if wanjiru not in numbers] == []


@both_databases
def test_what_does_not_fit_is_not_found(clerk, wanjiru):
    replies = {typed: clerk.get("/admin/", query_string={"q": typed}) for typed in NOT_HERS}

    assert {reply.status_code for reply in replies.values()} == {200}
    assert [typed for typed, reply in replies.items() if wanjiru in _numbers(reply)] == []


@both_databases
@pytest.mark.parametrize("typed", ["\0", " ", "\u202e"])
def test_nothing_typed_finds_everything(clerk, wanjiru, typed):
    assert len(_numbers(clerk.get("/admin/", query_string={"q": typed}))) == 2


@both_databases
def test_the_newest_order_comes_first_and_each_page_holds_25(app, clerk):
    numbers = ledger.keep(app, *(ledger.order(placed_at=ledger.NOON + timedelta(minutes=n)) for n in range(60)))[::-1]
    pages = [_numbers(clerk.get(f"/admin/?page={page}")) for page in (1, 2, 3)]

    assert pages == [numbers[:25], numbers[25:50], numbers[50:]]


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999", "x", "", "1e3", "9999999"])
def test_a_page_that_is_none_is_the_nearest_one(app, clerk, page):
    ledger.keep(app, *(ledger.order() for _ in range(30)))

    assert len(_numbers(clerk.get(f"/admin/?page={page}"))) == (5 if page == "9999999" else 25)


def test_next_keeps_what_was_chosen(app, clerk):
    ledger.keep(app, *(ledger.order(payment=Payment.PAID, full_name="Kamau & Sons") for _ in range(30)))
    clerk.get("/admin/", query_string={"payment": "paid", "q": "kamau &"})
    assert clerk.page is not None
    forward = clerk.page.find(".//a[@rel='next']")

    assert forward is not None
    assert forward.get("href") == "/admin/?payment=paid&q=kamau+%26&page=2"
    assert len(_numbers(clerk.get(forward.get("href") or ""))) == 5


@both_databases
def test_each_payment_state_has_its_tab_and_count(app, clerk):
    for count, state in enumerate(Payment, start=1):
        ledger.keep(app, *(ledger.order(payment=state, full_name=f"Buyer {state}") for _ in range(count)))

    for count, state in enumerate(Payment, start=1):
        reply = clerk.get(f"/admin/?payment={state}")
        assert len(_numbers(reply)) == count
        assert reply.text.count(f"Buyer {state}") == count
        assert _chosen(clerk)[-1] == str(count)
    clerk.get("/admin/")
    assert _chosen(clerk) == ["All", "21"]
    clerk.get("/admin/?payment=nonsense")
    assert _chosen(clerk) == ["All", "21"]


def test_tabs_count_what_was_searched(app, clerk, wanjiru):
    reply = clerk.get("/admin/?payment=paid&q=wanjir")

    assert _chosen(clerk) == ["Paid", "0"]
    assert "look at all 1 that fit" in reply.text


def test_a_row_says_who_what_when_and_how_much(app, clerk):
    said = {"full_name": CANARY, "phone_number": "254110345678", "total": 12345, "placed_at": ledger.NOON}
    ledger.keep(app, ledger.order(payment=Payment.PAID, **said))
    row = _rows(clerk.get("/admin/"), clerk)[0]

    for said in ("2 Nov 2026, 12:00", CANARY, "0110 345 678", "KSh 12,345", "Paid", "Not packed yet"):
        assert said in row


@pytest.mark.parametrize(
    ("fields", "words"), [({"refund_due": True}, "Refund due"), ({"late": True}, "Paid late"), ({}, "")]
)
def test_what_a_person_should_look_at_is_marked_in_words(app, clerk, fields, words):
    ledger.keep(app, ledger.order(payment=Payment.PAID, **fields))
    row = _rows(clerk.get("/admin/"), clerk)[0]

    assert row.endswith(words or "Not packed yet")


def test_a_warning_on_the_timeline_is_marked(app, clerk):
    warned = ledger.order()
    warned.record("Callback, row R2", warning=True)
    ledger.keep(app, warned)

    assert _rows(clerk.get("/admin/"), clerk)[0].endswith("Warning")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/admin/", "No orders yet"),
        ("/admin/?payment=paid", "None right now"),
        ("/admin/?q=nobody", "Nothing found for"),
    ],
)
def test_an_empty_list_says_why(clerk, address, words):
    assert words in clerk.get(address).text


def test_what_is_searched_comes_back_escaped(clerk):
    reply = clerk.get("/admin/", query_string={"q": CANARY})

    assert reply.status_code == 200
    assert "&lt;canary&gt;" in reply.text


@both_databases
@pytest.mark.parametrize("address", ["/admin/", "/admin/?q=0712&payment=paid", "/admin/?q=wanjiru&page=2"])
def test_the_list_asks_the_database_three_times(app, clerk, address):
    ledger.keep(app, *(ledger.order(payment=Payment.PAID, full_name="Wanjiru") for _ in range(60)))

    with counted(app) as queries:
        clerk.get(address)

    assert len(queries) == 3  # who is there, how many, which


@contextmanager
def counted(app) -> Iterator[list[str]]:
    """The queries made meanwhile."""
    queries: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(connection, cursor, statement, *_):
        queries.extend([statement] if statement != "BEGIN" else [])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield queries
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _numbers(reply) -> list[str]:
    return re.findall(r'href="/admin/orders/([0-9]+)"', reply.text)


def _rows(reply, clerk) -> list[str]:
    return [" ".join("".join(row.itertext()).split()) for row in clerk.page.findall(".//tbody/tr")]


def _chosen(clerk) -> list[str]:
    tabs = clerk.page.findall(".//nav[@aria-label='Payment']//a[@aria-current='page']")
    assert len(tabs) == 1
    return "".join(tabs[0].itertext()).split()
