"""Order search: by number, name, phone, code or product, on both databases, in two queries."""

import re

import pytest
from sqlalchemy import select

from shop.core.database import db, write
from shop.orders.models import Order, OrderSearchTerm
from shop.orders.search_index import add_search_terms, query_terms, remove_search_terms, search_terms
from shop.orders.states import Fulfilment, Payment
from tests import both_databases, order_factory
from tests.page_checks import CANARY
from tests.query_counter import counted


@pytest.fixture
def wanjiru(app):
    """One order that everybody looks for, and one that nobody does; its number."""
    sought = order_factory.order(
        number="40718293",
        token="token-of-wanjiru",
        total=2650,
        full_name="Wanjirũ Njeri-Kamau O'Brien",
        phone_number="254712345678",
        email="Wanjiru.K_99@Example.org",
        attempts=[order_factory.attempt(reference=1234567890), order_factory.attempt(reference=987654321)],
    )
    sought.location, sought.note = "Amal Plaza, Section 58", "The gate is locked"
    sought.lines[0].name, sought.lines[0].sku = "Soapstone bowl, small", "SOA-BOW-S"
    number = order_factory.keep(
        app, sought, order_factory.order(attempts=[order_factory.attempt(reference=555555555)])
    )[0]
    with app.app_context():
        write(lambda: add_search_terms(_order(number), "TKO7XY12AB"))
    return number


KNOWN_OF_HER = (
    *("40718293", "4071 8293", "4071-8293", "#40718293", "4071", " 40718293 ", "8293"),
    *("1234567890", "1 234 567 890", "987654321", "9876"),
    *("0712345678", "0712 345 678", "+254712345678", "254 712-345-678", "00254712345678", "+254 (0) 712 345 678"),
    *("712345678", "345678", "5678", "0712", "+254712", "0712.345.678", "345 678"),
    *("wanjirũ", "WANJIRŨ", "wanjiru", "njeri", "Njeri-kamau", "kamau wanj", "o'brien", "O’BRIEN  njeri", "obrien"),
    *("wanjiru.k_99@example.org", "WANJIRU.K_99", "@example.org", "example.o", "k_99", "wanjiru';--"),
    *(
        "Order 40718293",
        "order 4071 8293",
        "No. 40718293",
        "ORD40718293",
        "order number 40718293",
        "Order no: 4071-8293",
    ),
    *(
        "Hello, this is about my order 40718293",
        "oda 4071 8293",
        "order 8293",
        "#8293",
        "４０７１８２９３",
        "40718293.",
    ),
    *(
        "https://shop.example.co.ke/orders/token-of-wanjiru",
        "KSh 2,650",
        "KES 2,650.00",
        "2,650/=",
        "2650",
        "Sh2650 njeri",
    ),
    *("amal plaza", "section 58", "gate locked"),
    *("TKO7XY12AB", "tko7xy", "soapstone", "bowl SMALL", "SOA-BOW-S", "soa-bow", "njeri 0712 345 678 bowl"),
)
NOT_HERS = (
    *("40718294", "1234567891", "12345678901234567890", "99999999999999999999", "0799", "+255712345678", "0718 29"),
    *("kamau otieno", "%", "\\", "k%99", "njeri_kamau", "drop table", "🧺🧺", "x" * 5000, "njeri\0", "wanjiru soap x"),
    *("SOA-BOW-L", "TKO7XY12AC", CANARY, "'", '"', "(", "wanj* OR 1=1", "\ufffd", "_", "--", "NULL"),
)


@both_databases
def test_an_order_is_found_by_whatever_is_known_of_it(owner, wanjiru):
    found = {typed: _numbers(owner.get("/admin/", query_string={"q": typed})) for typed in KNOWN_OF_HER}

    assert [typed for typed, numbers in found.items() if numbers != [wanjiru]] == []


@both_databases
def test_what_does_not_fit_is_not_found(owner, wanjiru):
    replies = {typed: owner.get("/admin/", query_string={"q": typed}) for typed in NOT_HERS if typed != "njeri\0"}

    assert {reply.status_code for reply in replies.values()} == {200}
    assert [typed for typed, reply in replies.items() if wanjiru in _numbers(reply)] == []
    assert _numbers(owner.get("/admin/", query_string={"q": "njeri\0"})) == [
        wanjiru
    ]  # what nobody sees is not looked for


@both_databases
@pytest.mark.parametrize("typed", ["\0", " ", "\u202e"])
def test_nothing_typed_finds_everything(owner, wanjiru, typed):
    assert len(_numbers(owner.get("/admin/", query_string={"q": typed, "tab": "all"}))) == 2


@both_databases
def test_an_order_that_is_placed_is_found_at_once(owner, shopper):
    bought = shopper.buy(full_name="Zawadi Cheptoo", email="zawadi@example.org")

    for typed in ("cheptoo zaw", "0712 345 678", bought.reference, "zawadi@", "KIO-CLA-TER", "kiondo"):
        assert len(_numbers(owner.get("/admin/", query_string={"q": typed}))) == 1, typed


@both_databases
def test_a_buyer_who_is_forgotten_is_found_no_more_but_the_order_is(app, owner, wanjiru):
    with app.app_context():
        write(lambda: remove_search_terms(_order(wanjiru)))

    for typed in ("wanjiru", "njeri", "0712345678", "5678", "example.org", "TKO7XY12AB", "amal", "gate locked"):
        assert _numbers(owner.get("/admin/", query_string={"q": typed})) == [], typed
    for typed in ("40718293", "8293", "1234567890", "SOA-BOW-S"):
        assert _numbers(owner.get("/admin/", query_string={"q": typed})) == [wanjiru], typed


@both_databases
def test_words_are_noted_once_however_often_they_are_learnt(app, wanjiru):
    with app.app_context():
        for _ in range(2):
            write(lambda: add_search_terms(_order(wanjiru), "TKO7XY12AB", "njeri", "", "  ", "…"))
        known = db.session.scalars(
            select(OrderSearchTerm.word).where(OrderSearchTerm.order_id == _order(wanjiru).id)
        ).all()

    assert len(known) == len(set(known))
    assert {"tko7xy12ab", "njeri-kamau", "kamau", "obrien", "wanjiru.k_99@example.org", "example.org"} <= set(known)


@both_databases
def test_an_order_with_its_words_can_be_deleted(app, wanjiru):
    with app.app_context():
        order = _order(wanjiru)
        for attempt in order.attempts:
            db.session.delete(attempt)
        db.session.delete(order)
        db.session.commit()

        assert db.session.scalar(select(OrderSearchTerm.word).where(OrderSearchTerm.word == "tko7xy12ab")) is None


@both_databases
def test_common_words_are_found_too_newest_first_and_page_by_page(app, owner, monkeypatch):
    monkeypatch.setattr("shop.orders.search.MAX_COUNT", 20)  # as a thousand are among a hundred thousand
    orders = [order_factory.order(full_name=f"Wanjiru {'Kamau' if n % 2 else 'Otieno'}") for n in range(120)]
    kamaus = order_factory.keep(app, *orders)[1::2][::-1]

    reply = owner.get("/admin/?q=wanjiru+kamau")
    first = _numbers(reply)
    second = _numbers(owner.get(owner.page.find(".//a[@rel='next']").get("href")))
    third = _numbers(owner.get(owner.page.find(".//a[@rel='next']").get("href")))

    assert [first, second, third] == [kamaus[:25], kamaus[25:50], kamaus[50:]]
    assert "tabs__count" not in reply.text  # nobody has counted so many


@both_databases
def test_a_rare_word_is_found_among_common_ones(app, owner, monkeypatch):
    monkeypatch.setattr("shop.orders.search.MAX_COUNT", 20)
    orders = [order_factory.order(full_name=f"Wanjiru {'Zuhura' if n in (3, 90) else 'Otieno'}") for n in range(100)]
    numbers = order_factory.keep(app, *orders)

    for typed in ("wanjiru zuhura", "zuhura wanjiru", "wan zuh achieng@example.com"):
        assert _numbers(owner.get("/admin/", query_string={"q": typed})) == [numbers[90], numbers[3]], typed


def test_a_search_looks_in_all_lists_and_a_tab_narrows_it(app, owner):
    order_factory.keep(
        app,
        order_factory.order(full_name="Zuhura", payment=Payment.PAID, fulfilment=Fulfilment.SENT),
        order_factory.order(full_name="Zuhura", payment=Payment.PAID),
    )

    assert len(_numbers(owner.get("/admin/?q=zuhura"))) == 2
    assert len(_numbers(owner.get("/admin/?q=zuhura&tab=sent"))) == 1
    assert owner.page.find(".//input[@name='tab']").get("value") == "sent"
    assert "show all 2 results" in owner.get("/admin/?q=zuhura&tab=waiting").text


@both_databases
@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/?tab=all&q=0712",
        "/admin/?q=wanjiru+kamau+njeri+mwangi",
        "/admin/?q=wanjiru&area=Nairobi+CBD&from=2026-11-01&to=2026-11-30",
        "/admin/?tab=sent&paid_from=2026-11-01&area=Kisumu",
        "/admin/?tab=all&before=1793620800000000-5",
        "/admin/?q=%25",
    ],
)
def test_the_list_asks_the_database_thrice_besides_who_is_there_and_the_menu(app, owner, address, monkeypatch):
    order_factory.keep(app, *(order_factory.order(payment=Payment.PAID, full_name="Wanjiru") for _ in range(60)))
    monkeypatch.setattr("shop.accounts.audit_log.SEARCH_INTERVAL", 10**9)  # seconds
    owner.get(
        address
    )  # the first search in a quarter of an hour is told in the log: tests/accounts/test_search_audit.py

    with counted(app) as queries:
        owner.get(address)

    asked = [query for query in queries if "LEFT OUTER JOIN store_settings" not in query]  # the name, kept for seconds
    empty = "No orders on this page" in owner.get(address).text or "Nothing found" in owner.get(address).text
    assert len(asked) == (4 if empty else 5)  # counts, page and goods
    assert "users" in queries[0]  # the sign-in's own


def test_what_is_typed_is_read_as_people_write_it():
    assert query_terms("0712 345-678") == [("0712345678", "712345678")]
    assert query_terms("Kamau +254 712 345 678") == [("kamau",), ("254712345678", "712345678")]
    assert query_terms("  Njeri-Kamau  & O'Brien") == [("njeri-kamau",), ("obrien",)]
    assert query_terms("% --") == []
    assert len(query_terms("a b c d e f g h")) == 6


def test_words_have_no_case_accents_or_outer_punctuation():
    assert search_terms("“Wanjirũ” ÉCLAIR (ﬁne)") == {"wanjiru", "eclair", "fine"}
    assert search_terms("x" * 5000) == {"x" * 60}
    assert search_terms("a\0b", "\n") == {"a", "b"}


def _order(number: str) -> Order:
    return db.session.scalars(select(Order).where(Order.number == number)).one()


def _numbers(reply) -> list[str]:
    return re.findall(r'href="/admin/orders/([0-9]+)"', reply.text)
