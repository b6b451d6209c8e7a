"""The figures the fault programmes reach, and the page that prints them.

`make faults` runs every programme at its full size and ends by writing docs/proof.md; inside `make test` each runs in a
short form, and nothing is written.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LONG = os.environ.get("FAULTS") == "long"
SECRETS = "Secrets in what all programmes left behind"
SOLD_OUT = "Buyers of 10 pieces, all at once"
CROSSED = "Carts of two SKUs in opposite orders, all at once"
PAGE = Path(__file__).parents[2] / "docs" / "proof.md"


def size(short: int, long: int) -> int:
    """How many of something a programme tries."""
    return long if LONG else short


@dataclass(frozen=True)
class Figure:
    """What one test reached: what it tried, on which database, what came out, or what came out without the guard."""

    programme: str
    database: str
    reached: str = ""
    control: str = ""


def rows(figures: list[Figure]) -> list[Figure]:
    """A line for each programme and database: all that its tests and its controls reached."""
    told: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        told.setdefault((figure.programme, figure.database), []).append(figure)
    return [
        Figure(*both, "; ".join(_words(one.reached for one in mine)), "; ".join(_words(one.control for one in mine)))
        for both, mine in sorted(told.items())
    ]


def _words(said: Iterable[str]) -> list[str]:
    return sorted({words for words in said if words})


def page(figures: list[Figure], failed: int, seconds: float) -> str:
    """docs/proof.md, made from what one run reached in so many seconds."""
    lines = [
        "# Proof",
        "",
        "Written by `make faults`; every line was reached in one run. `make test` runs a short form of each programme.",
        "",
        f"{datetime.now(UTC):%-d %B %Y}, {os.cpu_count()} cores, {seconds / 60:.0f} minutes, {failed} tests failed. "
        "The last column is what the same programme reached where the guard had been taken out.",
        "",
        "| programme | database | reached | without the guard |",
        "|---|---|---|---|",
        *(f"| {one.programme} | {one.database} | {one.reached} | {one.control} |" for one in rows(figures)),
    ]
    return "\n".join(lines) + "\n"
