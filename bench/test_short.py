from bench.__main__ import PAGES, pages
from bench.orders_list import lists


def test_the_bench_measures_every_page():
    measured = pages(rounds=2)

    assert set(measured) == set(PAGES)
    assert all(milliseconds > 0 for milliseconds, _ in measured.values())


def test_the_bench_measures_the_list_of_orders():
    measured = lists(few=30, many=60, rounds=2)

    assert len(measured) == 21
    assert all(milliseconds > 0 for milliseconds, _ in measured.values())
