"""A backup is taken while callbacks come in: what was acknowledged before it began is in it, to the shilling."""

from sqlalchemy import func, select

from shop.backup import restore, verify
from shop.core.database import db
from shop.orders.models import Order
from shop.payments.models import LedgerEntry, PaymentAttempt
from shop.payments.reconciliation import reconcile
from tests import both_databases
from tests.faults.traffic import Callbacks, until
from tests.figures import size
from tests.serving import Served, command
from tests.shopper import SKU

BURST = size(20, 400)


@both_databases
def test_payments_acknowledged_before_the_backup_are_in_it_to_the_shilling(
    shopper, ledger, settings, empty, tmp_path, request, reached
):
    path = tmp_path / "shop.zip"
    ledger.shelve(SKU, BURST + 10)
    purchases = [shopper.buy() for _ in range(BURST)]
    totals = {bought.reference: bought.total for bought in purchases}
    with Served(settings, tmp_path) as served, Callbacks(served, purchases, pause=0.02) as callbacks:
        until(lambda: len(callbacks.acknowledged) >= BURST // 10)
        before = callbacks.acknowledged
        command(settings, "backup", str(path))
        after = callbacks.acknowledged

    with empty(request.node.callspec.params["database_url"]).app_context():
        restore(path, tmp_path / "none")
        entries = select(PaymentAttempt.reference, LedgerEntry.amount).join(
            LedgerEntry, LedgerEntry.attempt_id == PaymentAttempt.id
        )
        restored = {str(reference): amount for reference, amount in db.session.execute(entries)}
        paid = db.session.scalar(select(func.coalesce(func.sum(Order.total), 0)).where(Order.payment == "paid"))
        assert reconcile().holds

    assert len(after) > len(before), "callbacks came in meanwhile"
    assert {reference: totals[reference] for reference in before}.items() <= restored.items()
    assert sum(restored.values()) == paid
    assert verify(path).orders == BURST
    reached(
        "Backup and restore while callbacks come in",
        f"{len(after) - len(before)} while it was made, {len(before)} of {len(before)} acknowledged before it are in "
        f"it, KSh {sum(totals[reference] for reference in before):,}; restored KSh {paid:,} of {len(restored)} "
        "payments, book and orders equal",
    )
