"""The record of a callback, and settlement while the order changes."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from shop.core.database import db
from shop.core.money import shillings
from shop.emails.models import OutboxEmail
from shop.orders.transitions import StaleState
from shop.payments import callback_intake, settlement
from shop.payments.callback_intake import IncomingCallback
from shop.payments.models import CallbackRecord, PaymentAttempt
from shop.payments.settlement import Outcome, settle_callback
from tests import both_databases
from tests.conftest import SECRET

MOMENT = datetime(2026, 11, 2, 10, 30, tzinfo=UTC)
HEADERS = "Content-Type: application/json\nUser-Agent: x"


@pytest.fixture
def settle(app, bought):
    """Settle a body as received at the purchase's address: settle(body, oversized=True) -> the outcome."""
    secret = callback_intake.secret_of_token(bought.callback_path.rsplit("/", 1)[1], [SECRET])

    def settle_body(body, card: str = "paid", **posted) -> Outcome:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], chpter_card_paid_false=card)
        fields = {"secret_hash": callback_intake.hash_of(secret), "headers": HEADERS, "received_at": MOMENT, **posted}
        with app.app_context():
            return settle_callback(IncomingCallback(raw=raw, **fields))

    return settle_body


@pytest.fixture
def records(app):
    """All rows of the callback record, in order."""

    def read() -> list[CallbackRecord]:
        with app.app_context():
            return list(db.session.scalars(select(CallbackRecord).order_by(CallbackRecord.id)))

    return read


def attempt_of(app, bought) -> tuple[str, str, str]:
    """State, method and reason of a failure."""
    with app.app_context():
        columns = (PaymentAttempt.state, PaymentAttempt.method, PaymentAttempt.reason)
        return tuple(db.session.execute(select(*columns).filter_by(reference=int(bought.reference))).one())


@both_databases
def test_a_success_is_kept_whole_and_the_order_is_paid_at_its_time(app, bought, settle, records, ledger, caplog):
    body = bought.callback()
    with caplog.at_level(logging.INFO, "shop.payments.settlement"):
        assert settle(body) == Outcome("R3", 200)

    [kept] = records()
    assert (kept.row, kept.claim, kept.amount, kept.alert) == ("R3", "yes", bought.total, False)
    assert (kept.raw, kept.headers) == (json.dumps(body).encode(), HEADERS)
    assert (kept.reason, kept.received_at, kept.spool_name) == ("Paid in full.", MOMENT, None)
    assert attempt_of(app, bought) == ("paid", "MPESA", "")
    assert (ledger.column("paid_at", bought), ledger.column("payment_verified_at", bought)) == (MOMENT, None)
    assert ledger.timeline(bought) == ["Order placed", "Payment received"]
    assert [record.getMessage() for record in caplog.records] == ["callback settled row=R3 attempt=paid order=paid"]


def test_a_failure_is_kept_with_its_reason_and_without_amounts(app, bought, settle, records, ledger):
    assert settle(bought.failure(amount="1")) == Outcome("R6", 200)

    [kept] = records()
    assert (kept.claim, kept.amount, kept.reason) == ("no", 1, "The payment failed; the buyer may try again.")
    assert attempt_of(app, bought) == ("failed", "MPESA", "insufficient_funds")
    assert ledger.timeline(bought) == ["Order placed", "The payment did not go through"]


@pytest.mark.parametrize(("amount", "words"), [("1000", "KSh 1,000"), ("1e2", "“1e2”")])
def test_both_amounts_follow_the_reason(app, bought, settle, records, ledger, amount, words):
    settle(bought.callback(amount=amount))

    asked = shillings(bought.total)
    reason = (
        "The amount paid is not the amount requested, so a person must decide. "
        f"Requested {asked}, Chpter reports {words}."
    )
    [kept] = records()
    assert kept.reason == reason
    assert ledger.warnings(bought) == [f"Callback, row R4: {reason}"]
    assert ledger.timeline(bought) == ["Order placed", "The payment is being checked by a person"]
    assert attempt_of(app, bought) == ("review", "MPESA", "")


@pytest.mark.parametrize(
    ("body", "flags", "status", "reason"),
    [
        (b"{", {}, 400, "The body was not read: it is not valid JSON."),
        (None, {"broken_off": True}, 400, "The body broke off before its end."),
        (None, {"oversized": True}, 413, "The body is larger than 16 KiB."),
        (None, {"oversized": True, "broken_off": True}, 413, "The body is larger than 16 KiB."),
    ],
)
def test_an_incomplete_body_is_unreadable_even_if_it_parses(
    bought, settle, records, ledger, body, flags, status, reason
):
    assert settle(body or bought.callback(), **flags) == Outcome("R1", status)

    [kept] = records()
    assert (kept.row, kept.claim, kept.amount, kept.alert) == ("R1", "", None, True)
    assert kept.reason == reason
    assert ledger.warnings(bought) == [f"Callback, row R1: {kept.reason}"]
    assert bought.status["payment"] == "awaiting"


def test_no_body_is_kept_for_an_anonymised_buyer(bought, settle, records, ledger):
    ledger.put_order(bought, anonymised_at=MOMENT)

    settle(bought.callback())

    [kept] = records()
    assert (kept.raw, kept.headers, kept.row) == (b"", "", "R3")


def test_fifty_are_kept_that_change_nothing_and_whatever_changes_the_order(bought, settle, records, ledger, caplog):
    for _ in range(50):
        settle(b"?")
    assert not caplog.records
    assert settle(b"?") == Outcome("R1", 400)
    assert settle(bought.callback(order_id="1")) == Outcome("R2", 200)
    words = "a callback that changes nothing was not kept: its attempt has 50 already"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [words, words]
    assert len(records()) == len(ledger.warnings(bought)) == 50

    settle(bought.callback())

    assert [kept.row for kept in records()][50:] == ["R3"]


@both_databases
def test_a_spooled_callback_counts_once(bought, settle, records):
    assert settle(bought.callback(), spool_name="20261102-a.json") == Outcome("R3", 200)
    assert settle(bought.callback(), spool_name="20261102-a.json") == Outcome("R8", 200)
    assert settle(bought.callback(), spool_name="20261102-b.json") == Outcome("R8", 200)

    assert [(kept.row, kept.spool_name) for kept in records()] == [("R3", "20261102-a.json"), ("R8", "20261102-b.json")]


@pytest.mark.parametrize(("card", "row"), [("paid", "R3"), ("review", "R5")])
def test_a_card_callback_with_paid_false_follows_the_setting(bought, settle, card, row):
    body = bought.callback(payment_method="CARD", paid="False")

    assert settle(body, card=card).row == row


def test_an_order_that_changes_during_settlement_is_decided_again_up_to_five_times(bought, settle, monkeypatch):
    tries, settle_once = [], settlement._settle_once

    def moved(posted, callback, until: int):
        tries.append(1)
        if len(tries) < until:
            raise StaleState
        return settle_once(posted, callback)

    monkeypatch.setattr(settlement, "_settle_once", lambda posted, callback: moved(posted, callback, 5))
    assert settle(bought.callback()) == Outcome("R3", 200)
    assert len(tries) == 5

    tries.clear()
    monkeypatch.setattr(settlement, "_settle_once", lambda posted, callback: moved(posted, callback, 99))
    with pytest.raises(StaleState):
        settle(bought.callback())
    assert len(tries) == 5


@both_databases
def test_an_attempt_that_moves_under_the_decision_is_not_overwritten(app, bought, settle, monkeypatch):
    decide = settlement.decide

    def decide_late(facts):
        decision = decide(facts)
        db.session.execute(PaymentAttempt.__table__.update().values(state="superseded"))
        return decision

    monkeypatch.setattr(settlement, "decide", decide_late)
    with pytest.raises(StaleState):
        settle(bought.callback())

    assert attempt_of(app, bought)[0] == "open"


def test_the_owner_is_emailed_once_for_each_row_of_the_table(app, bought, ledger):
    for body in ({"amount": "1"}, {"amount": "1"}, {"order_id": "100000001"}):
        bought.post_callback(bought.callback(**body))

    with app.app_context():
        mails = db.session.scalars(
            select(OutboxEmail).where(OutboxEmail.kind == "doubtful_payment").order_by(OutboxEmail.id)
        ).all()
        bodies = [mail.body for mail in mails]
    assert len(bodies) == 2
    assert "The amount paid is not the amount requested, so a person must decide." in bodies[0]
    assert "Requested KSh 5,100, Chpter reports KSh 1." in bodies[0]
    assert "The order_id is missing or belongs to another payment: a mix-up or an attack." in bodies[1]
    assert [warning.partition(":")[0] for warning in ledger.warnings(bought)] == [
        "Callback, row R4",
        "Callback, row R4",
        "Callback, row R2",
    ]
