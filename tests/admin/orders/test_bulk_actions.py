"""Bulk actions: each order is changed if it can be, and the answer says which are not and why."""

import pytest

from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from tests import order_factory
from tests.admin.orders.order_pages import (
    audited,
    events,
    notices,
    press,
    press_list,
    state_of,
    tabs,
    text_of,
    token_of,
)
from tests.admin_client import STAFF
from tests.page_checks import CANARY

PAID = {"payment": Payment.PAID}


def test_orders_are_packed_and_sent_together_each_with_its_entry_in_timeline_and_audit_log(app, staff):
    numbers = order_factory.keep(app, order_factory.order(**PAID), order_factory.order(**PAID))

    assert press_list(staff, "packed", *numbers) == ["2 orders marked packed"]
    assert press_list(staff, "packed", numbers[0]) == [f"1 not marked packed: {numbers[0]} was already packed"]
    assert press_list(staff, "sent", *numbers) == ["2 orders marked sent"]
    assert [state_of(app, number) for number in numbers] == [Fulfilment.SENT] * 2
    assert [event.actor for event in events(app) if event.words == "Packed"] == [STAFF, STAFF]
    assert audited(app) == [(STAFF, f"{did} order {number}") for did in ("Packed", "Sent") for number in numbers]


def test_an_order_that_cannot_move_stops_no_other_and_the_answer_says_why(app, owner):
    cases = {
        "is not paid yet": order_factory.order(),
        "has a payment to review first": order_factory.order(payment=Payment.REVIEW),
        "expired unpaid": order_factory.order(payment=Payment.EXPIRED),
        "was cancelled": order_factory.order(payment=Payment.CANCELLED),
        "was refunded": order_factory.order(payment=Payment.REFUNDED, fulfilment=Fulfilment.PACKED),
        "is not packed yet": order_factory.order(**PAID),
        "was already sent": order_factory.order(**PAID, fulfilment=Fulfilment.SENT),
        "was already delivered": order_factory.order(**PAID, fulfilment=Fulfilment.DELIVERED),
        "is collected by its buyer, not sent": order_factory.order(**PAID, pickup=True, fulfilment=Fulfilment.PACKED),
    }
    *bad, good = order_factory.keep(
        app, *cases.values(), order_factory.order(**PAID, fulfilment=Fulfilment.PACKED, full_name="Good")
    )

    reasons = "; ".join(f"{number} {why}" for number, why in zip(bad, cases, strict=True))
    assert press_list(owner, "sent", *bad, good) == ["1 order marked sent", f"9 not marked sent: {reasons}"]
    packed, pickup = order_factory.keep(
        app, *(order_factory.order(**PAID, fulfilment=Fulfilment.PACKED, pickup=pickup) for pickup in (False, True))
    )
    assert press_list(owner, "delivered", good, packed, pickup) == [
        "1 order marked delivered",
        f"2 not marked delivered: {packed} is not sent yet; {pickup} is collected by its buyer, not sent",
    ]


def test_resolved_warnings_leave_the_review_queue_until_a_new_one_comes(app, staff):
    warned = order_factory.order(**PAID)
    warned.record("Callback, row R2", warning=True)
    (number,) = order_factory.keep(app, warned)

    assert press_list(staff, "looked-at", number) == ["1 order resolved"]
    assert "Nothing to review" in staff.get("/admin/review").text
    assert press_list(staff, "looked-at", number) == [f"1 not resolved: {number} has no open warning"]
    assert audited(app) == [(STAFF, f"Resolved the warnings of order {number}")]
    with app.app_context():
        write(lambda: db.session.query(Order).one().record("Callback, row R5", warning=True))
    assert number in staff.get("/admin/review").text


def test_afterwards_the_list_is_shown_as_before_and_never_another_site(app, owner):
    (number,) = order_factory.keep(app, order_factory.order(**PAID, full_name="Njeri & Sons"))
    owner.get("/admin/", query_string={"tab": "to-pack", "q": "njeri & sons"})
    back = next(field.get("value") for field in owner.page.iter("input") if field.get("name") == "back")
    form = {"csrf_token": token_of(owner), "order": number, "act": "packed"}

    reply = owner.post("/admin/orders", {**form, "back": back})
    assert reply.headers["Location"] == "/admin/?tab=to-pack&q=njeri+%26+sons"
    for other in ("https://evil.example/", "//evil.example", "/cart", "", CANARY, "/admin/\r\nx: y"):
        assert owner.post("/admin/orders", {**form, "back": other}).headers["Location"] == "/admin/"


@pytest.mark.parametrize(
    ("action", "fields", "words"),
    [
        ("", {}, "Nothing was done: press one of the buttons below the list"),
        ("refunded", {}, "Nothing was done: press one of the buttons below the list"),
        (CANARY, {}, "Nothing was done: press one of the buttons below the list"),
        ("packed", {"order": []}, "No order is chosen. Tick the box of each order"),
        ("packed", {"every": "1"}, "Nothing was done: the list has 2 orders now, and had 1 before"),
        ("packed", {"every": "9" * 5000}, "Nothing was done: the list has 2 orders now, and had 999999999 before"),
        ("packed", {"every": CANARY}, f"Nothing was done: the list has 2 orders now, and had {CANARY[:9]} before"),
    ],
)
def test_a_form_that_is_not_clear_does_nothing_and_says_so(app, owner, action, fields, words):
    number, _ = order_factory.keep(app, order_factory.order(**PAID), order_factory.order(**PAID))

    assert press_list(owner, action, number, **{"back": "/admin/?tab=to-pack", **fields}) == [words]
    assert audited(app) == []


def test_unknown_numbers_are_named_and_no_more_than_two_hundred_are_read(app, owner):
    (number,) = order_factory.keep(app, order_factory.order(**PAID))

    unknown = ("99999999", "\0", "x" * 5000, "🧺", "' OR 1=1", CANARY, "-1", "", number, number)
    moved, rest = press_list(owner, "packed", *unknown)
    assert moved == "1 order marked packed"
    assert rest.startswith("6 not marked packed: 99999999 is not an order of this shop; xxxxxxxxxxxx is not an order")
    [rest] = press_list(owner, "packed", *(str(10_000_000_000 + n) for n in range(250)))
    assert rest.startswith("200 not marked packed") and rest.endswith("; and 190 more")
    assert rest.count("is not an order of this shop") == 10


def test_choose_all_means_every_order_of_the_list_up_to_the_limit(app, owner, monkeypatch):
    orders = [order_factory.order(**PAID, area_name="Kisumu") for _ in range(30)]
    numbers = order_factory.keep(app, *orders, order_factory.order(**PAID))
    owner.get("/admin/?tab=to-pack&area=Kisumu")
    every = owner.page.find(".//input[@name='every']").get("value")
    label = ".//label[@class='orders-form__all']"

    assert text_of(owner.page.find(label)) == "Choose all 30"
    back = "/admin/?tab=to-pack&area=Kisumu"
    assert press_list(owner, "packed", every=every, back=back) == ["30 orders marked packed"]
    assert tabs(owner, "/admin/")["To pack"] == "1"

    monkeypatch.setattr("shop.admin.orders.list_views.MAX_SELECTED", 3)
    monkeypatch.setattr("shop.admin.orders.bulk_actions.MAX_SELECTED", 3)
    owner.get("/admin/?tab=to-send")
    assert text_of(owner.page.find(label)) == "Choose the first 3"
    press_list(owner, "sent", every="3", back="/admin/?tab=to-send")
    assert [state_of(app, number) for number in numbers[:5]] == ["sent"] * 3 + ["packed"] * 2


def test_a_pick_list_sums_the_products_of_the_chosen_orders(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(**PAID) for _ in range(3)))
    press_list(staff, "pick", *numbers)
    page = text_of(staff.page)

    assert "Pick list for 3 orders" in page
    assert page.count("Kiondo") == 1 and "3 pieces" in page
    assert staff.get("/admin/pick-list?order=1&order=x").status_code == 404


def test_each_tab_offers_the_actions_of_its_orders(app, owner, staff):
    def offered(user, tab: str) -> list[str]:
        user.get(f"/admin/?tab={tab}")
        return [one.get("value") for one in user.page.iter("button") if one.get("name") == "act"]

    sent = order_factory.order(**PAID, fulfilment=Fulfilment.SENT)
    order_factory.keep(app, order_factory.order(**PAID), order_factory.order(), sent)

    assert offered(staff, "to-pack") == ["packed", "pick", "packing", "rider"]
    assert offered(staff, "sent") == ["delivered", "pick", "packing", "rider"]
    assert offered(owner, "waiting") == ["pick", "packing", "rider", "export"]


def test_orders_that_were_packed_together_are_undone_together(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(**PAID) for _ in range(3)))
    press_list(staff, "packed", *numbers)
    button = next(one for one in staff.page.iter("button") if one.get("name") == "undo")
    assert button.text == "Undo: mark these 3 as not packed"
    press(staff, numbers[0], "move", to="sent")

    assert _undo(staff, "12345")[0].startswith("It is too late to undo")  # the key of another action
    assert _undo(staff, button.get("value")) == [
        "2 orders undone",
        f"1 not undone: {numbers[0]} is not packed any more",
    ]
    assert [state_of(app, number) for number in numbers] == ["sent", "unfulfilled", "unfulfilled"]
    assert _undo(staff, button.get("value"))[0].startswith("It is too late to undo")


def _undo(user, key: str) -> list[str]:
    user.get(user.post("/admin/orders/undo", {"csrf_token": token_of(user), "undo": key}).headers["Location"])
    return notices(user)
