"""Under a mixed load the shop answers everything and grows no further once it is warm."""

import time
from dataclasses import dataclass
from statistics import linear_regression

import pytest

from tests import both_databases
from tests.faults.figures import LONG, size
from tests.faults.load import Load
from tests.faults.serving import Served
from tests.shopper import SKU

PROGRAMME = "A mixed load (90 % look, 8 % cart, 2 % pay and callback)"
AT_ONCE = 50  # visits between two looks at the memory
WARM = size(3, 40)  # such rounds before it counts
LEAST = 4  # rounds that count, at least
SECONDS = size(0, 60)
MOST = 8  # MB that the processes may grow by, in some hundred requests or in a minute of them


@dataclass
class Grown:
    """What the load left."""

    load: Load
    requests: int  # since it was warm
    seconds: float
    megabytes: float  # from the first look to the last
    per_thousand: float  # MB for each thousand requests, by all looks


@pytest.fixture
def grow(app, shopper, provider, ledger, settings, tmp_path):
    """Load a shop until it is warm, and then on; how much larger its processes are."""

    def run(module: str = "wsgi:app", seconds: float = 0) -> Grown:
        ledger.shelve(SKU, 100_000)
        with Served(settings, tmp_path, module) as served:
            load = Load(served, provider, shopper.area("nairobi-cbd"))
            for _ in range(WARM):
                load.go_on(AT_ONCE)
            looks, began = [(load.seen.total(), served.megabytes)], time.monotonic()
            while len(looks) <= LEAST or time.monotonic() - began < seconds:
                load.go_on(AT_ONCE)
                looks.append((load.seen.total(), served.megabytes))
        requests, sizes = zip(*looks, strict=True)
        slope = linear_regression(requests, sizes).slope * 1_000
        return Grown(load, requests[-1] - requests[0], time.monotonic() - began, sizes[-1] - sizes[0], slope)

    return run


@both_databases
def test_a_warm_shop_answers_everything_and_grows_no_further(grow, ledger, reached):
    grown = grow(seconds=SECONDS)

    assert set(grown.load.seen) == {200, 303}
    assert ledger.count_paid() == len(grown.load.paid)
    assert grown.megabytes < MOST
    if LONG:
        assert grown.per_thousand < 2  # and less the longer it runs: 0.3 after ten thousand
    reached(
        PROGRAMME,
        f"{grown.requests:,} requests once warm, 0 errors, {len(grown.load.paid)} paid, "
        f"{grown.requests / grown.seconds:.0f} requests a second; "
        f"memory of two processes {grown.megabytes:+.1f} MB, {grown.per_thousand:+.2f} MB for each 1,000 requests",
    )
