"""Bulk actions: each order is changed if it can be, and the answer says which are not and why."""

import re
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.accounts.models import AuditLogEntry
from shop.core.database import db, write
from shop.orders import fulfilment as fulfilling
from shop.orders.models import Order, OrderEvent
from shop.orders.states import Fulfilment, Payment
from tests import both_databases, order_factory
from tests.admin_client import STAFF, AdminClient
from tests.faults.at_once import at_once
from tests.page_checks import CANARY
from tests.shopper import hidden_fields

PAID = {"payment": Payment.PAID}


def press(owner: AdminClient, act: str, *numbers: str, **fields: str):
    """Tick orders in the list and press a button: the page that answers."""
    form = {"csrf_token": token_of(owner), "order": list(numbers), "act": act, **fields}
    reply = owner.post("/admin/orders", form)
    assert reply.status_code == 303
    return owner.get(reply.headers["Location"])


def token_of(owner: AdminClient) -> str:
    return hidden_fields(owner.get("/admin/").text)["csrf_token"]


def state_of(app: Flask, number: str) -> str:
    with app.app_context():
        return db.session.scalars(select(Order.fulfilment).where(Order.number == number)).one()


def notices(owner: AdminClient) -> list[str]:
    said = ["".join(one.itertext()) for one in owner.page.iter("p") if "notice--" in (one.get("class") or "")]
    return [words.removesuffix(".") for words in said]  # the page ends each sentence


@both_databases
def test_packed_and_sent_together_each_with_its_line_and_act(app, staff):
    numbers = order_factory.keep(app, order_factory.order(**PAID), order_factory.order(**PAID))

    assert notices_of(staff, "packed", *numbers) == ["2 orders marked packed"]
    assert notices_of(staff, "sent", *numbers) == ["2 orders marked sent"]
    assert [state_of(app, number) for number in numbers] == [Fulfilment.SENT] * 2
    with app.app_context():
        actor = set(db.session.scalars(select(OrderEvent.actor).where(OrderEvent.words == "Packed")))
    assert acts_of(app) == [f"{did} order {number}" for did in ("Packed", "Sent") for number in numbers]
    assert actor == {STAFF}


@both_databases
def test_one_that_cannot_move_stops_no_other_and_says_why(app, owner):
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
    good = order_factory.order(**PAID, fulfilment=Fulfilment.PACKED)
    *bad, moves = order_factory.keep(app, *cases.values(), good)

    moved, rest = notices_of(owner, "sent", *bad, moves)

    assert moved == "1 order marked sent"
    assert rest == "9 not marked sent: " + "; ".join(f"{number} {why}" for number, why in zip(bad, cases, strict=True))
    assert state_of(app, moves) == Fulfilment.SENT


@both_databases
@pytest.mark.parametrize("pressed", [("sent", "sent"), ("packed", "packed")])
def test_two_of_the_staff_press_at_once_and_one_moves_each_order(app, owner, staff, pressed):
    before = Fulfilment.PACKED if pressed[0] == "sent" else Fulfilment.UNFULFILLED
    numbers = order_factory.keep(app, *(order_factory.order(**PAID, fulfilment=before) for _ in range(6)))

    told = pressed_at_once(owner, staff, pressed, numbers)

    assert Counter(acts_of(app)) == {f"{pressed[0].capitalize()} order {number}": 1 for number in numbers}
    done = sum(int(number) for number in re.findall(r"(\d+) orders? marked", told))
    refused = sum(int(number) for number in re.findall(r"(\d+) not marked", told))
    assert (done, refused) == (6, 6)


def test_the_guard_is_that_of_every_move_of_goods(app, owner, monkeypatch):
    (number,) = order_factory.keep(app, order_factory.order(**PAID))
    monkeypatch.setattr(fulfilling, "updated", lambda _statement: 0)  # somebody was quicker

    assert "0" not in str(notices_of(owner, "packed", number)[0].split()[0])
    assert state_of(app, number) == Fulfilment.UNFULFILLED
    assert acts_of(app) == []


def test_what_was_looked_at_leaves_the_list_to_check(app, staff):
    warned = order_factory.order(**PAID)
    warned.record("Callback, row R2", warning=True)
    (number,) = order_factory.keep(app, warned)

    assert notices_of(staff, "looked-at", number) == ["1 order resolved"]
    assert "Nothing to review" in staff.get("/admin/checks").text
    assert notices_of(staff, "looked-at", number) == [f"1 not resolved: {number} has no open warning"]
    assert acts_of(app) == [f"Resolved the warnings of order {number}"]


def test_a_new_warning_opens_it_again(app, owner):
    (number,) = order_factory.keep(app, order_factory.order(**PAID, open_warning=True))
    press(owner, "looked-at", number)
    with app.app_context():
        write(lambda: db.session.scalars(select(Order)).one().record("Callback, row R5", warning=True))

    assert number in owner.get("/admin/checks").text


def test_afterwards_the_list_is_where_it_was(app, owner):
    (number,) = order_factory.keep(app, order_factory.order(**PAID, full_name="Njeri & Sons"))
    owner.get("/admin/", query_string={"tab": "to-pack", "q": "njeri & sons"})
    back = next(field.get("value") for field in owner.page.iter("input") if field.get("name") == "back")
    form = {"csrf_token": token_of(owner), "order": number, "act": "packed", "back": back}

    assert owner.post("/admin/orders", form).headers["Location"] == "/admin/?tab=to-pack&q=njeri+%26+sons"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/cart", "", CANARY, "/admin/\r\nx: y"])
def test_nobody_is_led_elsewhere_afterwards(app, owner, back):
    (number,) = order_factory.keep(app, order_factory.order(**PAID))
    form = {"csrf_token": token_of(owner), "order": number, "act": "packed", "back": back}

    assert owner.post("/admin/orders", form).headers["Location"] == "/admin/"


@pytest.mark.parametrize("act", ["", "paid", "refunded", "collected", CANARY, "x" * 5000])
def test_an_act_there_is_not_does_nothing(app, owner, act):
    (number,) = order_factory.keep(app, order_factory.order())

    assert notices_of(owner, act, number) == ["Nothing was done: press one of the buttons below the list"]
    with app.app_context():
        assert db.session.scalars(select(Order.payment)).one() == Payment.AWAITING


@both_databases
def test_forged_numbers_are_told_of_and_do_no_harm(app, owner):
    (number,) = order_factory.keep(app, order_factory.order(**PAID))
    forged = ("99999999", "\0", "x" * 5000, "🧺", "' OR 1=1", CANARY, "-1", "", number, number)

    moved, rest = notices_of(owner, "packed", *forged)

    assert moved == "1 order marked packed"
    assert rest.startswith("6 not marked packed: 99999999 is not an order of this shop; xxxxxxxxxxxx is not an order")


def test_nothing_ticked_is_said(owner):
    assert notices_of(owner, "packed") == ["No order is chosen. Tick the box of each order"]


def test_no_more_than_two_hundred_at_once_and_ten_reasons(app, owner):
    reply = press(owner, "packed", *(str(10_000_000 + n) for n in range(250)))

    assert "200 not marked packed" in reply.text
    assert "; and 190 more" in reply.text
    assert reply.text.count("is not an order of this shop") == 10


def test_without_the_forms_token_nothing_moves(app, owner):
    (number,) = order_factory.keep(app, order_factory.order(**PAID))
    reply = owner.post("/admin/orders", {"order": number, "act": "packed"})

    assert reply.status_code in (400, 403)
    assert state_of(app, number) == Fulfilment.UNFULFILLED


@both_databases
def test_choose_all_means_every_order_of_the_list_on_all_its_pages(app, owner):
    order_factory.keep(
        app, *(order_factory.order(**PAID, area_name="Kisumu") for _ in range(30)), order_factory.order(**PAID)
    )
    owner.get("/admin/?tab=to-pack&area=Kisumu")
    box = owner.page.find(".//input[@name='every']")
    back = "/admin/?tab=to-pack&area=Kisumu"

    assert "".join(owner.page.find(".//label[@class='orders-form__all']").itertext()).strip() == "Choose all 30"
    press(owner, "packed", every=box.get("value"), back=back)
    assert notices(owner) == ["30 orders marked packed"]
    assert dict(clerk_tabs(owner, "/admin/"))["To pack"] == "1"


@both_databases
def test_a_list_that_has_moved_since_all_of_it_was_chosen_is_left_alone(app, owner):
    order_factory.keep(app, order_factory.order(**PAID), order_factory.order(**PAID))
    press(owner, "packed", every="1", back="/admin/?tab=to-pack")

    assert notices(owner) == ["Nothing was done: the list has 2 orders now, and had 1 before"]
    assert acts_of(app) == []


def test_of_a_list_longer_than_the_limit_the_first_are_meant_and_said_so(app, owner, monkeypatch):
    monkeypatch.setattr("shop.admin.orders.list_views.MAX_SELECTED", 3)
    monkeypatch.setattr("shop.admin.orders.bulk_actions.MAX_SELECTED", 3)
    numbers = order_factory.keep(app, *(order_factory.order(**PAID) for _ in range(5)))
    owner.get("/admin/")

    assert "".join(owner.page.find(".//label[@class='orders-form__all']").itertext()).strip() == "Choose the first 3"
    press(owner, "packed", every="3", back="/admin/?tab=to-pack")
    assert [state_of(app, number) for number in numbers] == [Fulfilment.PACKED] * 3 + [Fulfilment.UNFULFILLED] * 2


@pytest.mark.parametrize("every", ["", "0", "-1", "9" * 5000, CANARY, "\0"])
def test_a_number_of_all_that_is_none_does_nothing(app, owner, every):
    order_factory.keep(app, order_factory.order(**PAID))

    assert notices_of(owner, "packed", every=every)[0].startswith("Nothing was done: the list has 1 orders now")
    assert acts_of(app) == []


@both_databases
def test_what_arrived_is_marked_delivered_together(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(**PAID, fulfilment=Fulfilment.SENT) for _ in range(3)))
    packed, pickup = order_factory.keep(
        app, *(order_factory.order(**PAID, fulfilment=Fulfilment.PACKED, pickup=pickup) for pickup in (False, True))
    )

    done, rest = notices_of(staff, "delivered", *numbers, packed, pickup)

    assert done == "3 orders marked delivered"
    assert rest == f"2 not marked delivered: {packed} is not sent yet; {pickup} is collected by its buyer, not sent"


@both_databases
def test_a_pick_list_sums_the_goods_of_the_chosen_orders(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(**PAID) for _ in range(3)))
    page = press(staff, "pick", *numbers).text

    assert "Pick list for 3 orders" in page
    assert page.count("Kiondo") == 1 and "3 pieces" in page
    assert staff.get("/admin/pick-list?order=1&order=x").status_code == 404


def test_a_stranger_moves_nothing(app, visitor):
    (number,) = order_factory.keep(app, order_factory.order(**PAID))
    form = {**hidden_fields(visitor.get("/admin/sign-in").text), "order": number, "act": "packed"}

    assert visitor.post("/admin/orders", form).status_code == 303
    assert state_of(app, number) == Fulfilment.UNFULFILLED


def test_each_list_offers_what_can_be_done_in_it(app, owner, staff):
    order_factory.keep(
        app, order_factory.order(**PAID), order_factory.order(), order_factory.order(**PAID, fulfilment=Fulfilment.SENT)
    )

    def offers(who: AdminClient, tab: str) -> list[str]:
        who.get(f"/admin/?tab={tab}")
        return [one.get("value") for one in who.page.iter("button") if one.get("name") == "act"]

    assert offers(staff, "to-pack") == ["packed", "pick", "packing", "rider"]
    assert not {"packed", "sent", "export"} & set(offers(staff, "waiting"))
    assert "delivered" in offers(staff, "sent")
    assert "export" in offers(owner, "waiting")
    assert "packed" not in offers(owner, "sent")


def notices_of(owner: AdminClient, act: str, *numbers: str, **fields: str) -> list[str]:
    press(owner, act, *numbers, **fields)
    return notices(owner)


def clerk_tabs(owner: AdminClient, address: str) -> list[list[str]]:
    owner.get(address)
    tabs = owner.page.findall(".//nav[@class='tabs']//a")
    return [" ".join("".join(tab.itertext()).split()).rsplit(" ", 1) for tab in tabs]


def acts_of(app: Flask) -> list[str]:
    with app.app_context():
        return list(
            db.session.scalars(
                select(AuditLogEntry.words).where(AuditLogEntry.order_id.is_not(None)).order_by(AuditLogEntry.id)
            )
        )


def pressed_at_once(first: AdminClient, second: AdminClient, acts: tuple[str, str], numbers: list[str]) -> str:
    """Two people press at the same moment; what both are told, as one text."""
    forms = [
        {"csrf_token": token_of(who), "order": numbers, "act": act}
        for who, act in zip((first, second), acts, strict=True)
    ]
    replies = at_once(
        [
            lambda who=who, form=form: who.post("/admin/orders", form)
            for who, form in zip((first, second), forms, strict=True)
        ]
    )
    assert {reply.status_code for reply in replies} == {303}
    return "".join(" ".join(notices(who)) for who in (first, second) if who.get("/admin/"))


def test_the_timeline_has_one_line_for_each_move(app, owner):
    (number,) = order_factory.keep(app, order_factory.order(**PAID))
    press(owner, "packed", number)
    press(owner, "packed", number)
    with app.app_context():
        lines = select(func.count()).where(OrderEvent.words == "Packed")

        assert db.session.scalar(lines) == 1
