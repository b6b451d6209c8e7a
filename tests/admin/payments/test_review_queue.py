"""The review queue: every review item, most urgent first, until it is resolved."""

import re
from datetime import timedelta

import pytest

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.signals import payment_failed
from shop.payments import money_ledger
from shop.payments.models import AttemptState, PaymentAttempt, ReviewFlag
from tests import both_databases
from tests.admin.orders.test_list import counted
from tests.page_checks import CANARY
from tests.shopper import SKU, Shopper, hidden_fields


@pytest.fixture
def buy(app, provider):
    return lambda **answers: Shopper(app, provider).buy(**answers)


def kinds(owner, address="/admin/checks"):
    """The names of what is listed, from the top."""
    page = owner.get(address).text
    return re.findall(r'<span class="badge badge--\w+">([^<]*)</span>', page)


def look(owner, **fields):
    token = hidden_fields(owner.get("/admin/checks").text)
    return owner.post("/admin/checks/close", {"csrf_token": token["csrf_token"], **fields})


def test_an_empty_review_queue_says_what_it_lists(owner):
    assert "Nothing to review" in owner.get("/admin/checks").text


@both_databases
def test_a_review_shows_both_sums_and_the_reason_in_words(owner, buy, ledger):
    bought = buy(full_name=f"Wanjiru {CANARY}")
    bought.post_callback(bought.callback(amount="1300"))

    page = owner.get("/admin/checks").text

    assert kinds(owner) == ["To decide"]
    assert "The amount paid is not the amount requested" in page
    assert "<dt>Asked for</dt><dd>KSh 2,650</dd>" in page
    assert "<dt>Chpter says</dt><dd>KSh 1,300</dd>" in page
    assert "Ask for the remaining KSh 1,350" in page
    assert "Accept KSh 1,300" not in page  # less is accepted on a page of its own


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
    assert kinds(owner, "/admin/checks?kind=twice") == ["Paid twice"]
    assert '<a href="/admin/checks?kind=twice" aria-current="page">Paid twice <span class="tabs__count">1</span>' in (
        owner.get("/admin/checks?kind=twice").text
    )
    assert len(kinds(owner, "/admin/checks?kind=<canary>&page=99999999999")) == 12


@both_databases
def test_the_same_doubt_twice_is_one_line_and_after_a_look_it_may_come_again(owner, buy, ledger):
    bought = buy()
    for _ in range(3):
        bought.post_callback(b"garbage")
    line = re.search(r'name="check" value="(\d+)"', owner.get("/admin/checks").text).group(1)

    look(owner, check=line)
    again = owner.get(look(owner, check=line).headers["Location"]).text

    assert ledger.count(ReviewFlag) == 1
    assert "This was already resolved" in again
    assert "Nothing to review" in again
    bought.post_callback(b"garbage")
    assert kinds(owner) == ["Unreadable callback"]


@both_databases
def test_staff_may_look_and_the_log_names_them(staff, buy, ledger):
    bought = buy()
    bought.post_callback(b"garbage")
    line = re.search(r'name="check" value="(\d+)"', staff.get("/admin/checks").text).group(1)

    page = staff.get(look(staff, check=line, words="Rang the buyer").headers["Location"]).text

    assert "Resolved" in page
    order = staff.get(f"/admin/orders/{ledger.column('number', bought)}").text
    assert "Resolved “Unreadable callback”: Rang the buyer" in order
    assert "packer@example.com" in order


def test_staff_see_no_payment_buttons(staff, buy):
    bought = buy()
    bought.post_callback(bought.callback(amount="1300"))

    page = staff.get("/admin/checks").text

    assert "/accept" not in page and "/ask-rest" not in page
    assert "Only an owner can act on payments." in page


@both_databases
def test_silence_is_listed_after_fifteen_minutes_for_a_day_or_until_somebody_looked(owner, buy, ledger):
    bought = buy()
    for minutes, listed in ((14, []), (16, ["No callback yet"]), (24 * 60 + 1, [])):
        ledger.put_attempt(bought, created_at=utcnow() - timedelta(minutes=minutes))
        assert kinds(owner) == listed, minutes
    ledger.put_attempt(bought, created_at=utcnow() - timedelta(minutes=40))
    ledger.expire()
    assert kinds(owner) == ["No callback yet"]

    look(owner, waiting=ledger.column("number", bought))

    assert kinds(owner) == []


@pytest.mark.parametrize("fields", [{}, {"check": "x"}, {"check": "9" * 40}, {"check": "1\0"}, {"waiting": "1--"}])
def test_a_look_at_nothing_is_not_found(owner, fields):
    assert look(owner, **fields).status_code == 404


def test_a_look_without_its_token_is_refused(owner):
    assert owner.post("/admin/checks/close", {"check": "1"}).status_code == 400


def test_many_are_paged_and_ask_the_database_as_often_as_few(app, owner, buy, ledger):
    ledger.shelve(SKU, 100)
    for _ in range(3):
        bought = buy()
        bought.post_callback(bought.callback(amount="1300"))
    owner.get("/admin/checks")  # what is looked up once in a while is known now
    with counted(app) as few:
        owner.get("/admin/checks")
    for _ in range(20):
        bought = buy()
        bought.post_callback(bought.callback(amount="1300"))
    owner.get("/admin/checks")
    with counted(app) as many:
        first = owner.get("/admin/checks").text

    assert len(few) == len(many)
    assert first.count('class="review-item ') == 20
    assert 'href="/admin/checks?page=2"' in first
    assert owner.get("/admin/checks?page=2").text.count('class="review-item ') == 3


def test_a_check_belongs_to_its_event_and_is_lost_with_it(app, buy, ledger):
    """Control: what undoes the callback undoes the line too."""
    bought = buy()

    def fail(_attempt):
        raise RuntimeError

    bought.post_callback(b"garbage")
    assert ledger.count(ReviewFlag) == 1
    with payment_failed.connected_to(fail):
        assert bought.post_callback(bought.failure()).status_code == 202
    assert ledger.count(ReviewFlag) == 1


@both_databases
def test_an_order_that_a_code_made_free_stands_in_the_list_until_a_person_looked(owner, app, provider):
    buyer = Shopper(app, provider)
    buyer.add()
    buyer.checkout(area="pickup", code="ZAWADI", location="")
    page = owner.get("/admin/checks").text
    line = re.search(r'name="check" value="(\d+)"', page).group(1)

    assert kinds(owner) == ["Free with a discount code"]
    assert re.search(r"Discount code ZAWADI took KSh [\d,]+ off: nothing was left to pay", page)
    look(owner, check=line)
    assert kinds(owner) == []
