"""Date ranges of a report."""

import re
from datetime import datetime, timedelta

import pytest

from shop.core.clock import utcnow
from shop.reports.date_ranges import DateRange, InvalidDateRange, last_days, parse_date_range
from tests import order_factory
from tests.page_checks import CANARY
from tests.reports.test_reports import at, paid


def test_today_is_the_nairobi_day():
    late = datetime.fromisoformat("2026-11-23T21:30+00:00")  # half past midnight of the 24th

    assert last_days(1, late).words == "24 Nov 2026"
    assert last_days(7, late).words == "18 Nov to 24 Nov 2026"
    assert last_days(7, late).before.words == "11 Nov to 17 Nov 2026"


def test_a_long_date_range_is_shown_by_calendar_months():
    period = parse_date_range("2026-01-15", "2026-04-02", utcnow())

    assert [(step.name, *map(str, step.days)) for step in period.steps] == [
        ("Jan 2026", "2026-01-15", "2026-01-31"),
        ("Feb 2026", "2026-02-01", "2026-02-28"),
        ("Mar 2026", "2026-03-01", "2026-03-31"),
        ("Apr 2026", "2026-04-01", "2026-04-02"),
    ]
    assert [step.start for step in period.steps[1:]] == [step.end for step in period.steps[:-1]]


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"from": "x"}, "from", "The first day is not a date"),
        ({"from": "2026-02-30"}, "from", "The first day is not a date"),
        ({"from": "20261124"}, "from", "The first day is not a date"),
        ({"from": "0001-01-01"}, "from", "The first day is not a date"),
        ({"to": "9999-12-31"}, "to", "The last day is not a date"),
        ({"to": "\0"}, "to", "The last day is not a date"),
        ({"to": CANARY}, "to", "The last day is not a date"),
        ({"to": "9" * 5000}, "to", "The last day is not a date"),
        ({"from": "2026-11-10", "to": "2026-11-09"}, "to", "The last day is before the first"),
        ({"from": "2020-01-01", "to": "2026-11-09"}, "from", "That is more than two years"),
    ],
)
def test_an_invalid_date_is_reported_beside_its_field(owner, query, field, words):
    reply = owner.get("/admin/reports", query_string=query)

    assert reply.status_code == 422
    assert re.search(rf'<a href="#{field}">{words}', reply.text)
    assert "<title>Error: " in reply.text
    with pytest.raises(InvalidDateRange) as wrong:
        parse_date_range(query.get("from", ""), query.get("to", ""), utcnow())
    assert wrong.value.field == field


def test_an_unknown_number_of_days_shows_the_default(owner):
    for days in ("8", "x", "", "-1", "99999999999999999999", "1\0"):
        assert "Report, " in owner.get("/admin/reports", query_string={"days": days}).text


@pytest.mark.parametrize("first", ["2026-11-24", "2026-10-30", "2025-11-01"])
def test_the_bars_fit_the_chart_and_the_table_lists_each(app, owner, first):
    now = at("2026-11-24T10:00")
    order_factory.keep(app, *(paid(now - timedelta(days=n), 1000 * n + 1) for n in range(30)))
    page = owner.get(f"/admin/reports?from={first}&to=2026-11-24").text

    heights = [float(height) for height in re.findall(r'class="column-chart__bar"[^>]*height="([\d.]+)"', page)]
    assert heights
    assert all(0 < height <= 100 for height in heights)
    assert page.count("</svg>") == page.count("</title>") - 1 + page.count('class="length-bar"')
    steps = DateRange(datetime.fromisoformat(first).date(), now.date()).steps
    assert all(f'<th scope="row">{step.name}</th>' in page for step in steps)
