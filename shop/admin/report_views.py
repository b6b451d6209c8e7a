"""The sales report of a date range, its export, and the drill-down to its orders."""

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, render_template, request, url_for
from sqlalchemy import func, select

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.labels import PAYMENTS, drilldown_title, reported_ending, reported_method
from shop.core.clock import utcnow
from shop.core.csv_files import BOM, csv_line
from shop.core.database import db, write
from shop.core.text import one_line
from shop.emails.models import OutboxEmail
from shop.orders.states import Payment
from shop.payments.models import AttemptState
from shop.payments.reconciliation import reconcile
from shop.reports.chart_svg import columns
from shop.reports.date_ranges import DEFAULT_DAYS, TABS, DateRange, InvalidDateRange, last_days, parse_date_range
from shop.reports.drilldown import drilldown_orders
from shop.reports.queries import UNPAID, Report, Sum, build_report
from shop.web.pagination import id_arg


@admin.get("/reports")
@may("owner")
def reports() -> str | tuple[str, int]:
    """Sales and payments of the last days, or of a chosen date range."""
    days, problems = _days(), []
    try:
        period = _period(days)
    except InvalidDateRange as wrong:
        days, period, problems = DEFAULT_DAYS, last_days(DEFAULT_DAYS, utcnow()), [(wrong.field, str(wrong))]
    report = build_report(period)
    tabs = [(words, "", url_for("admin.reports", days=count), count == days) for count, words in TABS.items()]
    page = render_template(
        "admin/reports/report.html",
        report=report,
        chart=columns(report.bars),
        tabs=tabs,
        days=days,
        problems=problems,
        typed={name: one_line(request.args.get(name, ""), 40) for name in ("from", "to")},
        failed_emails=_failed_emails(),
        proof=reconcile(),
        **_rows_and_links(report),
    )
    return (page, 422) if problems else page


@admin.get("/reports/export")
@may("owner")
def report_export() -> Response:
    """The same figures as a CSV file."""
    try:
        period = _period(_days())
    except InvalidDateRange:
        abort(404)
    report = build_report(period)
    write(lambda: audit(f"Exported the report of {period.words}"))
    name = f"report-{period.first}-to-{period.last}.csv"
    return Response(
        report_csv(report), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"}
    )


@admin.get("/reports/orders")
@may("owner")
def report_orders() -> str:
    """The orders of one figure."""
    of, value = request.args.get("of", ""), one_line(request.args.get("value", "")[:480], 120)
    try:
        period = _period(None)
    except InvalidDateRange:
        abort(404)
    found = drilldown_orders(period, of, value, id_arg(request.args.get("before", ""))) or abort(404)

    def link_to_older(older: int) -> str:
        return url_for("admin.report_orders", of=of, before=older, value=value, **_range_args(period))

    return render_template(
        "admin/reports/drilldown.html",
        found=found,
        period=period,
        title=drilldown_title(of, value),
        link_to_older=link_to_older,
    )


def _days() -> int | None:
    """The number of days of the tab; None if dates were entered."""
    if request.args.get("from") or request.args.get("to"):
        return None
    days = request.args.get("days", "")
    return int(days) if days in map(str, TABS) else DEFAULT_DAYS


def _period(days: int | None) -> DateRange:
    if days:
        return last_days(days, utcnow())
    return parse_date_range(request.args.get("from", "").strip(), request.args.get("to", "").strip(), utcnow())


def _range_args(period: DateRange) -> dict[str, Any]:
    """The query parameters of a date range."""
    return {"from": period.first, "to": period.last}


def _failed_emails() -> int:
    """The number of emails that could not be sent."""
    failed = (OutboxEmail.sent_at.is_(None), OutboxEmail.ended_at.is_not(None))
    return db.session.scalar(select(func.count()).select_from(OutboxEmail).where(*failed)) or 0


def _rows_and_links(report: Report) -> dict[str, Any]:
    """The rows of the tables, and the link of each figure."""
    period = report.period

    def paid_link(first: Any = period.first, last: Any = period.last) -> str:
        return url_for("admin.orders", tab="all", paid_from=first, paid_to=last)

    def drilldown_link(of: str, value: str = "") -> str:
        return url_for("admin.report_orders", of=of, value=value, **_range_args(period))

    methods = sorted(report.methods.items(), key=lambda item: -item[1].amount)
    endings = [ending for ending in report.endings if ending.state != AttemptState.CREATING]
    states = [(state, report.placed.states[state]) for state in UNPAID if state in report.placed.states]
    return {
        "paid_link": paid_link,
        "placed_link": url_for("admin.orders", tab="all", **_range_args(period)),
        "export_link": url_for("admin.report_export", **_range_args(period)),
        "refunded_link": drilldown_link("refunded"),
        "written_off_link": drilldown_link("written-off"),
        "refunds_made_link": drilldown_link("refunds-made"),
        "change": change_words(report.sales, report.before),
        "unpaid": [
            (PAYMENTS[Payment(state)].words, placed, drilldown_link("state", state)) for state, placed in states
        ],
        "methods_rows": _with_shares(
            [(reported_method(method), sales, drilldown_link("method", method)) for method, sales in methods],
            [sales.amount for _, sales in methods],
        ),
        "endings_rows": _with_shares(
            [
                (
                    reported_ending(one.state, one.reason),
                    one.count,
                    drilldown_link("ending", f"{one.state}.{one.reason}"),
                )
                for one in endings
            ],
            [one.count for one in endings],
        ),
        "sellers_rows": [
            (one, drilldown_link("sku", one.sku), round(100 * one.amount / (report.sellers[0].amount or 1), 2))
            for one in report.sellers
        ],
    }


def _with_shares(rows: list[tuple[Any, ...]], counts: list[int]) -> list[tuple[Any, ...]]:
    total = sum(counts) or 1
    return [(*row, round(100 * count / total)) for row, count in zip(rows, counts, strict=True)]


def change_words(now: Sum, before: Sum) -> str:
    """The change of sales since the period before, like "12 % more"; "" without sales then."""
    if not before.amount:
        return ""
    change = round(100 * (now.amount - before.amount) / before.amount)
    return f"{abs(change)} % {'more' if change > 0 else 'less'}" if change else "the same"


HEADER = ("Figure", "Of", "First day (Africa/Nairobi)", "Last day (Africa/Nairobi)", "Count", "KSh")


def report_csv(report: Report) -> str:
    """The report as CSV."""
    return BOM + "".join(csv_line(cells) for cells in (HEADER, *_lines(report)))


def _lines(report: Report) -> Iterator[tuple[str | int, ...]]:
    period = report.period
    days = (period.first.isoformat(), period.last.isoformat())
    earlier = (period.before.first.isoformat(), period.before.last.isoformat())
    yield "Sales", "all orders paid", *days, report.sales.count, report.sales.amount
    yield "Sales", "the period before", *earlier, report.before.count, report.before.amount
    yield "Refunded since", "orders paid", *days, report.refunded.count, report.refunded.amount
    yield (
        "Written off",
        "orders accepted with less than the total",
        *days,
        report.written_off.count,
        report.written_off.amount,
    )
    yield "Refunds made", "in these days", *days, report.refunds_made.count, report.refunds_made.amount
    for bar in report.bars:
        of = bar.step.days or (period.first, period.last)
        name = f"{report.period.step_word.lower()} {bar.step.name}"
        yield f"Sales by {report.period.step_word.lower()}", name, *map(str, of), bar.sales.count, bar.sales.amount
    for state, placed in report.placed.states.items():
        yield "Placed", PAYMENTS[Payment(state)].words, *days, placed.count, placed.amount
    for method, sales in report.methods.items():
        yield "Sales by payment method", reported_method(method), *days, sales.count, sales.amount
    for ending in report.endings:
        yield "Payment attempts", reported_ending(ending.state, ending.reason), *days, ending.count, ""
    for seller in report.sellers:
        yield "Best sellers", f"{seller.name} ({seller.sku})", *days, seller.units, seller.amount
