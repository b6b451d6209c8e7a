"""The faces of Android phones: text is wider in them than in what a server has."""

import shutil
import subprocess

from tests.external_programs import lacking

FACES = {"Roboto": "fonts-roboto", "Noto Sans": "fonts-noto-core", "Noto Serif": "fonts-noto-core"}


def find_fonts() -> None:
    """Make sure that the faces are installed. Without them the test is skipped, but fails in CI."""
    listed = (
        shutil.which("fc-list") and subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True).stdout
    )
    for face, package in FACES.items():
        if face not in (listed or ""):
            lacking(f"The face {face} is not installed: apt install {package} fontconfig")
