"""The review queue: every review item, most urgent first, until it is resolved."""

import re
from datetime import timedelta

import pytest

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.payments import money_ledger
from shop.payments.models import AttemptState, PaymentAttempt, ReviewFlag
from tests import both_databases
from tests.page_checks import CANARY
from tests.query_counter import counted
from tests.shopper import SKU, Shopper, hidden_fields


@pytest.fixture
def buy(app, provider):
    return lambda **answers: Shopper(app, provider).buy(**answers)


def kinds(owner, address="/admin/review"):
    """The kinds of the listed items, in order."""
    page = owner.get(address).text
    return re.findall(r'<span class="badge badge--\w+">([^<]*)</span>', page)


def resolve(owner, **fields):
    token = hidden_fields(owner.get("/admin/review").text)
    return owner.post("/admin/review/close", {"csrf_token": token["csrf_token"], **fields})


def test_an_order_in_review_shows_both_amounts_the_reason_and_an_owners_actions(owner, staff, buy):
    bought = buy(full_name=f"Wanjiru {CANARY}")
    bought.post_callback(bought.callback(amount="1300"))

    page, for_staff = owner.get("/admin/review").text, staff.get("/admin/review").text

    assert kinds(owner) == ["To decide"]
    assert "The amount paid is not the amount requested" in page
    assert "<dt>Asked for</dt><dd>KSh 2,650</dd>" in page
    assert "<dt>Chpter says</dt><dd>KSh 1,300</dd>" in page
    assert "Ask for the remaining KSh 1,350" in page
    assert "Accept KSh 1,300" not in page  # less is accepted on a page of its own
    assert "/accept" not in for_staff and "/request-rest" not in for_staff
    assert "Only an owner can act on payments." in for_staff


@both_databases
def test_everything_that_needs_a_person_is_listed_by_urgency(app, owner, buy, ledger):
    late, unreadable, opened, mixed, other = buy(), buy(), buy(), buy(), buy()
    offered, stray, due, twice, decide = buy(), buy(), buy(), buy(), buy()
    contradicts, silent = buy(), buy()
    unreadable.post_callback(b"\xff")
    app.test_client().get(opened.callback_path)
    mixed.post_callback(mixed.callback(order_id="100000001"))
    for paid in (other, twice, contradicts):
        paid.post_callback(paid.callback())
    other.post_callback(other.callback(amount="1"))
    contradicts.post_callback(contradicts.callback(payment_status="Who knows"))
    Shopper(app).post(f"{offered.order_path}/code", {"code": "SKA1B2C3D4"})
    for cancelled in (stray, due):
        ledger.cancel(cancelled)
    stray.post_callback(stray.callback(amount="1"))
    due.post_callback(due.callback())
    decide.post_callback(decide.callback(amount="1"))
    ledger.put_attempt(silent, created_at=utcnow() - timedelta(minutes=16))
    for settled in (unreadable, opened, mixed, offered):
        ledger.put_attempt(settled, created_at=utcnow() - timedelta(hours=25))
    with app.app_context():

        def pay_again():
            order = ledger._order(twice)
            second = PaymentAttempt(
                order_id=order.id, reference=100000007, secret_hash="x", state=AttemptState.PAID, amount=2650,
                created_at=utcnow() - timedelta(days=2),
            )  # fmt: skip
            db.session.add(second)
            db.session.flush()
            money_ledger.enter_payment(order, 2650, attempt=second)
            money_ledger.add_refund_due(order, 2650)

        write(pay_again)
    ledger.put_attempt(late, created_at=utcnow() - timedelta(hours=25))
    ledger.expire()
    late.post_callback(late.callback())

    assert kinds(owner) == [
        "To decide",
        "Code from a buyer",
        "Paid twice",
        "Refund due",
        "Payment on a closed order",
        "Different amount",
        "Contradiction",
        "Callback for another order",
        "Callback address opened",
        "Unreadable callback",
        "Paid late",
        "No callback yet",
    ]
    assert kinds(owner, "/admin/review?kind=twice") == ["Paid twice"]
    assert '<a href="/admin/review?kind=twice" aria-current="page">Paid twice <span class="tabs__count">1</span>' in (
        owner.get("/admin/review?kind=twice").text
    )
    assert len(kinds(owner, "/admin/review?kind=<canary>&page=99999999999")) == 12


@both_databases
def test_a_flag_is_open_once_resolved_once_with_its_user_and_may_come_again(staff, buy, ledger):
    bought = buy()
    for _ in range(3):
        bought.post_callback(b"garbage")
    flag = re.search(r'name="check" value="(\d+)"', staff.get("/admin/review").text).group(1)

    resolve(staff, check=flag, words="Rang the buyer")
    again = staff.get(resolve(staff, check=flag).headers["Location"]).text

    assert ledger.count(ReviewFlag) == 1
    assert "This was already resolved" in again
    assert "Nothing to review" in again
    order = staff.get(f"/admin/orders/{ledger.column('number', bought)}").text
    assert "Resolved “Unreadable callback”: Rang the buyer" in order
    assert "packer@example.com" in order
    bought.post_callback(b"garbage")
    assert kinds(staff) == ["Unreadable callback"]


@both_databases
def test_an_order_without_a_callback_is_listed_after_fifteen_minutes_for_a_day_or_until_it_is_dismissed(
    owner, buy, ledger
):
    bought = buy()
    for minutes, listed in ((14, []), (16, ["No callback yet"]), (24 * 60 + 1, [])):
        ledger.put_attempt(bought, created_at=utcnow() - timedelta(minutes=minutes))
        assert kinds(owner) == listed, minutes
    ledger.put_attempt(bought, created_at=utcnow() - timedelta(minutes=40))
    ledger.expire()
    assert kinds(owner) == ["No callback yet"]

    resolve(owner, waiting=ledger.column("number", bought))

    assert kinds(owner) == []


@pytest.mark.parametrize("fields", [{}, {"check": "9" * 40}, {"check": "1\0"}, {"waiting": "1--"}])
def test_resolving_an_unknown_item_is_not_found(owner, fields):
    assert resolve(owner, **fields).status_code == 404


def test_the_queue_has_pages_and_many_items_need_no_more_queries_than_few(app, owner, buy, ledger):
    ledger.shelve(SKU, 100)
    for _ in range(3):
        bought = buy()
        bought.post_callback(bought.callback(amount="1300"))
    owner.get("/admin/review")  # fills the caches
    with counted(app) as few:
        owner.get("/admin/review")
    for _ in range(20):
        bought = buy()
        bought.post_callback(bought.callback(amount="1300"))
    owner.get("/admin/review")
    with counted(app) as many:
        first = owner.get("/admin/review").text

    assert len(few) == len(many)
    assert first.count('class="review-item ') == 20
    assert 'href="/admin/review?page=2"' in first
    assert owner.get("/admin/review?page=2").text.count('class="review-item ') == 3


def test_an_order_that_a_discount_code_made_free_is_listed_until_it_is_resolved(owner, app, provider):
    buyer = Shopper(app, provider)
    buyer.add()
    buyer.checkout(area="pickup", code="ZAWADI", location="")
    page = owner.get("/admin/review").text
    line = re.search(r'name="check" value="(\d+)"', page).group(1)

    assert kinds(owner) == ["Free with a discount code"]
    assert re.search(r"Discount code ZAWADI took KSh [\d,]+ off: nothing was left to pay", page)
    resolve(owner, check=line)
    assert kinds(owner) == []
