"""After a restore from an older backup: what was paid since stands under To check, and settles once it is matched."""

import re

import pytest
from sqlalchemy import select

from shop.accounts.models import AuditLogEntry
from shop.backup import back_up, restore
from shop.core.database import db
from shop.orders.models import Order
from shop.payments.models import CallbackRecord, UnmatchedCallback
from shop.payments.reconciliation import reconcile
from tests import both_databases
from tests.admin_client import DONE, STAFF, Clerk, let_in, let_staff_in
from tests.faults.at_once import at_once
from tests.ledger_reader import Ledger
from tests.shopper import SKU, Bought, Shopper, hidden_fields


@pytest.fixture
def restored(app, shopper, empty, tmp_path, request):
    """The shop as it was before its last two payments began; and those: a second try of an old order, and a new one."""
    let_in(app)
    let_staff_in(app)
    retried = shopper.buy()
    with app.app_context():
        back_up(tmp_path / "shop.zip", tmp_path / "none")
    new = Shopper(app, shopper.provider).buy()
    retried.hear(retried.failure())
    again = Shopper(app, shopper.provider)
    second = Bought(again, again.post(f"{retried.order_path}/pay", {}).headers["Location"])
    fresh = empty(request.node.callspec.params["database_url"])
    with fresh.app_context():
        restore(tmp_path / "shop.zip", tmp_path / "none")
    for bought in (new, second):
        bought.shopper.app = fresh
    return fresh, second, new


def owner_of(app, provider, email="owner@example.com"):
    clerk = Clerk(app, provider)
    assert clerk.sign_in(email).status_code == 303
    return clerk


def send(clerk, address, **fields):
    token = hidden_fields(clerk.get("/admin/checks").text)["csrf_token"]
    return clerk.post(address, {"csrf_token": token, **fields})


def shown(clerk):
    """The payments without an order: id by reference."""
    page = clerk.get("/admin/checks").text
    return dict(
        zip(
            re.findall(r"<h3>Payment (\d+)</h3>", page),
            dict.fromkeys(re.findall(r'name="callback" value="(\d+)"', page)),
            strict=True,
        )
    )


def number_of(app, bought):
    with app.app_context():
        token = bought.order_path.rsplit("/", 1)[1]
        return db.session.scalar(select(Order.number).where(Order.token == token))


@both_databases
def test_a_payment_made_since_the_backup_is_shown_and_settles_its_order_once_matched(restored, provider):
    app, second, _ = restored
    assert second.hear(second.callback()).status_code == 200
    owner, number, ledger = owner_of(app, provider), number_of(app, second), Ledger(app)
    assert "Payments without an order" in owner.get("/admin/checks").text
    assert number in owner.get("/admin/checks").text, "it waits for that sum"
    before = ledger.stock(SKU)

    matched = send(owner, "/admin/checks/match", callback=shown(owner)[second.reference], number=f" {number} ")

    assert matched.headers["Location"] == f"/admin/orders/{number}"
    standing = ledger.standing(second)
    assert (standing.order, standing.attempt) == ("paid", "paid")
    assert ledger.stock(SKU) == (before[0] - 1, before[1] - 1)
    assert ledger.mails("paid") == 1
    assert [one.row for one in ledger.callbacks(second)] == ["R3"]
    assert owner.get(f"/admin/orders/{number}").status_code == 200
    assert shown(owner) == {}
    with app.app_context():
        assert reconcile().holds
        acts = db.session.scalars(select(AuditLogEntry.words).where(DONE)).all()
    assert acts == [f"Matched payment {second.reference} of KSh 2,650, which had come without an order"]
    # Chpter may say more, to the same address
    assert second.hear(second.callback()).status_code == 200
    assert [one.row for one in ledger.callbacks(second)] == ["R3", "R8"]


@both_databases
def test_of_two_owners_one_matches(restored, provider):
    app, second, _ = restored
    second.hear(second.callback())
    owners = [owner_of(app, provider) for _ in range(2)]
    callback, number = shown(owners[0])[second.reference], number_of(app, second)

    at_once(
        [lambda owner=owner: send(owner, "/admin/checks/match", callback=callback, number=number) for owner in owners]
    )

    ledger = Ledger(app)
    assert [one.row for one in ledger.callbacks(second)] == ["R3"]
    assert ledger.count(UnmatchedCallback) == 0


@both_databases
def test_another_sum_goes_to_review_like_everywhere(restored, provider):
    app, second, _ = restored
    second.hear(second.failure())
    second.hear(second.callback(amount="1300"))
    owner, number = owner_of(app, provider), number_of(app, second)

    send(owner, "/admin/checks/match", callback=shown(owner)[second.reference], number=number)

    ledger = Ledger(app)
    assert [one.row for one in ledger.callbacks(second)] == ["R6", "R4"]
    assert ledger.standing(second).order == "review"


@both_databases
def test_a_lost_order_made_anew_takes_its_payment(restored, provider):
    app, _, new = restored
    new.hear(new.callback())
    owner = owner_of(app, provider)
    anew = Shopper(app, provider).buy()

    send(owner, "/admin/checks/match", callback=shown(owner)[new.reference], number=number_of(app, anew))

    assert anew.status["payment"] == "paid"


@both_databases
def test_what_belongs_to_no_order_is_put_aside_with_words(restored, provider):
    app, _, new = restored
    new.hear(new.callback())
    new.hear(b"\xff")
    owner = owner_of(app, provider)
    ids = list(dict.fromkeys(re.findall(r'name="callback" value="(\d+)"', owner.get("/admin/checks").text)))
    assert len(ids) == 2

    assert (
        "Say what became of the payment"
        in owner.get(send(owner, "/admin/checks/unmatched", callback=ids[0]).location).text
    )
    for one in ids:
        send(owner, "/admin/checks/unmatched", callback=one, words="Given back in Chpter")

    assert "Payments without an order" not in owner.get("/admin/checks").text
    with app.app_context():
        acts = db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id)).all()
    assert acts[0] == f"Put aside payment {new.reference}, which had come without an order: Given back in Chpter"


@both_databases
def test_a_number_that_no_order_has_changes_nothing(restored, provider):
    app, _, new = restored
    new.hear(new.callback())
    owner = owner_of(app, provider)

    for number in ("", "00000000", "1 OR 1=1"):
        send(owner, "/admin/checks/match", callback=shown(owner)[new.reference], number=number)
        assert "There is no order of that number" in owner.get("/admin/checks").text
    assert new.reference in owner.get("/admin/checks").text
    assert Ledger(app).count(CallbackRecord) == 0


@both_databases
def test_what_names_no_payment_or_anothers_cannot_be_matched(restored, provider):
    app, second, new = restored
    known = Shopper(app, provider).buy()
    new.hear(new.callback(order_id=known.reference))
    second.hear(second.callback(order_id=None))
    owner, number, ledger = owner_of(app, provider), number_of(app, second), Ledger(app)
    page = owner.get("/admin/checks").text
    ids = sorted(set(re.findall(r'name="callback" value="(\d+)"', page)), key=int)

    for one in (*ids, "0", "x"):
        send(owner, "/admin/checks/match", callback=one, number=number)

    assert page.count("Match</button>") == 1
    assert ledger.count(CallbackRecord) == 0
    assert ledger.count(UnmatchedCallback, UnmatchedCallback.resolved_at.is_(None)) == 2
    assert known.status["payment"] == "awaiting"


@both_databases
def test_staff_see_it_and_may_not_decide(restored, provider):
    app, _, new = restored
    new.hear(new.callback())
    staff = owner_of(app, provider, STAFF)

    page = staff.get("/admin/checks").text
    assert new.reference in page and "Only an owner may decide about money." in page
    assert send_anyway(staff, "/admin/checks/match") == send_anyway(staff, "/admin/checks/unmatched") == 403


def send_anyway(staff, address):
    token = hidden_fields(staff.get("/admin/me").text)["csrf_token"]
    return staff.post(address, {"csrf_token": token, "callback": "1", "number": "1", "words": "x"}).status_code
