"""Payment against expiry, cancellation and a second attempt: stock is conserved to the piece, and no money is lost."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from shop.core.clock import utcnow
from shop.orders.expiry import expire_orders
from shop.orders.transitions import StaleState
from tests import both_databases
from tests.faults.at_once import at_once
from tests.faults.between import Between
from tests.faults.figures import size
from tests.shopper import SKU

TOGETHER = "Payment against expiry, cancellation and a second attempt"
BETWEEN = "A rival between each two statements of one that {}"
LATER = timedelta(minutes=31)


@pytest.fixture
def settings(settings):
    return {**settings, "WEB_THREADS": "60"}


@pytest.fixture
def acts(app, ledger):
    """What may happen to a purchase, by name."""

    def sweep(_bought):
        with app.app_context():
            expire_orders(utcnow() + LATER)

    def cancel(bought):
        try:
            ledger.cancel(bought)
        except StaleState:
            return

    def again(bought):
        app.test_client().post(f"{bought.order_path}/pay")

    return {
        "pays": lambda bought: bought.post_callback(bought.callback()),
        "fails": lambda bought: bought.post_callback(bought.failure()),
        "expires": sweep,
        "cancels": cancel,
        "tries again": again,
    }


def accounts_for(ledger, purchases, before) -> Counter:
    """Fail unless every piece and every payment is accounted for; how the orders ended."""
    ends = Counter()
    for bought in purchases:
        standing = ledger.order_state(bought)
        ends[standing.order] += 1
        if standing.attempt == "paid":
            assert standing.order in ("paid", "review") or standing.refund_due, standing
        else:
            assert standing.order in ("awaiting", "expired", "cancelled"), standing
    on_hand, held = ledger.stock(SKU)
    assert on_hand == before[0] - ends["paid"], (ends, on_hand)
    assert held == before[1] + ends["awaiting"] + ends["review"], (ends, held)
    return ends


@both_databases
def test_whatever_comes_at_the_same_moment_all_is_accounted_for(shopper, ledger, acts, reached):
    count, chance = size(40, 1_000), random.Random(11)
    ledger.shelve(SKU, 2 * count)
    before, done = ledger.stock(SKU), []
    for start in range(0, count, 20):
        purchases = [shopper.buy() for _ in range(min(20, count - start))]
        works = []
        for bought in purchases:
            names = ["pays", chance.choice(["cancels", "tries again", "fails"])]
            works += [lambda act=acts[name], bought=bought: act(bought) for name in names]
        works += [lambda: acts["expires"](None)] * 2
        chance.shuffle(works)
        at_once(works)
        done += purchases

    ends = accounts_for(ledger, done, before)

    assert ends["awaiting"] == 0 or ends["paid"] > 0
    assert ledger.mails("paid") == ends["paid"]
    reached(
        TOGETHER,
        f"{count:,} orders: 0 payments lost, stock conserved to the piece "
        f"({', '.join(f'{n} {e}' for e, n in sorted(ends.items()))})",
    )


@both_databases
@pytest.mark.parametrize("first", ["pays", "expires"])
@pytest.mark.parametrize("rival", ["pays", "fails", "expires", "cancels", "tries again"])
def test_a_rival_between_any_two_statements_changes_nothing_that_counts(
    app, shopper, ledger, acts, first, rival, reached
):
    places = size(12, 60)
    ledger.shelve(SKU, 2 * places)
    before, purchases = ledger.stock(SKU), []
    for place in range(1, places + 1):
        bought = shopper.buy()
        purchases.append(bought)
        with Between(app, place, lambda bought=bought: acts[rival](bought)) as between:
            acts[first](bought)
        accounts_for(ledger, purchases, before)
        if not between.began:
            break

    reached(BETWEEN.format(first), f"a rival that {rival}: {len(purchases) - 1} places, all accounted for")
