"""The figures that the fault programmes reach, kept by programme, and the table that gathers them.

`make faults` runs every programme at its full size; `make faults ONLY=kills` runs tests/faults/test_kills.py alone. A
programme that passed whole writes its figures to docs/proof/<programme>.json, and docs/proof.md is made from these
files. `make faults-short` runs a short form of each and writes nothing.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

LONG = os.environ.get("FAULTS") == "long"
SECRETS = "Secrets in what the programme left behind"
SOLD_OUT = "Buyers of 10 pieces, all at once"
CROSSED = "Carts of two SKUs in opposite orders, all at once"
DOCS = Path(__file__).parents[1] / "docs"


def size(short: int, long: int) -> int:
    """How many of something a programme tries."""
    return long if LONG else short


@dataclass(frozen=True)
class Figure:
    """What a programme tried on one database, and what came out."""

    programme: str
    database: str
    reached: str


def write_figures(module: str, figures: list[Figure], seconds: float) -> None:
    """Store the figures of one programme that passed, and make docs/proof.md again."""
    folder = DOCS / "proof"
    folder.mkdir(exist_ok=True)
    told = {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count(),
        "seconds": round(seconds),
        "figures": [asdict(one) for one in sorted(figures, key=lambda one: (one.programme, one.database, one.reached))],
    }
    (folder / f"{module}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (DOCS / "proof.md").write_text(table(folder), encoding="utf-8")


def table(folder: Path) -> str:
    """docs/proof.md: a row for each figure of the files in `folder`."""
    lines = [
        "# Proof",
        "",
        "Written by `make faults` from the figures in `docs/proof/`. One programme: `make faults ONLY=<programme>`.",
        "",
        "| programme | what | database | reached | day | cores | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for file in sorted(folder.glob("*.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        run = f"{told['day']} | {told['cores']} | {told['seconds']}"
        for one in told["figures"]:
            lines.append(f"| {file.stem} | {one['programme']} | {one['database']} | {one['reached']} | {run} |")
    return "\n".join(lines) + "\n"
