"""Debian's Chromium, or what else of its kind the machine has."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.external_programs import lacking

NAMES = ("chromium", "chromium-browser", "google-chrome")
PLACES = (
    Path("/usr/bin/chromium"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
QUIETLY = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str:
    """The path of a Chromium. Without one the test is skipped, but fails in CI."""
    wanted = os.environ.get("CHROMIUM")
    found = wanted or next(filter(None, map(shutil.which, NAMES)), None)
    found = found or next((str(place) for place in PLACES if place.exists()), None)
    if found and Path(found).exists():
        return found
    lacking("Chromium is not installed: apt install chromium (or name one in CHROMIUM)")


def launch(playwright: Playwright, path: str) -> Browser:
    """Start it, asking nothing of the internet. Its sandbox works for every user but root."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=[*QUIETLY, *as_root])
