"""CSV cells that no spreadsheet runs as a formula.

A text that begins like a formula gets a leading apostrophe, which spreadsheets read as "this is text". A text that
already begins with apostrophes before such a sign gets one more, so that the file can be read back without loss.
"""

import csv
import io
import re
from collections.abc import Iterable

BOM = "\ufeff"  # tells Excel that the file is UTF-8
_FORMULA = re.compile(r"'*\s*[=+\-@\t\r＝＋－＠]")
_GUARDED = re.compile(r"''*\s*[=+\-@\t\r＝＋－＠]")


def safe_cell(text: str) -> str:
    """`text` as a cell that is never a formula, without NUL characters, which no spreadsheet reads."""
    text = text.replace("\0", "")
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """The text of a cell written by `safe_cell`; any other cell unchanged."""
    return text[1:] if _GUARDED.match(text) else text


def csv_line(cells: Iterable[str | int]) -> str:
    """One line of a CSV file. Numbers stay numbers; texts are made safe.

    Every text is quoted, or a spreadsheet that splits at semicolons would split it.
    """
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_NONNUMERIC).writerow(
        [cell if isinstance(cell, int) else safe_cell(cell) for cell in cells]
    )
    return line.getvalue()
