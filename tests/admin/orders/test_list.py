"""The list of orders: its tabs, pages, filters and rows."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shop.core.clock import utcnow
from shop.orders.models import OrderLine
from shop.orders.states import Fulfilment, Payment
from shop.store.settings import DEFAULT_VERIFICATION_THRESHOLD
from tests import both_databases, order_factory
from tests.admin.orders.order_pages import listed_numbers, tabs, text_of
from tests.page_checks import CANARY
from tests.query_counter import counted

PAID, AWAITING, REVIEW = Payment.PAID, Payment.AWAITING, Payment.REVIEW
TABS = {  # payment, fulfilment, other columns -> tab
    "paid": (PAID, Fulfilment.UNFULFILLED, {}, "to-pack"),
    "paid, to be picked up": (PAID, Fulfilment.UNFULFILLED, {"pickup": True}, "to-pack"),
    "paid twice": (PAID, Fulfilment.UNFULFILLED, {"refund_due": True}, "to-pack"),
    "packed": (PAID, Fulfilment.PACKED, {}, "to-send"),
    "warned": (PAID, Fulfilment.PACKED, {"open_warning": True}, "to-send"),
    "packed, to be picked up": (PAID, Fulfilment.PACKED, {"pickup": True}, "to-collect"),
    "waiting": (AWAITING, Fulfilment.UNFULFILLED, {}, "waiting"),
    "waiting with a warning": (AWAITING, Fulfilment.UNFULFILLED, {"open_warning": True}, "waiting"),
    "in review": (REVIEW, Fulfilment.UNFULFILLED, {}, ""),
    "paid when cancelled": (Payment.CANCELLED, Fulfilment.UNFULFILLED, {"refund_due": True}, ""),
    "sent": (PAID, Fulfilment.SENT, {}, "sent"),
    "sent and refunded": (Payment.REFUNDED, Fulfilment.SENT, {}, "sent"),
    "delivered": (PAID, Fulfilment.DELIVERED, {}, "done"),
    "collected": (PAID, Fulfilment.COLLECTED, {"pickup": True}, "done"),
    "refunded": (Payment.REFUNDED, Fulfilment.PACKED, {}, ""),
    "expired": (Payment.EXPIRED, Fulfilment.UNFULFILLED, {}, ""),
    "cancelled": (Payment.CANCELLED, Fulfilment.UNFULFILLED, {}, ""),
}


@both_databases
def test_each_order_is_in_its_tab_and_each_tab_counts_its_orders(app, owner):
    orders = {
        name: order_factory.order(payment=payment, fulfilment=fulfilment, **fields)
        for name, (payment, fulfilment, fields, _) in TABS.items()
    }
    names = dict(zip(order_factory.keep(app, *orders.values()), orders, strict=True))

    for tab in ("to-pack", "to-send", "to-collect", "sent", "waiting", "done", "all"):
        found = [names[number] for number in listed_numbers(owner.get(f"/admin/?tab={tab}"))]
        assert sorted(found) == sorted(name for name, row in TABS.items() if tab in (row[3], "all")), tab
        [chosen] = owner.page.findall(".//nav[@aria-label='Lists']//a[@aria-current='page']")
        assert text_of(chosen).split()[-1] == str(len(found))
    for query in ("", "?tab=to-pack&tab=sent"):  # a parameter that is named twice counts once
        assert listed_numbers(owner.get(f"/admin/{query}")) == listed_numbers(owner.get("/admin/?tab=to-pack"))


@both_databases
def test_counts_stop_at_a_thousand(app, owner, monkeypatch):
    monkeypatch.setattr("shop.orders.search.MAX_COUNT", 30)
    order_factory.keep(app, *(order_factory.order(payment=PAID, area_name="Kisumu") for _ in range(30)))
    assert list(tabs(owner, "/admin/?tab=all").values()) == ["30", "0", "0", "0", "0", "0", "0", "30"]
    order_factory.keep(
        app, order_factory.order(payment=PAID, area_name="Kisumu"), order_factory.order(payment=AWAITING)
    )

    assert list(tabs(owner, "/admin/?tab=all").values()) == ["30+", "0", "0", "0", "0", "1", "0", "30+"]
    assert tabs(owner, "/admin/?tab=all&area=Kisumu")["All"] == "30+"


@both_databases
@pytest.mark.parametrize(
    ("tab", "fields", "newest_first"),
    [
        ("all", {}, True),
        ("all", {"placed_at": order_factory.NOON}, True),
        ("to-pack", {"payment": PAID}, False),
        ("to-send", {"payment": PAID, "fulfilment": "packed"}, False),
        ("to-collect", {"payment": PAID, "fulfilment": "packed", "pickup": True}, False),
    ],
)
def test_lists_of_work_begin_with_the_oldest_order_others_with_the_newest_and_each_page_holds_25(
    app, owner, tab, fields, newest_first
):
    numbers = order_factory.keep(app, *(order_factory.order(**fields) for _ in range(60)))
    numbers = numbers[::-1] if newest_first else numbers
    pages = [listed_numbers(owner.get(f"/admin/?tab={tab}"))]
    pages += [listed_numbers(owner.get(_link(owner, "next"))) for _ in range(2)]
    back = [listed_numbers(owner.get(_link(owner, "prev"))) for _ in range(2)]

    assert pages == [numbers[:25], numbers[25:50], numbers[50:]]
    assert back == pages[1::-1]
    assert owner.page.find(".//a[@rel='prev']") is None


def test_a_new_order_moves_nothing_on_the_next_page(app, owner):
    numbers = order_factory.keep(app, *(order_factory.order() for _ in range(40)))[::-1]
    owner.get("/admin/?tab=all")
    older = _link(owner, "next")
    order_factory.keep(app, order_factory.order())

    assert listed_numbers(owner.get(older)) == numbers[25:]


def test_a_page_that_does_not_exist_says_so_and_leads_back(app, owner):
    order_factory.keep(app, order_factory.order())
    for key in ("0", "-1", "9" * 17 + "-1", "x", "²-1", "1-9999999999"):
        reply = owner.get("/admin/", query_string={"tab": "all", "before": key})
        assert len(listed_numbers(reply)) == 1
        assert "That page is not known" in reply.text
    for key in ("before=0-0", f"after={'9' * 16}-999999999"):
        reply = owner.get(f"/admin/?tab=all&{key}")
        assert "No orders on this page" in reply.text
        assert 'href="/admin/?tab=all"' in reply.text


def test_filters_are_named_kept_on_the_next_page_and_can_be_cleared(app, owner):
    order_factory.keep(
        app, *(order_factory.order(payment=PAID, full_name="Kamau & Sons", area_name="Kisumu") for _ in range(30))
    )
    chosen = {"tab": "to-pack", "q": "kamau & son", "from": "2026-11-01", "to": "2026-11-30", "area": "Kisumu"}
    owner.get("/admin/", query_string=chosen)
    forward = _link(owner, "next")

    assert _filters(owner) == "Found by “kamau & son” Placed from 1 Nov 2026 until 30 Nov 2026 Area: Kisumu Clear"
    assert owner.page.find(".//p[@class='active-filters']/a").get("href") == "/admin/?tab=to-pack"
    assert forward.startswith("/admin/?tab=to-pack&q=kamau+%26+son&from=2026-11-01&to=2026-11-30&area=Kisumu&after=")
    assert len(listed_numbers(owner.get(forward))) == 5


@both_databases
def test_days_are_nairobi_days_with_both_ends(app, owner):
    moments = ("2026-11-09T20:59:59", "2026-11-09T21:00:00", "2026-11-11T20:59:59", "2026-11-11T21:00:00")
    before, first, last, after = order_factory.keep(
        app, *(order_factory.order(placed_at=_utc(moment)) for moment in moments)
    )

    assert listed_numbers(owner.get("/admin/?from=2026-11-10&to=2026-11-11")) == [last, first]
    assert listed_numbers(owner.get("/admin/?from=2026-11-11&to=2026-11-10")) == [last, first]
    assert listed_numbers(owner.get("/admin/?to=2026-11-09")) == [before]
    assert listed_numbers(owner.get("/admin/?from=2026-11-12")) == [after]
    owner.get("/admin/?from=2026-11-10&to=2026-11-10")
    assert "Placed on 10 Nov 2026" in _filters(owner)


@both_databases
def test_a_list_by_days_of_payment_has_paid_orders_only_newest_payment_first(app, owner):
    early, late = _utc("2026-11-10T08:00:00"), _utc("2026-11-10T20:00:00")
    first, second, *_ = order_factory.keep(
        app,
        order_factory.order(payment=PAID, placed_at=early, paid_at=late),
        order_factory.order(payment=PAID, placed_at=early + timedelta(hours=1), paid_at=late - timedelta(hours=2)),
        order_factory.order(payment=Payment.REFUNDED, placed_at=early, paid_at=late),
        order_factory.order(payment=PAID, placed_at=early, paid_at=late + timedelta(hours=2)),
        order_factory.order(placed_at=early),
    )

    assert listed_numbers(owner.get("/admin/?paid_from=2026-11-10&paid_to=2026-11-10")) == [first, second]
    assert owner.page.find(".//time").get("title") == "Paid 10 Nov 2026, 23:00"


def test_the_list_can_be_filtered_by_area(app, owner):
    order_factory.keep(
        app, order_factory.order(area_name="Nairobi CBD"), order_factory.order(area_name="Kisumu & Ahero")
    )

    assert len(listed_numbers(owner.get("/admin/", query_string={"area": "Kisumu & Ahero"}))) == 1
    options = [option.text for option in owner.page.findall(".//select[@id='area']/option")]
    assert options[:2] == ["All areas", "Nairobi CBD"]
    assert options[-1] == "Kisumu & Ahero"  # the area of the filter, which the shop no longer has
    assert "No order matches" in owner.get("/admin/?area=Atlantis").text


def test_a_filter_that_cannot_be_read_is_ignored_and_named(app, owner):
    order_factory.keep(app, order_factory.order())
    for query, words in (
        ("tab=all&from=2026-13-40", "First day placed"),
        ("tab=all&paid_to=yesterday", "Last day paid"),
        ("tab=all&to=" + "9" * 5000, "is not a date"),
        ("tab=all&paid_from=<canary>", "is not a date"),
        ("tab=nonsense", "There is no list “nonsense”"),
        ("tab=%3Ccanary%3E", "There is no list"),
    ):
        reply = owner.get(f"/admin/?{query}")
        assert words in reply.text
        assert len(listed_numbers(reply)) == 1


@pytest.mark.parametrize("name", ["tab", "q", "from", "to", "paid_from", "paid_to", "area", "before", "after"])
def test_no_query_parameter_breaks_the_list(app, owner, name):
    order_factory.keep(app, order_factory.order())
    for value in ("\0", "x" * 5000, "🧺", CANARY, "-1", "9" * 400, "%s", "' OR 1=1 --", "\ufffd"):
        assert owner.get("/admin/", query_string={name: value}).status_code == 200


def test_a_row_says_who_what_when_and_how_much(app, owner):
    many = order_factory.order(payment=PAID)
    many.lines = [
        OrderLine(position=n, sku=f"S{n}", name=name, label=label, image="", unit_price=0, quantity=n + 1)
        for n, (name, label) in enumerate(
            [("Airwalk", "41"), ("Oxford", ""), ("Pump", "42"), ("Sock", ""), ("Lace", "")]
        )
    ]
    fields = {"full_name": CANARY, "phone_number": "254110345678", "total": 12345, "placed_at": order_factory.NOON}
    new = order_factory.order(payment=PAID, placed_at=utcnow() - timedelta(hours=2, minutes=5))
    order_factory.keep(app, order_factory.order(payment=PAID, pickup=True, **fields), many, new)
    owner.get("/admin/?tab=all")
    newest, second, row = owner.page.findall(".//tbody/tr")

    one_kiondo = "1 × Kiondo"  # noqa: RUF001 - as the page writes it
    assert _cell(second, "orders__contents") == "1 × Airwalk, 41; 2 × Oxford; 3 × Pump, 42 and 2 more"  # noqa: RUF001
    for words in ("2 Nov 2026, 12:00", CANARY, "0110 345 678", one_kiondo, "KSh 12,345", "Paid", "Pickup"):
        assert words in text_of(row)
    when = newest.find(".//time")
    assert when.text == "2 h ago"
    assert re.fullmatch(r"Placed \d+ \w+ \d{4}, \d\d:\d\d", when.get("title"))


def test_a_row_names_its_state_unless_the_tab_does(app, owner):
    order_factory.keep(
        app, order_factory.order(payment=PAID), order_factory.order(payment=PAID, fulfilment=Fulfilment.PACKED)
    )
    states = {}
    for tab in ("to-pack", "to-send", "all"):
        owner.get(f"/admin/?tab={tab}")
        states[tab] = [_cell(row, "orders__state") for row in owner.page.findall(".//tbody/tr")]

    assert states == {"to-pack": [""], "to-send": [""], "all": ["Packed", "Paid Not packed yet"]}
    badges = {one.text: one.get("class") for one in owner.page.findall(".//span") if "badge" in one.get("class", "")}
    assert badges["Packed"] != badges["Not packed yet"]


def test_a_row_marks_what_needs_attention_and_is_faded_when_the_order_is_closed(app, owner):
    warned = order_factory.order()
    warned.record("Callback, row R2", warning=True)
    order_factory.keep(
        app,
        warned,
        order_factory.order(payment=Payment.REFUNDED, refund_due=True),
        order_factory.order(payment=PAID, paid_late=True),
        order_factory.order(payment=Payment.REFUNDED),
    )
    owner.get("/admin/?tab=all")

    rows = owner.page.findall(".//tbody/tr")[::-1]
    marks = [[mark for mark in ("Refund due", "Paid late", "Warning") if mark in text_of(row)] for row in rows]
    assert marks == [["Warning"], ["Refund due"], ["Paid late"], []]
    assert [row.get("class") for row in rows] == [None, None, None, "orders__row--closed"]


def test_menu_tabs_and_pages_show_the_same_numbers(app, owner):
    warned = order_factory.order(payment=PAID, fulfilment=Fulfilment.PACKED)
    warned.record("A wrong collection code was typed", warning=True)
    unverified = order_factory.order(payment=PAID, total=DEFAULT_VERIFICATION_THRESHOLD)
    order_factory.keep(app, unverified, order_factory.order(payment=PAID), order_factory.order(payment=REVIEW), warned)

    for address in ("/admin/", "/admin/review", "/admin/products"):
        owner.get(address)
        links = owner.page.find(".//div[@class='admin-nav__row']").findall(".//a")
        assert [text_of(link) for link in links][:3:2] == ["Orders 2 to pack", "To review 3"]
    in_tabs = tabs(owner, "/admin/")
    assert (in_tabs["To pack"], in_tabs["To review"]) == ("2", "3")
    assert tabs(owner, "/admin/review")["All"] == "3"
    assert len(owner.page.findall(".//ol[@class='review-items']/li")) == 3
    assert len(listed_numbers(owner.get("/admin/"))) == 2


def test_an_empty_list_says_why_and_links_to_the_review_queue(app, owner):
    empty = {
        "?tab=to-pack": "Nothing to pack",
        "?tab=waiting": "No unpaid orders",
        "?tab=to-send": "Nothing to send",
        "?tab=to-collect": "Nothing to collect",
        "?tab=sent": "Nothing on its way",
        "?tab=done": "Nothing delivered yet",
        "?q=nobody": "Nothing found for",
    }
    first_page = owner.get("/admin/?tab=to-pack").text
    assert "No orders yet" in first_page
    assert "Set up your shop" in first_page
    order_factory.keep(app, order_factory.order(payment=REVIEW))

    for query, words in empty.items():
        assert words in owner.get(f"/admin/{query}").text
    assert '<a class="touch-link" href="/admin/review">1 to review</a>' in owner.get("/admin/").text
    assert owner.get("/admin/?tab=to-check").headers["Location"] == "/admin/review"  # the queue's former address


@both_databases
def test_a_list_of_any_length_takes_five_queries(app, owner, monkeypatch):
    monkeypatch.setattr("shop.accounts.audit_log.SEARCH_INTERVAL", 10**9)  # the first search is recorded in the log
    order_factory.keep(app, *(order_factory.order(payment=PAID, full_name="Wanjiru") for _ in range(60)))
    for query, expected in (
        ("", 5),  # the login, the counts, the page, its products, the menu
        ("?tab=all&q=0722", 5),
        ("?q=wanjiru+kamau+njeri+mwangi", 4),  # nothing found
        ("?q=wanjiru&area=Nairobi+CBD&from=2026-11-01&to=2026-11-30", 5),
        ("?tab=sent&paid_from=2026-11-01&area=Kisumu", 4),
        ("?tab=all&before=1793620800000000-5", 4),
    ):
        owner.get(f"/admin/{query}")
        with counted(app) as queries:
            owner.get(f"/admin/{query}")
        asked = [sql for sql in queries if "LEFT OUTER JOIN store_settings" not in sql]  # cached for some seconds
        assert len(asked) == expected, query


def _link(owner, rel: str) -> str:
    return owner.page.find(f".//a[@rel='{rel}']").get("href")


def _filters(owner) -> str:
    return text_of(owner.page.find(".//p[@class='active-filters']"))


def _cell(row, name: str) -> str:
    return text_of(row.find(f".//td[@class='{name}']"))


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)
