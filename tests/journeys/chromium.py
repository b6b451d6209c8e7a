"""Chromium and the fonts of Android phones, as the machine has them. Without them tests are skipped, but fail in CI."""

import os
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.external_programs import lacking

NAMES = ("chromium", "chromium-browser", "google-chrome")
MAC_PATHS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
OFFLINE = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
FONTS = {"Roboto": "fonts-roboto", "Noto Sans": "fonts-noto-core", "Noto Serif": "fonts-noto-core"}


def find_chromium() -> str:
    """The path of a Chromium."""
    for path in (os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), *MAC_PATHS):
        if path and Path(path).exists():
            return path
    lacking("Chromium is not installed: apt install chromium (or set its path as CHROMIUM)")


def launch(playwright: Playwright, path: str) -> Browser:
    """Start it without requests of its own to the internet. Its sandbox works for every user but root."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=[*OFFLINE, *as_root])


def require_fonts() -> None:
    """Make sure that Android's fonts are installed: text is wider in them than in what a server has."""
    fonts = (
        subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True) if shutil.which("fc-list") else ""
    )
    for font, package in FONTS.items():
        if font not in (fonts and fonts.stdout):
            lacking(f"The font {font} is not installed: apt install {package} fontconfig")
