"""A callback to a signed address without an attempt is kept; a callback to any other address is not."""

import json

import pytest
from sqlalchemy import delete, select

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.payments import unmatched_callbacks
from shop.payments.callback_spool import drain_spool
from shop.payments.models import CallbackRecord, PaymentAttempt, UnmatchedCallback
from shop.privacy.anonymise import MONTH
from tests import both_databases
from tests.at_once import at_once


@pytest.fixture
def lost(app, bought):
    """A purchase whose attempt this database does not have."""
    with app.app_context():
        mine = delete(PaymentAttempt).where(PaymentAttempt.reference == int(bought.reference))
        write(lambda: db.session.execute(mine))
    return bought


def kept(app):
    with app.app_context():
        return db.session.scalars(select(UnmatchedCallback).order_by(UnmatchedCallback.id)).all()


@both_databases
def test_a_payment_of_a_missing_attempt_is_kept_as_received(app, lost, ledger):
    body = json.dumps(lost.callback()).encode()

    assert lost.post_callback(body).status_code == 200

    [one] = kept(app)
    assert (one.raw, one.claim, one.reference, one.amount) == (body, "yes", lost.reference, lost.total)
    assert one.resolved_at is None
    assert lost.status["payment"] == "awaiting"
    assert ledger.count(CallbackRecord) == 0


@both_databases
def test_a_repeat_is_kept_once_even_at_the_same_moment(app, lost):
    statuses = at_once([lambda: lost.post_callback(lost.callback()).status_code for _ in range(8)])

    assert set(statuses) == {200}
    assert len(kept(app)) == 1


def test_an_unmatched_failure_is_kept_as_resolved_and_an_unreadable_body_is_not(app, lost):
    bodies = (lost.failure(), b"\xff\x00", b"x" * 20_000)
    assert [lost.post_callback(body).status_code for body in bodies] == [200, 400, 413]

    failure, unreadable, cut = kept(app)
    assert (failure.claim, failure.resolution) == ("no", unmatched_callbacks.NO_PAYMENT)
    assert [one.resolved_at is None for one in (failure, unreadable, cut)] == [False, True, True]
    assert [(one.claim, one.raw) for one in (unreadable, cut)] == [("", b"\xff\x00"), ("", b"x" * 16 * 1024)]


def test_one_address_cannot_fill_the_disk_nor_displace_a_payment(app, lost):
    for number in range(unmatched_callbacks.MAX_KEPT + 5):
        lost.post_callback(lost.callback(payment_status=f"Who knows {number}"))
    assert len(kept(app)) == unmatched_callbacks.MAX_KEPT

    assert lost.post_callback(lost.callback()).status_code == 200
    assert [one.claim for one in kept(app)].count("yes") == 1


def test_from_the_spool_it_is_kept_the_same(app, lost, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr("shop.payments.views.settle_callback", lambda posted: 1 / 0)
        assert lost.post_callback(lost.callback()).status_code == 202
    with app.app_context():
        assert drain_spool() == 1

    assert [one.claim for one in kept(app)] == ["yes"]
    assert not list((tmp_path / "instance" / "spool").iterdir())


def test_dismissed_callbacks_are_deleted_in_time_and_open_ones_are_kept(app, lost):
    lost.post_callback(lost.callback())
    lost.post_callback(lost.failure())
    with app.app_context():
        assert write(lambda: unmatched_callbacks.delete_dismissed(0, utcnow() + 30 * MONTH)) == 0
        assert write(lambda: unmatched_callbacks.delete_dismissed(24, utcnow() + 23 * MONTH)) == 0
        assert write(lambda: unmatched_callbacks.delete_dismissed(24, utcnow() + 25 * MONTH)) == 1

    assert [one.claim for one in kept(app)] == ["yes"]
