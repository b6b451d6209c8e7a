"""Small faults put into the code of settling, pricing and expiry, one at a time: the tests notice nearly all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import TEMPLATE, Sqlite
from tests.figures import LONG

PROGRAMME = "Faults put into the code of {}, one at a time"
ROOT = Path(__file__).parents[2]
PARTS = ["shop", "templates", "static", "migrations", "docs", "bin", "tests", "wsgi.py", "pyproject.toml"]
SETTLING = ["shop/payments/settlement_rules.py", "shop/payments/settlement.py"]
PRICING = ["shop/pricing/quote.py", "shop/pricing/discount_codes.py", "shop/pricing/models.py"]
EXPIRY = ["shop/orders/expiry.py", "shop/orders/transitions.py", "shop/orders/reservations.py"]
TESTS = [
    "tests/payments/test_settlement_rules.py",
    "tests/payments/test_settlement.py",
    "tests/payments/test_callbacks_http.py",
    "tests/payments/test_transaction_codes.py",
    "tests/payments/test_shortfalls.py",
    "tests/pricing",
    "tests/orders/test_reservations.py",
    "tests/orders/test_transitions.py",
    "tests/orders/test_expiry.py",
]
NOTICED = {"killed", "timeout", "segfault", "caught by type check"}


@pytest.fixture
def put_in(tmp_path: Path, sqlite: Sqlite):
    """Plant every fault mutmut knows of in these files, each while these tests run: what became of each, by name."""

    def plant(files: list[str], tests: list[str]) -> dict[str, str]:
        folder = tmp_path / "shop"
        folder.mkdir()
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        with (folder / "pyproject.toml").open("a") as settings:
            settings.write(
                "[tool.mutmut]\n"
                'source_paths = ["shop"]\n'
                f"only_mutate = {files}\n"
                f"also_copy = {[part for part in PARTS if part not in ('shop', 'tests', 'pyproject.toml')]}\n"
                'pytest_add_cli_args = ["-s", "-k", "not postgresql", "-p", "no:xdist"]\n'
                f"pytest_add_cli_args_test_selection = {tests}\n"
            )
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "FAULTS"))}
        mutmut = [sys.executable, "-m", "mutmut"]
        how = {"cwd": folder, "env": {**environ, TEMPLATE: str(sqlite.template)}, "capture_output": True, "text": True}
        ran = subprocess.run([*mutmut, "run", "--max-children", str(os.cpu_count() or 1)], **how)
        listed = subprocess.run([*mutmut, "results", "--all", "true"], **how)
        shutil.rmtree(folder)
        fates = dict(line.strip().rsplit(": ", 1) for line in listed.stdout.splitlines() if ": " in line)
        assert set(fates.values()) - {"not checked"}, ran.stdout[-20_000:] + ran.stderr[-5_000:]
        return fates

    return plant


def share(fates: dict[str, str]) -> float:
    """How many of a hundred were noticed."""
    return 100 * sum(fate in NOTICED for fate in fates.values()) / len(fates)


def modules(files: list[str]) -> tuple[str, ...]:
    """What the names of these files' faults begin with."""
    return tuple(file.removesuffix(".py").replace("/", ".") + "." for file in files)


def story(fates: dict[str, str]) -> str:
    """Those that nobody noticed."""
    return "\n".join(f"{name}: {fate}" for name, fate in fates.items() if fate not in NOTICED)


def test_faults_in_the_code_of_money_are_noticed(put_in, reached):
    rooms = {"settling": SETTLING, "pricing": PRICING, "expiry": EXPIRY} if LONG else {"pricing": PRICING[:1]}

    fates = put_in([file for files in rooms.values() for file in files], TESTS if LONG else ["tests/pricing"])

    for room, files in rooms.items():
        mine = {name: fate for name, fate in fates.items() if name.startswith(modules(files))}
        assert len(mine) > 15
        assert share(mine) >= 95, story(mine)
        reached(
            PROGRAMME.format(room),
            f"{sum(fate in NOTICED for fate in mine.values()):,} of {len(mine):,} noticed by the tests "
            f"({share(mine):.1f} %)",
        )
