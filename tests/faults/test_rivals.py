"""Payment against expiry, cancellation and a second attempt: stock is conserved to the piece, no payment is lost."""

import random
from collections import Counter

import pytest

from shop.orders.transitions import StaleState
from tests import both_databases
from tests.at_once import at_once
from tests.between import Between
from tests.figures import size
from tests.shopper import SKU

pytestmark = both_databases


@pytest.fixture
def settings(settings):
    return {**settings, "WEB_THREADS": "60"}


@pytest.fixture
def acts(app, ledger):
    """What may happen to a purchase, by name."""

    def cancel(bought):
        try:
            ledger.cancel(bought)
        except StaleState:
            return

    return {
        "pays": lambda bought: bought.post_callback(bought.callback()),
        "fails": lambda bought: bought.post_callback(bought.failure()),
        "expires": lambda _bought: ledger.expire(),
        "cancels": cancel,
        "tries again": lambda bought: app.test_client().post(f"{bought.order_path}/pay"),
    }


def accounted_for(ledger, purchases, before) -> Counter:
    """Fail unless every piece and every payment is accounted for; the states of the orders."""
    ends = Counter()
    for bought in purchases:
        state = ledger.order_state(bought)
        ends[state.order] += 1
        if state.attempt == "paid":
            assert state.order in ("paid", "review") or state.refund_due, state
        else:
            assert state.order in ("awaiting", "expired", "cancelled"), state
    on_hand, held = ledger.stock(SKU)
    assert on_hand == before[0] - ends["paid"], (ends, on_hand)
    assert held == before[1] + ends["awaiting"] + ends["review"], (ends, held)
    return ends


def test_everything_that_happens_at_the_same_moment_is_accounted_for(shopper, ledger, acts, reached):
    count, pick = size(40, 1_000), random.Random(11)
    ledger.shelve(SKU, 2 * count)
    before, purchases = ledger.stock(SKU), []
    for _ in range(0, count, 20):
        batch = [shopper.buy() for _ in range(20)]
        works = [lambda: acts["expires"](None)] * 2
        for bought in batch:
            for name in ("pays", pick.choice(["cancels", "tries again", "fails"])):
                works.append(lambda act=acts[name], bought=bought: act(bought))
        pick.shuffle(works)
        at_once(works)
        purchases += batch

    ends = accounted_for(ledger, purchases, before)

    assert ends["awaiting"] == 0 or ends["paid"] > 0
    assert ledger.mails("paid") == ends["paid"]
    reached(
        "Payment against expiry, cancellation and a second attempt",
        f"{count:,} orders: 0 payments lost, stock conserved to the piece "
        f"({', '.join(f'{number} {end}' for end, number in sorted(ends.items()))})",
    )


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
        accounted_for(ledger, purchases, before)
        if not between.began:
            break

    reached(
        f"A rival between each two statements of one that {first}",
        f"a rival that {rival}: {len(purchases) - 1} places, all accounted for",
    )
