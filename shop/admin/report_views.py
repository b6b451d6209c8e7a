"""The reports' pages: what was taken in a span of days, its export, and the orders behind each sum."""

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, render_template, request, url_for
from sqlalchemy import func, select

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.labels import ATTEMPTS, METHODS, PAYMENTS, why_failed
from shop.admin.payments.forms import METHODS as HAND_METHODS
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
from shop.reports.queries import BY_HAND, UNPAID, Report, Sum, build_report
from shop.web.pagination import id_arg


@admin.get("/reports")
@may("owner")
def reports() -> str | tuple[str, int]:
    """Sales and payments of today, some days, or days of one's own."""
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
        unsent=_unsent(),
        proof=reconcile(),
        **_words(report),
    )
    return (page, 422) if problems else page


@admin.get("/reports/export")
@may("owner")
def report_export() -> Response:
    """The same figures as a file."""
    try:
        period = _period(_days())
    except InvalidDateRange:
        abort(404)
    report = build_report(period)
    write(lambda: audit(f"Exported the report of {period.words}"))
    name = f"report-{period.first}-to-{period.last}.csv"
    return Response(sheet(report), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"})


@admin.get("/reports/orders")
@may("owner")
def report_orders() -> str:
    """The orders behind one sum."""
    of, value = request.args.get("of", ""), one_line(request.args.get("value", "")[:480], 120)
    try:
        period = _period(None)
    except InvalidDateRange:
        abort(404)
    found = drilldown_orders(period, of, value, id_arg(request.args.get("before", ""))) or abort(404)

    def link_to_older(older: int) -> str:
        return url_for("admin.report_orders", of=of, before=older, value=value, **_span(period))

    words = behind_words(of, value)
    return render_template(
        "admin/reports/drilldown.html", found=found, period=period, words=words, link_to_older=link_to_older
    )


def _days() -> int | None:
    """One of the tabs; None where days were typed."""
    if request.args.get("from") or request.args.get("to"):
        return None
    typed = request.args.get("days", "")
    return int(typed) if typed in map(str, TABS) else DEFAULT_DAYS


def _period(days: int | None) -> DateRange:
    if days:
        return last_days(days, utcnow())
    return parse_date_range(request.args.get("from", "").strip(), request.args.get("to", "").strip(), utcnow())


def _span(period: DateRange) -> dict[str, Any]:
    """The days of a period, as an address says them."""
    return {"from": period.first, "to": period.last}


def _unsent() -> int:
    """How many mails were given up."""
    given_up = (OutboxEmail.sent_at.is_(None), OutboxEmail.ended_at.is_not(None))
    return db.session.scalar(select(func.count()).select_from(OutboxEmail).where(*given_up)) or 0


def _words(report: Report) -> dict[str, Any]:
    """What the page says of the figures, and where each of them leads."""
    period = report.period

    def paid_link(first: Any = period.first, last: Any = period.last) -> str:
        return url_for("admin.orders", tab="all", paid_from=first, paid_to=last)

    def behind(of: str, value: str = "") -> str:
        return url_for("admin.report_orders", of=of, value=value, **_span(period))

    methods = sorted(report.methods.items(), key=lambda item: -item[1].amount)
    heard = [ending for ending in report.endings if ending.state != AttemptState.CREATING]
    states = [(state, report.placed.states[state]) for state in UNPAID if state in report.placed.states]
    return {
        "paid_link": paid_link,
        "placed_link": url_for("admin.orders", tab="all", **_span(period)),
        "export_link": url_for("admin.report_export", **_span(period)),
        "refunded_link": behind("refunded"),
        "written_off_link": behind("written-off"),
        "refunds_made_link": behind("refunds-made"),
        "change": compared(report.sales, report.before),
        "unpaid": [(placed_words(state), placed, behind("state", state)) for state, placed in states],
        "methods_rows": _with_shares(
            [(method_words(method), sales, behind("method", method)) for method, sales in methods],
            [sales.amount for _, sales in methods],
        ),
        "endings_rows": _with_shares(
            [
                (ending_words(one.state, one.reason), one.count, behind("ending", f"{one.state}.{one.reason}"))
                for one in heard
            ],
            [one.count for one in heard],
        ),
        "sellers_rows": [
            (one, behind("sku", one.sku), round(100 * one.amount / (report.sellers[0].amount or 1), 2))
            for one in report.sellers
        ],
    }


def _with_shares(rows: list[tuple[Any, ...]], counts: list[int]) -> list[tuple[Any, ...]]:
    total = sum(counts) or 1
    return [(*row, round(100 * count / total)) for row, count in zip(rows, counts, strict=True)]


def placed_words(state: str) -> str:
    """How an order that was placed stands now."""
    return PAYMENTS[Payment(state)].words


def method_words(method: str) -> str:
    """A way of paying; what came by no try of the buyer has none."""
    if method.startswith(BY_HAND):
        how = method.removeprefix(BY_HAND)
        return f"By hand: {HAND_METHODS.get(how, how)}"
    return METHODS.get(method, method) if method else "Way not known, or nothing to pay"


def ending_words(state: str, reason: str) -> str:
    """How a try to pay ended, whatever it was paid with."""
    if state == AttemptState.FAILED:
        return why_failed(reason, "").rstrip(".")
    known = {AttemptState.CREATE_FAILED: "No payment page could be opened", AttemptState.OPEN: "Nothing heard yet"}
    words = known.get(AttemptState(state)) or ATTEMPTS[AttemptState(state)].words
    return f"{words}, after a failure: {why_failed(reason, '').rstrip('.')}" if reason else words


def compared(now: Sum, before: Sum) -> str:
    """How takings stand to those of the period before, in words; "" where there is nothing to compare with."""
    if not before.amount:
        return ""
    change = round(100 * (now.amount - before.amount) / before.amount)
    return f"{abs(change)} % {'more' if change > 0 else 'less'}" if change else "the same"


def behind_words(of: str, value: str) -> str:
    """What the orders behind a sum have in common."""
    match of:
        case "state":
            return placed_words(value)
        case "refunded":
            return "Refunded since"
        case "written-off":
            return "Accepted with less than asked for"
        case "refunds-made":
            return "Money given back"
        case "method":
            return f"Paid: {method_words(value)[:40]}"
        case "ending":
            state, _, reason = value.partition(".")
            return f"Tries to pay: {ending_words(state, reason)}"
        case _:
            return f"With {value[:40]}"


HEAD = ("Figure", "Of", "First day (Africa/Nairobi)", "Last day (Africa/Nairobi)", "Count", "KSh")


def sheet(report: Report) -> str:
    """The whole file."""
    return BOM + "".join(csv_line(cells) for cells in (HEAD, *_lines(report)))


def _lines(report: Report) -> Iterator[tuple[str | int, ...]]:
    period = report.period
    days = (period.first.isoformat(), period.last.isoformat())
    earlier = (period.before.first.isoformat(), period.before.last.isoformat())
    yield "Takings", "all orders paid", *days, report.sales.count, report.sales.amount
    yield "Takings", "the period before", *earlier, report.before.count, report.before.amount
    yield "Refunded since", "orders paid", *days, report.refunded.count, report.refunded.amount
    yield (
        "Let off",
        "orders accepted with less than asked for",
        *days,
        report.written_off.count,
        report.written_off.amount,
    )
    yield "Given back", "money that went out", *days, report.refunds_made.count, report.refunds_made.amount
    for bar in report.bars:
        of = bar.step.days or (period.first, period.last)
        name = f"{report.period.step_word.lower()} {bar.step.name}"
        yield f"Takings by {report.period.step_word.lower()}", name, *map(str, of), bar.sales.count, bar.sales.amount
    for state, placed in report.placed.states.items():
        yield "Placed", placed_words(state), *days, placed.count, placed.amount
    for method, sales in report.methods.items():
        yield "Takings by way of paying", method_words(method), *days, sales.count, sales.amount
    for ending in report.endings:
        yield "Tries to pay", ending_words(ending.state, ending.reason), *days, ending.count, ""
    for seller in report.sellers:
        yield "Best sellers", f"{seller.name} ({seller.sku})", *days, seller.units, seller.amount
