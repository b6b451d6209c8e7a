"""The reports' pages: what was taken in a span of days, its export, and the orders behind each sum."""

from typing import Any

from flask import Response, abort, render_template, request, url_for
from sqlalchemy import func, select

from shop.admin.acts import acted
from shop.admin.frame import admin, may
from shop.admin.looking import saying
from shop.admin.looking.behind import orders_behind
from shop.admin.looking.charts import columns, parts
from shop.admin.looking.figures import UNPAID, Report, report_on
from shop.admin.looking.periods import TABS, USUAL, NotAPeriod, Period, last_days, typed_period
from shop.admin.looking.sheet import sheet
from shop.chpter.text import one_line
from shop.clock import utcnow
from shop.database import db, write
from shop.notices.models import OutboxMail
from shop.orders.states import AttemptState
from shop.paging import key_asked
from shop.payments.proof import proof


@admin.get("/reports")
@may("owner")
def reports() -> str | tuple[str, int]:
    """Sales and payments of today, some days, or days of one's own."""
    days, problems = _days(), []
    try:
        period = _period(days)
    except NotAPeriod as wrong:
        days, period, problems = USUAL, last_days(USUAL, utcnow()), [(wrong.field, str(wrong))]
    report = report_on(period)
    tabs = [(words, "", url_for("admin.reports", days=count), count == days) for count, words in TABS.items()]
    page = render_template(
        "admin/looking/report.html",
        report=report,
        chart=columns(report.bars),
        tabs=tabs,
        days=days,
        problems=problems,
        typed={name: one_line(request.args.get(name, ""), 40) for name in ("from", "to")},
        unsent=_unsent(),
        proof=proof(),
        **_words(report),
    )
    return (page, 422) if problems else page


@admin.get("/reports/export")
@may("owner")
def report_export() -> Response:
    """The same figures as a file."""
    try:
        period = _period(_days())
    except NotAPeriod:
        abort(404)
    report = report_on(period)
    write(lambda: acted(f"Exported the report of {period.words}"))
    name = f"report-{period.first}-to-{period.last}.csv"
    return Response(sheet(report), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"})


@admin.get("/reports/orders")
@may("owner")
def report_orders() -> str:
    """The orders behind one sum."""
    of, value = request.args.get("of", ""), one_line(request.args.get("value", "")[:480], 120)
    try:
        period = _period(None)
    except NotAPeriod:
        abort(404)
    found = orders_behind(period, of, value, key_asked(request.args.get("before", ""))) or abort(404)

    def link_to_older(older: int) -> str:
        return url_for("admin.report_orders", of=of, before=older, value=value, **_span(period))

    words = saying.behind_words(of, value)
    return render_template(
        "admin/looking/behind.html", found=found, period=period, words=words, link_to_older=link_to_older
    )


def _days() -> int | None:
    """One of the tabs; None where days were typed."""
    if request.args.get("from") or request.args.get("to"):
        return None
    typed = request.args.get("days", "")
    return int(typed) if typed in map(str, TABS) else USUAL


def _period(days: int | None) -> Period:
    if days:
        return last_days(days, utcnow())
    return typed_period(request.args.get("from", "").strip(), request.args.get("to", "").strip(), utcnow())


def _span(period: Period) -> dict[str, Any]:
    """The days of a period, as an address says them."""
    return {"from": period.first, "to": period.last}


def _unsent() -> int:
    """How many mails were given up."""
    given_up = (OutboxMail.sent_at.is_(None), OutboxMail.ended_at.is_not(None))
    return db.session.scalar(select(func.count()).select_from(OutboxMail).where(*given_up)) or 0


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
        "short_link": behind("short"),
        "given_back_link": behind("given-back"),
        "change": saying.compared(report.sales, report.before),
        "unpaid": [(saying.placed_words(state), placed, behind("state", state)) for state, placed in states],
        "methods_rows": _with_parts(
            [(saying.method_words(method), sales, behind("method", method)) for method, sales in methods],
            [sales.amount for _, sales in methods],
        ),
        "endings_rows": _with_parts(
            [
                (
                    saying.ending_words(one.state, one.reason),
                    one.count,
                    behind("ending", f"{one.state}.{one.reason}"),
                    one.state,
                )
                for one in heard
            ],
            [one.count for one in heard],
        ),
        "sellers_rows": [
            (one, behind("sku", one.sku), round(100 * one.amount / (report.sellers[0].amount or 1), 2))
            for one in report.sellers
        ],
    }


def _with_parts(rows: list[tuple[Any, ...]], counts: list[int]) -> list[tuple[Any, ...]]:
    whole = sum(counts) or 1
    return [
        (*row, part, round(100 * count / whole)) for row, part, count in zip(rows, parts(counts), counts, strict=True)
    ]
