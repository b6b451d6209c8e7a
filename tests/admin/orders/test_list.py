"""The list of orders: its tabs, its order, and its warnings."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from shop.core.clock import utcnow
from shop.orders.models import OrderLine
from shop.orders.search_query import order_filter
from shop.orders.states import Fulfilment, Payment
from shop.store.settings import DEFAULT_VERIFICATION_THRESHOLD
from tests import both_databases, order_factory
from tests.page_checks import CANARY
from tests.query_counter import counted

PAID, AWAITING, REVIEW = Payment.PAID, Payment.AWAITING, Payment.REVIEW
LISTS = {  # where an order lies: payment, fulfilment, marks -> tab
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
def test_each_order_lies_where_somebody_looks_for_it_and_each_tab_counts_its_own(app, owner):
    orders = {
        name: order_factory.order(full_name=f"Buyer {name}", payment=payment, fulfilment=fulfilment, **marks)
        for name, (payment, fulfilment, marks, _) in LISTS.items()
    }
    numbers = dict(zip(order_factory.keep(app, *orders.values()), orders, strict=True))

    for tab in ("to-pack", "to-send", "to-collect", "sent", "waiting", "done"):
        found = [numbers[number] for number in _numbers(owner.get(f"/admin/?tab={tab}"))]
        assert sorted(found) == sorted(name for name, (*_, lies) in LISTS.items() if tab == lies), tab
        assert _chosen(owner)[-1] == str(len(found))
    assert len(_numbers(owner.get("/admin/?tab=all"))) == len(LISTS)
    assert _chosen(owner) == ["All", str(len(LISTS))]


def test_the_day_begins_with_what_is_to_be_packed(app, owner):
    (to_pack, *_) = order_factory.keep(app, order_factory.order(payment=PAID), order_factory.order())

    assert _numbers(owner.get("/admin/")) == [to_pack]
    assert _chosen(owner) == ["To", "pack", "1"]


@both_databases
def test_counts_stop_at_a_thousand(app, owner, monkeypatch):
    monkeypatch.setattr("shop.orders.search.MAX_COUNT", 30)
    order_factory.keep(app, *(order_factory.order(payment=PAID, area_name="Kisumu") for _ in range(30)))
    assert _tabs(owner, "/admin/?tab=all") == ["30", "0", "0", "0", "0", "0", "0", "30"]
    order_factory.keep(
        app, order_factory.order(payment=PAID, area_name="Kisumu"), order_factory.order(payment=AWAITING)
    )

    assert _tabs(owner, "/admin/?tab=all") == ["30+", "0", "0", "0", "0", "1", "0", "30+"]
    assert _tabs(owner, "/admin/?tab=all&area=Kisumu")[-1] == "30+"


@both_databases
def test_the_newest_order_comes_first_and_each_page_holds_25(app, owner):
    numbers = order_factory.keep(
        app, *(order_factory.order(placed_at=order_factory.NOON + timedelta(minutes=n)) for n in range(60))
    )[::-1]
    pages = [_numbers(owner.get("/admin/?tab=all"))]
    for _ in range(2):
        pages.append(_numbers(owner.get(_way(owner, "next"))))
    back = [_numbers(owner.get(_way(owner, "prev"))) for _ in range(2)]

    assert pages == [numbers[:25], numbers[25:50], numbers[50:]]
    assert back == pages[1::-1]
    assert owner.page.find(".//a[@rel='prev']") is None


@both_databases
@pytest.mark.parametrize("tab", ["to-pack", "to-send", "to-collect"])
def test_where_work_waits_the_order_that_waits_longest_comes_first(app, owner, tab):
    fields = {"payment": PAID, "fulfilment": "unfulfilled" if tab == "to-pack" else "packed"}
    numbers = order_factory.keep(app, *(order_factory.order(**fields, pickup=tab == "to-collect") for _ in range(60)))
    pages = [_numbers(owner.get(f"/admin/?tab={tab}"))]
    for _ in range(2):
        pages.append(_numbers(owner.get(_way(owner, "next"))))
    back = [_numbers(owner.get(_way(owner, "prev"))) for _ in range(2)]

    assert pages == [numbers[:25], numbers[25:50], numbers[50:]]
    assert back == pages[1::-1]
    assert owner.page.find(".//a[@rel='prev']") is None


def test_the_file_of_a_list_has_its_order(app, owner):
    numbers = order_factory.keep(app, *(order_factory.order(payment=PAID) for _ in range(3)))

    def exported(tab: str) -> list[str]:
        return re.findall(r'^"([0-9]{8})"', owner.get(f"/admin/orders/export?tab={tab}").text, re.MULTILINE)

    assert exported("to-pack") == numbers
    assert exported("all") == numbers[::-1]


@both_databases
def test_orders_of_one_moment_are_all_on_some_page_once(app, owner):
    numbers = order_factory.keep(app, *(order_factory.order(placed_at=order_factory.NOON) for _ in range(60)))
    seen = _numbers(owner.get("/admin/?tab=all"))
    for _ in range(2):
        seen += _numbers(owner.get(_way(owner, "next")))

    assert seen == numbers[::-1]


def test_a_new_order_moves_nothing_on_the_next_page(app, owner):
    numbers = order_factory.keep(app, *(order_factory.order() for _ in range(40)))[::-1]
    owner.get("/admin/?tab=all")
    older = _way(owner, "next")
    order_factory.keep(app, order_factory.order())

    assert _numbers(owner.get(older)) == numbers[25:]


@pytest.mark.parametrize("key", ["0", "-1", "9" * 17 + "-1", "x", "1-", "-", "1e3-1", "²-1", "\0", "1-9999999999"])
def test_a_page_that_is_none_is_the_first_one_and_said_so(app, owner, key):
    order_factory.keep(app, *(order_factory.order() for _ in range(30)))
    reply = owner.get("/admin/", query_string={"tab": "all", "before": key})

    assert reply.status_code == 200
    assert len(_numbers(reply)) == 25
    assert "That page is not known" in reply.text


@pytest.mark.parametrize("key", ["0-0", f"{'9' * 16}-999999999"])
def test_beyond_the_last_page_there_is_a_way_back(app, owner, key):
    order_factory.keep(app, order_factory.order())
    way = "before" if key == "0-0" else "after"
    reply = owner.get(f"/admin/?tab=all&{way}={key}")

    assert "No orders on this page" in reply.text
    assert 'href="/admin/?tab=all"' in reply.text


def test_next_keeps_what_was_chosen(app, owner):
    order_factory.keep(
        app, *(order_factory.order(payment=PAID, full_name="Kamau & Sons", area_name="Kisumu") for _ in range(30))
    )
    chosen = {"tab": "to-pack", "q": "kamau & son", "from": "2026-11-01", "to": "2026-11-30", "area": "Kisumu"}
    owner.get("/admin/", query_string=chosen)
    forward = _way(owner, "next")

    assert forward.startswith("/admin/?tab=to-pack&q=kamau+%26+son&from=2026-11-01&to=2026-11-30&area=Kisumu&after=")
    assert len(_numbers(owner.get(forward))) == 5


@both_databases
def test_days_are_nairobi_days_with_both_ends(app, owner):
    moments = ("2026-11-09T20:59:59", "2026-11-09T21:00:00", "2026-11-11T20:59:59", "2026-11-11T21:00:00")
    before, first, last, after = order_factory.keep(
        app, *(order_factory.order(placed_at=_utc(moment)) for moment in moments)
    )

    assert _numbers(owner.get("/admin/?from=2026-11-10&to=2026-11-11")) == [last, first]
    assert _numbers(owner.get("/admin/?from=2026-11-11&to=2026-11-10")) == [last, first]
    assert _numbers(owner.get("/admin/?to=2026-11-09")) == [before]
    assert _numbers(owner.get("/admin/?from=2026-11-12")) == [after]
    assert "Placed from 10 Nov 2026 until 11 Nov 2026" in _narrowed(
        owner.get("/admin/?from=2026-11-10&to=2026-11-11"), owner
    )
    assert "Placed on 10 Nov 2026" in _narrowed(owner.get("/admin/?from=2026-11-10&to=2026-11-10"), owner)


@both_databases
def test_by_days_of_payment_only_what_is_paid_counts_newest_payment_first(app, owner):
    early, late = _utc("2026-11-10T08:00:00"), _utc("2026-11-10T20:00:00")
    first, second, *_ = order_factory.keep(
        app,
        order_factory.order(payment=PAID, placed_at=early, paid_at=late),
        order_factory.order(payment=PAID, placed_at=early + timedelta(hours=1), paid_at=late - timedelta(hours=2)),
        order_factory.order(payment=Payment.REFUNDED, placed_at=early, paid_at=late),
        order_factory.order(payment=PAID, placed_at=early, paid_at=late + timedelta(hours=2)),
        order_factory.order(placed_at=early),
    )

    assert _numbers(owner.get("/admin/?paid_from=2026-11-10&paid_to=2026-11-10")) == [first, second]
    assert owner.page.find(".//time").get("title") == "Paid 10 Nov 2026, 23:00"


@both_databases
def test_an_area_narrows_the_list_and_can_be_chosen(app, owner):
    order_factory.keep(
        app, order_factory.order(area_name="Nairobi CBD"), order_factory.order(area_name="Kisumu & Ahero")
    )

    assert len(_numbers(owner.get("/admin/", query_string={"area": "Kisumu & Ahero"}))) == 1
    options = [option.text for option in owner.page.findall(".//select[@id='area']/option")]
    assert options[:2] == ["All areas", "Nairobi CBD"]
    assert options[-1] == "Kisumu & Ahero"  # no area of the shop any more, but that of this order
    assert "No order matches" in owner.get("/admin/?area=Atlantis").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-13-40", "First day placed"),
        ("paid_to=yesterday", "Last day paid"),
        ("to=20261101", "Last day placed"),
        ("from=0001-01-01", "is not a date"),
        ("from=%00", "is not a date"),
        ("to=" + "9" * 5000, "is not a date"),
        ("paid_from=<canary>", "is not a date"),
        ("tab=nonsense", "There is no list “nonsense”"),
        ("tab=%3Ccanary%3E", "There is no list"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_said_so(app, owner, query, words):
    order_factory.keep(app, order_factory.order())
    reply = owner.get(f"/admin/?tab=all&{query}" if "tab" not in query else f"/admin/?{query}")

    assert reply.status_code == 200
    assert words in reply.text
    assert len(_numbers(reply)) == 1


@pytest.mark.parametrize("name", ["tab", "q", "from", "to", "paid_from", "paid_to", "area", "before", "after"])
@pytest.mark.parametrize("value", ["\0", "x" * 5000, "🧺", CANARY, "-1", "9" * 400, "%s", "' OR 1=1 --", "\ud800"])
def test_nothing_in_the_address_breaks_the_list(app, owner, name, value):
    order_factory.keep(app, order_factory.order())

    assert owner.get("/admin/", query_string={name: value.encode("utf-8", "replace").decode()}).status_code == 200


def test_a_value_said_twice_counts_once(app, owner):
    order_factory.keep(app, order_factory.order(payment=PAID))

    assert len(_numbers(owner.get("/admin/?tab=to-pack&tab=sent&q=&q=x&from=&from=2026-01-01"))) == 1


def test_what_narrows_the_list_is_said_with_a_way_out(app, owner):
    order_factory.keep(app, order_factory.order(payment=PAID))
    narrowed = _narrowed(owner.get("/admin/?tab=to-pack&q=achieng&area=Nairobi+CBD&paid_from=2026-11-01"), owner)

    assert narrowed == "Found by “achieng” Paid from 1 Nov 2026 Area: Nairobi CBD Clear"
    assert owner.page.find(".//p[@class='active-filters']/a").get("href") == "/admin/?tab=to-pack"


def test_an_address_says_all_that_was_chosen_and_reads_back_the_same():
    said = {"tab": "sent", "q": "njeri", "from": "2026-11-01", "paid_to": "2026-11-30", "area": "Kisumu"}

    assert order_filter(said).address() == said
    assert order_filter(said).days == {"from": date(2026, 11, 1), "paid_to": date(2026, 11, 30)}


def test_a_row_says_who_what_when_and_how_much(app, owner):
    said = {"full_name": CANARY, "phone_number": "254110345678", "total": 12345, "placed_at": order_factory.NOON}
    order_factory.keep(app, order_factory.order(payment=PAID, pickup=True, **said))
    row = _rows(owner.get("/admin/?tab=all"), owner)[0]

    goods = "1 × Kiondo"  # noqa: RUF001 - as the page writes it
    for said in ("2 Nov 2026, 12:00", CANARY, "0110 345 678", goods, "KSh 12,345", "Paid", "Not packed yet", "Pickup"):
        assert said in row


def test_a_row_names_the_goods_and_counts_what_does_not_fit(app, owner):
    one = order_factory.order(payment=PAID)
    one.lines = [
        OrderLine(position=n, sku=f"S{n}", name=name, label=label, image="", unit_price=0, quantity=n + 1)
        for n, (name, label) in enumerate(
            [("Airwalk", "41"), ("Oxford", ""), ("Pump", "42"), ("Sock", ""), ("Lace", "")]
        )
    ]
    order_factory.keep(app, one, order_factory.order(payment=PAID))

    assert [_cell(row, "orders__contents") for row in owner.get("/admin/") and owner.page.findall(".//tbody/tr")] == [
        "1 × Airwalk, 41; 2 × Oxford; 3 × Pump, 42 and 2 more",  # noqa: RUF001
        "1 × Kiondo",  # noqa: RUF001
    ]


def test_a_time_is_said_as_people_count_it_with_its_date(app, owner):
    order_factory.keep(app, order_factory.order(payment=PAID, placed_at=utcnow() - timedelta(hours=2, minutes=5)))
    owner.get("/admin/")
    when = owner.page.find(".//tbody//time")

    assert when.text == "2 h ago"
    assert re.fullmatch(r"Placed \d+ \w+ \d{4}, \d\d:\d\d", when.get("title"))


def test_what_its_tab_says_of_every_order_is_not_said_again(app, owner):
    order_factory.keep(
        app, order_factory.order(payment=PAID), order_factory.order(payment=PAID, fulfilment=Fulfilment.PACKED)
    )

    states = {}
    for tab in ("to-pack", "to-send", "all"):
        owner.get(f"/admin/?tab={tab}")
        states[tab] = [_cell(row, "orders__state") for row in owner.page.findall(".//tbody/tr")]
    assert states == {"to-pack": [""], "to-send": [""], "all": ["Packed", "Paid Not packed yet"]}


def test_packed_and_not_packed_look_different(app, owner):
    order_factory.keep(
        app, order_factory.order(payment=PAID), order_factory.order(payment=PAID, fulfilment=Fulfilment.PACKED)
    )
    owner.get("/admin/?tab=all")

    looks = {
        badge.text: badge.get("class") for badge in owner.page.findall(".//span") if "badge" in badge.get("class", "")
    }
    assert looks["Packed"] != looks["Not packed yet"]


@both_databases
def test_menu_tabs_and_pages_say_one_number(app, owner):
    warned = order_factory.order(payment=PAID, fulfilment=Fulfilment.PACKED)
    warned.record("A wrong collection code was typed", warning=True)
    dear = order_factory.order(payment=PAID, total=DEFAULT_VERIFICATION_THRESHOLD)
    order_factory.keep(app, dear, order_factory.order(payment=PAID), order_factory.order(payment=REVIEW), warned)

    menus = []
    for address in ("/admin/", "/admin/checks", "/admin/products"):
        owner.get(address)
        row = owner.page.find(".//div[@class='admin-nav__row']")
        menus.append([" ".join("".join(way.itertext()).split()) for way in row.findall(".//a")][:3:2])
    assert menus == [["Orders 2 to pack", "To review 3"]] * 3
    tabs = dict(_named_tabs(owner, "/admin/"))
    assert (tabs["To pack"], tabs["To review"]) == ("2", "3")
    assert dict(_named_tabs(owner, "/admin/checks"))["All"] == "3"
    assert len(owner.page.findall(".//ol[@class='review-items']/li")) == 3
    assert len(_numbers(owner.get("/admin/"))) == 2


def test_where_the_list_to_check_stood_one_is_led_to_its_page(owner):
    assert owner.get("/admin/?tab=to-check").headers["Location"] == "/admin/checks"


@pytest.mark.parametrize(
    ("fields", "words"), [({"refund_due": True}, "Refund due"), ({"paid_late": True}, "Paid late"), ({}, "")]
)
def test_what_a_person_should_look_at_is_marked_in_words(app, owner, fields, words):
    order_factory.keep(app, order_factory.order(payment=PAID, **fields))
    row = _rows(owner.get("/admin/?tab=all"), owner)[0]

    assert row.endswith(words or "Not packed yet")


def test_a_warning_on_the_timeline_is_marked(app, owner):
    warned = order_factory.order()
    warned.record("Callback, row R2", warning=True)
    order_factory.keep(app, warned)

    assert _rows(owner.get("/admin/?tab=waiting"), owner)[0].endswith("Warning")


def test_what_is_over_stands_back_unless_something_is_still_to_be_done(app, owner):
    over = {"payment": Payment.REFUNDED}
    order_factory.keep(
        app,
        order_factory.order(**over),
        order_factory.order(**over, refund_due=True),
        order_factory.order(payment=PAID),
    )
    owner.get("/admin/?tab=all")

    assert [row.get("class") for row in owner.page.findall(".//tbody/tr")] == [None, None, "orders__row--closed"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/admin/?tab=to-pack", "Nothing to pack"),
        ("/admin/?tab=waiting", "No unpaid orders"),
        ("/admin/?tab=to-send", "Nothing to send"),
        ("/admin/?tab=to-collect", "Nothing to collect"),
        ("/admin/?tab=sent", "Nothing on its way"),
        ("/admin/?tab=done", "Nothing delivered yet"),
        ("/admin/?q=nobody", "Nothing found for"),
    ],
)
def test_an_empty_list_says_why(app, owner, address, words):
    assert ("No orders yet" if "tab" in address else words) in owner.get(address).text
    order_factory.keep(app, order_factory.order(payment=Payment.EXPIRED))

    assert words in owner.get(address).text


def test_with_nothing_to_pack_what_is_to_be_checked_is_one_tap_away(app, owner):
    order_factory.keep(app, order_factory.order(payment=REVIEW))
    reply = owner.get("/admin/")

    assert '<a class="touch-link" href="/admin/checks">1 to review</a>' in reply.text


def test_what_is_searched_comes_back_escaped(owner):
    reply = owner.get("/admin/", query_string={"q": CANARY})

    assert reply.status_code == 200
    assert "&lt;canary&gt;" in reply.text


@both_databases
def test_a_long_list_asks_the_database_no_more_than_a_short_one(app, owner):
    order_factory.keep(app, order_factory.order(payment=PAID))
    with counted(app) as short:
        owner.get("/admin/")
    order_factory.keep(app, *(order_factory.order(payment=PAID) for _ in range(60)))
    with counted(app) as long:
        owner.get("/admin/")

    # who is there, how many, which, their goods, and the numbers of the menu; the shop's name is kept for seconds
    asked = [[query for query in queries if "LEFT OUTER JOIN store_settings" not in query] for queries in (short, long)]
    assert [len(queries) for queries in asked] == [5, 5]


def _numbers(reply) -> list[str]:
    return re.findall(r'href="/admin/orders/([0-9]+)"', reply.text)


def _rows(reply, owner) -> list[str]:
    return [" ".join("".join(row.itertext()).split()) for row in owner.page.findall(".//tbody/tr")]


def _chosen(owner) -> list[str]:
    tabs = owner.page.findall(".//nav[@aria-label='Lists']//a[@aria-current='page']")
    assert len(tabs) == 1
    return "".join(tabs[0].itertext()).split()


def _tabs(owner, address) -> list[str]:
    owner.get(address)
    return ["".join(tab.itertext()) for tab in owner.page.findall(".//span[@class='tabs__count']")]


def _named_tabs(owner, address) -> list[list[str]]:
    owner.get(address)
    tabs = owner.page.findall(".//nav[@class='tabs']//a")
    return [" ".join("".join(tab.itertext()).split()).rsplit(" ", 1) for tab in tabs]


def _cell(row, name: str) -> str:
    return " ".join("".join(row.find(f".//td[@class='{name}']").itertext()).split())


def _way(owner, rel: str) -> str:
    return owner.page.find(f".//a[@rel='{rel}']").get("href")


def _narrowed(reply, owner) -> str:
    return " ".join("".join(owner.page.find(".//p[@class='active-filters']").itertext()).split())


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)
