"""The figures the fault programmes reach, and the page that prints them.

`make faults` runs every programme at its full size and ends by writing docs/proof.md; inside `make test` each runs in a
short form, and nothing is written.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LONG = os.environ.get("FAULTS") == "long"
PAGE = Path(__file__).parents[2] / "docs" / "proof.md"


def size(short: int, long: int) -> int:
    """How many of something a programme tries."""
    return long if LONG else short


@dataclass(frozen=True)
class Figure:
    """One line of the page: what was tried, on which database, what came out, and what came out without the guard."""

    programme: str
    database: str
    reached: str
    control: str = ""


def page(figures: list[Figure], failed: int, seconds: float) -> str:
    """docs/proof.md, made from what one run reached in so many seconds."""
    rows = sorted(figures, key=lambda figure: (figure.programme, figure.database))
    lines = [
        "# Proof",
        "",
        "Written by `make faults`; every line was reached in one run. `make test` runs a short form of each programme.",
        "",
        f"{datetime.now(UTC):%-d %B %Y}, {os.cpu_count()} cores, {seconds / 60:.0f} minutes: {len(rows)} figures, "
        f"{failed} tests failed.",
        "",
        "| programme | database | reached | without the guard |",
        "|---|---|---|---|",
        *(f"| {one.programme} | {one.database} | {one.reached} | {one.control} |" for one in rows),
    ]
    return "\n".join(lines) + "\n"
