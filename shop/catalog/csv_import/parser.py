"""Reading a CSV file from a spreadsheet: encoding, separator, columns, rows."""

import csv
import io
from dataclasses import dataclass

from shop.catalog.csv_import.columns import COLUMNS, SKU, shortened
from shop.core.csv_files import plain_cell

MAX_BYTES = 2 * 1024 * 1024  # 5000 rows with descriptions
MAX_ROWS = 5000
SEPARATORS = ",;\t"
WINDOWS = "It was not UTF-8, so it was read as a Windows file. Check that letters like é and ’ are right"


class Unreadable(Exception):
    """The file cannot be read. The message says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One row: its number in the spreadsheet, its cells by column, and how many `extra` cells the header lacks."""

    number: int
    cells: dict[str, str]
    extra: int = 0


@dataclass(frozen=True)
class Sheet:
    """The rows of a file, and notes for the merchant about how it was read."""

    rows: list[Row]
    notes: list[str]


def decode_csv(raw: bytes) -> tuple[str, str]:
    """The text of a file, and a note if it was not UTF-8. Raises Unreadable."""
    if len(raw) > MAX_BYTES:
        raise Unreadable("The file has more than 2 MB. Split it, each part with the header row")
    note = ""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text, note = raw.decode("cp1252"), WINDOWS
        except UnicodeDecodeError:
            raise Unreadable("That is no CSV file. In your spreadsheet choose Save as, CSV UTF-8") from None
    if not text.strip():
        raise Unreadable("The file is empty. Export the catalogue to see how one looks")
    if "\0" in text:
        raise Unreadable("That is no CSV file, or one in UTF-16. In your spreadsheet choose Save as, CSV UTF-8")
    return text, note


def read_sheet(text: str) -> Sheet:
    """The rows of a text without empty ones. Raises Unreadable."""
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    rows: list[Row] = []
    try:
        header = _header(next(lines, []))
        for number, line in enumerate(lines, 2):
            if any(cell.strip() for cell in line):
                rows.append(_row(number, line, header))
            if len(rows) > MAX_ROWS:
                raise Unreadable(f"The file has more than {MAX_ROWS:,} rows. Split it, each part with the header row")
    except csv.Error as error:
        raise Unreadable(
            f"Row {max(number, 1) + 1} cannot be read: a quotation mark is missing, or one too many. "
            'Inside a quoted cell write "" for each'
        ) from error
    if not rows:
        raise Unreadable("The file has a header but no rows. Export the catalogue to see how one looks")
    return Sheet(rows, _notes(header, separator))


def _header(cells: list[str]) -> list[str]:
    known = {name.lower(): name for name in COLUMNS}
    header = [known.get(cell.strip().lower(), cell.strip()) for cell in cells]
    if SKU not in header:
        raise Unreadable(
            "The first row must name the columns, and one of them must be SKU. Export the catalogue to see how"
        )
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise Unreadable(f"Two columns are called “{shortened(min(twice))}”. Remove or rename one")
    return header


def _row(number: int, line: list[str], header: list[str]) -> Row:
    cells = {name: plain_cell(cell) for name, cell in zip(header, line, strict=False) if name in COLUMNS}
    return Row(number, cells, sum(bool(cell.strip()) for cell in line[len(header) :]))


def _notes(header: list[str], separator: str) -> list[str]:
    notes = []
    if separator != ",":
        notes.append(
            f"Its cells are separated by {'semicolons' if separator == ';' else 'tabs'}, as some versions of Excel do"
        )
    unknown = [shortened(name) for name in header if name and name not in COLUMNS]
    if unknown:
        notes.append(f"Columns the shop does not know were left out: {', '.join(unknown[:10])}")
    return notes
