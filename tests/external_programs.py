"""What tests need of the machine and what no package of Python brings."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def lacking(words: str) -> NoReturn:
    """The test can't run here, and why: it is skipped by name, but fails in CI.

    Raises:
        pytest.skip.Exception, pytest.fail.Exception: always one of the two.
    """
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


def program(name: str) -> str:
    """The path of a program. Servers often lie where only root's PATH leads."""
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
