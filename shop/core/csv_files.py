"""Cells of CSV files that a spreadsheet shows and never carries out.

A text that begins like a formula gets an apostrophe in front, which spreadsheets take as "this is text". So that a file
can be read back without loss, a text that begins with apostrophes before such a sign gets one more.
"""

import csv
import io
import re
from collections.abc import Iterable

BOM = "\ufeff"  # tells Excel that the file is UTF-8
_FORMULA = re.compile(r"'*\s*[=+\-@\t\r＝＋－＠]")
_GUARDED = re.compile(r"''*\s*[=+\-@\t\r＝＋－＠]")


def safe_cell(text: str) -> str:
    """`text` as a cell that is never a formula. NUL characters, which no spreadsheet reads, are left out."""
    text = text.replace("\0", "")
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """What a cell made by `safe_cell` says; any other cell unchanged."""
    return text[1:] if _GUARDED.match(text) else text


def csv_line(cells: Iterable[str | int]) -> str:
    """One line of a CSV file. Numbers stay numbers; texts are made safe and quoted whole.

    A spreadsheet that splits at semicolons would else begin a cell in the middle of a text.
    """
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_NONNUMERIC).writerow(
        [cell if isinstance(cell, int) else safe_cell(cell) for cell in cells]
    )
    return line.getvalue()
