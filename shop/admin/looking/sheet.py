"""A report as a CSV file: one line for each figure, the days named in Nairobi time."""

from collections.abc import Iterator

from shop.admin.looking.figures import Report
from shop.admin.looking.saying import ending_words, method_words, placed_words
from shop.csv_cells import BOM, csv_line

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
    yield "Let off", "orders accepted with less than asked for", *days, report.short.count, report.short.amount
    yield "Given back", "money that went out", *days, report.given_back.count, report.given_back.amount
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
