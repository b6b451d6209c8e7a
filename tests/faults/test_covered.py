"""Every line and every branch of the rooms of money is run by the tests."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import TEMPLATE, Sqlite
from tests.faults.figures import LONG

ROOT = Path(__file__).parents[2]
PROGRAMME = "Branch coverage of payments, pricing, orders and chpter"
ROOMS = ("payments", "pricing", "orders", "chpter")
# Besides the rooms' own tests those of others that take a branch of theirs which no other test takes.
ADMIN = (
    *("alarms", "catalogue_stock", "correcting", "money_acts", "money_checks", "money_codes", "money_proof"),
    *("money_races", "money_rest", "money_undone", "order_calm", "refunded_goods", "undoing"),
    *("orders_search", "packing", "privacy", "privacy_retention", "rivals", "seen", "selling_codes", "selling_orders"),
    "unmatched",
)
TESTS = [
    *(f"tests/{room}" for room in ROOMS),
    *(f"tests/admin/test_{name}.py" for name in ADMIN),
    *(f"tests/checkout/test_{name}.py" for name in ("caps", "correcting", "moved")),
    "tests/emails/test_email_limits.py",
    "tests/faults/test_spool.py",
]


@dataclass
class Covered:
    """What some tests ran of some rooms."""

    lines: int
    branches: int
    missing: list[str]  # "file: line, line, line->line"


@pytest.fixture
def cover(tmp_path: Path, sqlite: Sqlite):
    """Run tests, and say what they ran of these rooms."""

    def run(rooms: tuple[str, ...], tests: list[str]) -> Covered:
        report = tmp_path / "covered.json"
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "FAULTS"))}
        environ |= {TEMPLATE: str(sqlite.template), "COVERAGE_FILE": str(tmp_path / "covered")}
        how = ["-p", "no:xdist", "-k", "not postgresql", "--cov=shop", "--cov-branch", f"--cov-report=json:{report}"]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *how, *tests], cwd=ROOT, env=environ, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stdout[-5_000:]
        files = json.loads(report.read_text())["files"]
        mine = {name: file for name, file in files.items() if name.split("/")[1] in rooms}
        return Covered(
            sum(file["summary"]["num_statements"] for file in mine.values()),
            sum(file["summary"]["num_branches"] for file in mine.values()),
            [f"{name}: {said}" for name, file in mine.items() if (said := _missing(file))],
        )

    return run


def _missing(file: dict) -> str:
    lines = [str(line) for line in file["missing_lines"]]
    return ", ".join(lines + [f"{before}->{after}" for before, after in file["missing_branches"]])


def test_every_branch_of_the_rooms_of_money_is_run(cover, reached):
    covered = cover(ROOMS if LONG else ("pricing",), TESTS if LONG else ["tests/pricing"])

    assert covered.missing == []
    assert covered.branches >= (300 if LONG else 16)
    reached(PROGRAMME, f"100 % of {covered.lines:,} statements and {covered.branches:,} branches")
