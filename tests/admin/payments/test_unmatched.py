"""After a restore from an older backup: payments without an order are in the review queue until they are dismissed."""

import re

import pytest
from sqlalchemy import select

from shop.accounts.models import AuditLogEntry
from shop.backup import back_up, restore
from shop.core.database import db
from shop.orders.models import Order
from shop.payments.reconciliation import reconcile
from tests import both_databases
from tests.admin_client import DONE, STAFF, AdminClient, create_owner, create_staff
from tests.at_once import at_once
from tests.ledger_reader import Ledger
from tests.shopper import Bought, Shopper, hidden_fields


@pytest.fixture
def restored(app, shopper, empty, tmp_path, settings):
    """The shop as it was before its last two payments began; and those: a second try of an old order, and a new one."""
    create_owner(app)
    create_staff(app)
    retried = shopper.buy()
    with app.app_context():
        back_up(tmp_path / "shop.zip", tmp_path / "none")
    new = Shopper(app, shopper.provider).buy()
    retried.post_callback(retried.failure())
    again = Shopper(app, shopper.provider)
    second = Bought(again, again.post(f"{retried.order_path}/pay", {}).headers["Location"])
    fresh = empty(settings["DATABASE_URL"].partition(":")[0].partition("+")[0])
    with fresh.app_context():
        restore(tmp_path / "shop.zip", tmp_path / "none")
    for bought in (new, second):
        bought.shopper.app = fresh
    return fresh, second, new


def owner_of(app, provider, email="owner@example.com"):
    owner = AdminClient(app, provider)
    assert owner.sign_in(email).status_code == 303
    return owner


def send(owner, address, **fields):
    token = hidden_fields(owner.get("/admin/review").text)["csrf_token"]
    return owner.post(address, {"csrf_token": token, **fields})


def ids(owner):
    """The ids of the payments without an order, in order."""
    return list(dict.fromkeys(re.findall(r'name="callback" value="(\d+)"', owner.get("/admin/review").text)))


def dismiss(owner, callback, reason):
    return send(owner, "/admin/review/unmatched", callback=callback, words=reason)


def number_of(app, bought):
    with app.app_context():
        token = bought.order_path.rsplit("/", 1)[1]
        return db.session.scalar(select(Order.number).where(Order.token == token))


@both_databases
def test_a_payment_made_since_the_backup_is_shown_until_it_is_marked_paid_by_hand_and_dismissed(restored, provider):
    app, second, _ = restored
    assert second.post_callback(second.callback()).status_code == 200
    owner, number, ledger = owner_of(app, provider), number_of(app, second), Ledger(app)
    page = owner.get("/admin/review").text
    assert "Payments without an order" in page
    assert "use “Mark paid by hand” with the M-PESA code" in page
    assert number in page, "it is unpaid and has the same total"
    assert f"<h3>Payment {second.reference}</h3>" in page
    [callback] = ids(owner)

    form = f"/admin/orders/{number}/mark-paid"
    fields = {"amount": "2650", "method": "MPESA", "code": "SKA1B2C3D4", "reason": "Paid before the restore"}
    assert owner.post(form, {**hidden_fields(owner.get(form).text, form), **fields}).status_code == 303
    dismiss(owner, callback, f"Marked paid: order {number}")

    assert second.status["payment"] == "paid"
    assert ledger.mails("paid") == 1
    assert "Payments without an order" not in owner.get("/admin/review").text
    with app.app_context():
        assert reconcile().holds
    # Chpter may repeat the callback
    assert second.post_callback(second.callback()).status_code == 200
    assert "Payments without an order" not in owner.get("/admin/review").text


@both_databases
def test_of_two_owners_one_dismisses(restored, provider):
    app, second, _ = restored
    second.post_callback(second.callback())
    owners = [owner_of(app, provider) for _ in range(2)]
    [callback] = ids(owners[0])

    at_once([lambda owner=owner: dismiss(owner, callback, "Refunded in Chpter") for owner in owners])

    pages = [owner.get("/admin/review").text for owner in owners]
    assert sum("Nothing was saved: another user has dismissed this payment" in page for page in pages) == 1
    with app.app_context():
        assert len(db.session.scalars(select(AuditLogEntry.words).where(DONE)).all()) == 1


def test_only_a_payment_that_exists_is_dismissed_and_with_a_reason(restored, provider):
    app, _, new = restored
    new.post_callback(new.callback())
    new.post_callback(b"\xff")
    owner = owner_of(app, provider)
    callbacks = ids(owner)
    assert len(callbacks) == 2

    without_reason = dismiss(owner, callbacks[0], "")
    assert "Enter a reason to dismiss the payment" in owner.get(without_reason.location).text
    for unknown in ("0", "x", "999"):
        dismiss(owner, unknown, "Refunded in Chpter")
    assert ids(owner) == callbacks
    for callback in callbacks:
        dismiss(owner, callback, "Refunded in Chpter")

    assert "Payments without an order" not in owner.get("/admin/review").text
    with app.app_context():
        words = db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id)).all()
    assert words == [
        f"Dismissed payment {new.reference}, which has no order: Refunded in Chpter",
        "Dismissed payment without a reference, which has no order: Refunded in Chpter",
    ]


def test_staff_see_it_and_may_not_dismiss_it(restored, provider):
    app, _, new = restored
    new.post_callback(new.callback())
    staff = owner_of(app, provider, STAFF)

    page = staff.get("/admin/review").text
    assert new.reference in page and "Only an owner may decide about money." in page
    assert not ids(staff)
