"""Programs that tests need and that pip cannot install."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def lacking(words: str) -> NoReturn:
    """Skip the test with a reason; in CI, fail it.

    Raises:
        pytest.skip.Exception, pytest.fail.Exception: always one of the two.
    """
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


def program(name: str) -> str:
    """The path of a program, also in the folders of root's PATH."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    return found or lacking(f"{name} is not installed: apt install {name}")


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A fresh certificate for 127.0.0.1, signed by itself, and its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
        + ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
    )
    return made, key
