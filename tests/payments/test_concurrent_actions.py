"""Actions on an order that has changed since it was read: nothing is written, and the user is told."""

import re
from types import SimpleNamespace

import pytest
from sqlalchemy import insert, select, update

from shop.chpter import ChpterError
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders import fulfilment as fulfilling
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.payments import attempts as opening
from shop.payments import (
    callback_spool,
    manual_payments,
    mpesa_codes,
    payment_reversals,
    reconciliation,
    refunds,
)
from shop.payments.chpter_contact import ChpterContact
from shop.payments.models import OfferedCode, PaymentAttempt
from tests import both_databases
from tests.shopper import Bought

CASH = manual_payments.ManualPayment(100, "CASH", None, "Broken")


@pytest.fixture
def order(app, bought):
    """The purchase's order, inside the shop."""
    with app.app_context():
        yield db.session.scalars(select(Order).filter_by(token=bought.order_path.split("/")[-1])).one()


@pytest.mark.parametrize(
    ("payment", "attempt", "action"),
    [
        ("review", "open", lambda order: manual_payments.accept(order, 100, "owner")),  # no payment to accept
        ("review", "review", lambda order: manual_payments.resolve_attempt(order.attempts[0], 100, "owner")),
        ("cancelled", "open", lambda order: manual_payments.resolve_attempt(order.attempts[0], 0, "owner")),
        ("paid", "paid", lambda order: manual_payments.mark_paid(order, "paid", CASH, "owner")),
        ("paid", "paid", lambda order: payment_reversals.undo_mark_paid(order, "Another order's", "owner")),
    ],
)
def test_an_action_on_money_that_the_order_does_not_allow_changes_nothing(
    order, ledger, bought, payment, attempt, action
):
    ledger.put_order(bought, payment=payment)
    ledger.put_attempt(bought, state=attempt)

    with pytest.raises(StaleState):
        write(lambda: action(order))
    assert (order.payment, order.attempts[0].state, order.received) == (payment, attempt, 0)


def test_a_duplicate_payment_is_corrected_once(order, monkeypatch):
    # as it was read: another user has recorded a refund since
    monkeypatch.setattr(manual_payments, "duplicate_amount", lambda order: 100)
    monkeypatch.setattr(Order, "shortfall", property(lambda order: 7))

    with pytest.raises(StaleState):
        write(lambda: manual_payments.mark_duplicate(order, "owner"))


def test_a_refund_is_not_recorded_when_more_was_refunded_since_the_form_was_shown(order, ledger, bought):
    bought.post_callback(bought.callback())
    db.session.rollback()

    def refund():
        assert order.refunded == 0
        db.session.execute(update(Order).values(refunded=50), execution_options={"synchronize_session": False})
        refunds.record_refund(order, 0, CASH, "owner")

    with pytest.raises(StaleState):
        write(refund)
    assert ledger.column("refunded", bought) == 0


def test_an_order_that_another_user_hands_over_is_not_handed_over_again(order, ledger, bought, monkeypatch):
    ledger.put_order(bought, payment="paid", pickup=True, fulfilment="packed", collection_code="1234")
    db.session.rollback()
    assert order.fulfilment == "packed"
    guarded = fulfilling.updated

    def another_user_is_faster(statement):
        db.session.execute(
            update(Order).values(fulfilment="collected"), execution_options={"synchronize_session": False}
        )
        return guarded(statement)

    monkeypatch.setattr(fulfilling, "updated", another_user_is_faster)
    with pytest.raises(StaleState):
        write(lambda: fulfilling.hand_over(order, "1234", "staff"))


def test_a_page_of_a_superseded_attempt_is_not_shown(app, order, ledger, bought, monkeypatch):
    ledger.put_attempt(bought, state="failed")
    new = opening.reopen(order, utcnow())
    given_up = update(PaymentAttempt).where(PaymentAttempt.id == new.attempt.id).values(state="superseded")
    client, number = app.extensions["chpter"], new.attempt.id

    def open_session(request):
        db.session.execute(given_up)
        db.session.commit()
        return SimpleNamespace(checkout_link="https://pay.chpter.co/x")

    monkeypatch.setattr(client, "open_session", open_session)

    assert opening.open_page(new) is None
    assert db.session.get_one(PaymentAttempt, number).state == "superseded"


@both_databases
def test_a_link_of_another_attempt_is_not_used(app, shopper, order, ledger, bought, monkeypatch):
    shown = ledger.count(PaymentAttempt, PaymentAttempt.checkout_link.is_not(None))
    ledger.put_attempt(bought, state="failed")
    link = order.attempts[0].checkout_link
    new, client = opening.reopen(order, utcnow()), app.extensions["chpter"]
    monkeypatch.setattr(client, "open_session", lambda request: SimpleNamespace(checkout_link=link))

    assert opening.open_page(new) is None
    assert (new.attempt.state, new.attempt.create_error) == ("create_failed", "repeated_link")
    assert ledger.count(PaymentAttempt, PaymentAttempt.checkout_link.is_not(None)) == shown


def test_the_host_of_a_refused_link_is_named_to_the_merchant_and_not_to_the_buyer(shopper, ledger, provider, caplog):
    provider.behaviour = "link_off_host"
    shopper.add()
    shopper.checkout()
    bought = Bought(shopper, "")
    page = shopper.get(bought.order_path).text

    assert ledger.warnings(bought) == ["No payment page could be opened (unsafe_link: the link points to evil.example)"]
    assert "no payment page: unsafe_link, the link points to evil.example" in caplog.text
    assert "evil.example" not in page


def test_a_request_that_chpter_would_refuse_costs_no_order(shopper, ledger, monkeypatch):
    monkeypatch.setattr(
        "shop.payments.attempts.contact_to_send", lambda *_: ChpterContact("254700000000", "no address")
    )
    shopper.add()

    assert shopper.checkout().status_code == 303
    assert ledger.count(PaymentAttempt, PaymentAttempt.create_error == "wrong_request") == 1


def test_a_failure_to_open_a_page_is_in_the_timeline(app, order, ledger, bought, monkeypatch):
    ledger.put_attempt(bought, state="failed")
    new, client = opening.reopen(order, utcnow()), app.extensions["chpter"]

    def refuse(request):
        raise ChpterError("no")

    monkeypatch.setattr(client, "open_session", refuse)

    assert opening.open_page(new) is None
    assert ledger.timeline(bought)[-1] == "The payment page could not be opened"
    assert re.search("No payment page could be opened", ledger.warnings(bought)[-1])


@both_databases
def test_a_code_offered_twice_at_the_same_moment_is_recorded_once(order, ledger, bought):
    assert order.offered_codes == []

    def offer() -> str:
        assert order.offered_codes == []
        db.session.execute(insert(OfferedCode).values(order_id=order.id, code="SKA1B2C3D4", at=utcnow()))
        return mpesa_codes.offer_code(order, "ska1b2c3d4")

    assert write(offer) == "SKA1B2C3D4"
    assert len(order.offered_codes) == 1
    assert not [words for words in ledger.timeline(bought) if "SKA1B2C3D4" in words]


def test_more_was_received_and_more_was_refunded_than_the_ledger_says(order, ledger, bought):
    bought.post_callback(bought.callback())
    ledger.put_order(bought, received=bought.total + 100, refunded=100)

    [mismatch] = reconciliation.reconcile().wrong

    assert "the ledger says" in mismatch.words


def test_a_spooled_callback_that_another_worker_has_settled_is_skipped(order, monkeypatch):
    monkeypatch.setattr(callback_spool, "settle_callback", lambda incoming: pytest.fail("there is no callback"))
    folder = callback_spool.spool_folder()
    folder.mkdir()
    (folder / "20261102-a.json").symlink_to(folder / "gone")  # listed, and missing when it is opened

    assert callback_spool.drain_spool() == 0
