"""`make audit`: what it must find is planted in a repository of its own, and found."""

import importlib.util
import json
import secrets
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def audit(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("audit", ROOT / "bin" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / ".ci").mkdir()
    (tmp_path / module.KNOWN).touch()
    (tmp_path / "shop").mkdir()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "CODE", ("shop",))
    return module


def plant(folder: Path, file: str, content: str) -> None:
    (folder / file).write_text(content)
    for words in (("init", "--quiet"), ("add", ".")):
        subprocess.run(["git", *words], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("shop/config.py", 'TOKEN = "{}"\n'),
        ("settings.env", "CHPTER_TOKEN={}\n"),
        ("notes.md", "postgresql://shop:{}@db.example.com/shop\n"),
        ("key.pem", "-----BEGIN RSA PRIVATE KEY-----\n{}\n"),
    ],
)
def test_a_secret_in_any_file_is_found_until_somebody_says_it_is_none(audit, tmp_path, capsys, file, line):
    plant(tmp_path, file, line.format(secrets.token_hex(20)))

    assert not audit.secrets(accept=False)
    assert f"{file}:1: " in capsys.readouterr().out
    assert audit.secrets(accept=True)
    assert audit.secrets(accept=False)


@pytest.mark.parametrize("code", ["import hashlib\nhashlib.md5(b'x')\n", "eval(input())\n"])
def test_risky_code_is_found(audit, tmp_path, code):
    (tmp_path / "shop" / "a.py").write_text("print(1)\n")
    assert audit.bandit()
    (tmp_path / "shop" / "a.py").write_text(code)
    assert not audit.bandit()


def test_where_nobody_can_be_asked_it_fails_and_says_that_the_lock_was_not_audited(
    audit, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("flask==3.0.0\n")

    assert not audit.vulnerabilities()
    assert "NOT audited" in capsys.readouterr().out


def test_a_known_vulnerability_fails(audit, monkeypatch, capsys):
    answer = '{"dependencies": [{"name": "flask", "version": "0.1", "vulns": [{"id": "PYSEC-1"}]}]}'
    monkeypatch.setattr(audit, "run", lambda *_words, **_how: subprocess.CompletedProcess([], 1, answer))

    assert not audit.vulnerabilities()
    assert "flask 0.1: PYSEC-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "packages",
    [
        [],
        [{"name": "flask", "version": "3.0", "vulns": []}, {"name": "segno", "skip_reason": "Dependency not found"}],
    ],
)
def test_a_package_that_was_not_looked_up_is_not_counted_as_looked_up(audit, monkeypatch, capsys, packages):
    answer = json.dumps({"dependencies": packages})
    monkeypatch.setattr(audit, "run", lambda *_words, **_how: subprocess.CompletedProcess([], 0, answer))

    assert not audit.vulnerabilities()
    assert "NOT audited" in (said := capsys.readouterr().out)
    assert said.startswith(f"{max(0, len(packages) - 1)} packages looked up")
