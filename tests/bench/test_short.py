from tests.bench.__main__ import PAGES, pages


def test_the_bench_measures_every_page():
    measured = pages(rounds=2)

    assert set(measured) == set(PAGES)
    assert all(milliseconds > 0 for milliseconds, _ in measured.values())
