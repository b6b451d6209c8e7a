"""`make audit`: what a careful reader would look for in the code, in the tree, and in the lock.

    python bin/audit.py [--offline] [--accept]

Bandit reads the code; detect-secrets reads every committed file, and what is no secret though it looks like one is
listed (as hashes) in .ci/no-secrets.txt; pip-audit asks the Python Package Index which of the pinned packages have
known vulnerabilities; a package it could not look up fails the audit. `--offline` leaves the last one out. `--accept`
lists anew what is no secret: read its diff.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CODE = ("shop", "migrations", "bin", "wsgi.py", "gunicorn.conf.py")
KNOWN = ".ci/no-secrets.txt"
PATIENCE = 120  # seconds for all that is asked of the index


def bandit() -> bool:
    """Whether the code is free of what bandit calls a medium or a high risk."""
    return run("bandit", "--quiet", "-ll", "--recursive", *CODE).returncode == 0


def secrets(accept: bool) -> bool:
    """Whether no committed file holds what looks like a secret, beside what is known to be none."""
    scan = run("detect-secrets", "scan", "--no-verify", "--exclude-files", KNOWN, quietly=True)
    found = [one for ones in json.loads(scan.stdout)["results"].values() for one in ones]
    if accept:
        lines = sorted({f"{one['hashed_secret']} {one['filename']}\n" for one in found})
        (ROOT / KNOWN).write_text("".join(lines), encoding="utf-8")
    known = {line.split()[0] for line in (ROOT / KNOWN).read_text(encoding="utf-8").splitlines()}
    new = [one for one in found if one["hashed_secret"] not in known]
    for one in new:
        print(f"{one['filename']}:{one['line_number']}: {one['type']}")
    if new:
        print("Take each of these out, and out of the history too. If it is no secret: python bin/audit.py --accept")
    return not new


def vulnerabilities() -> bool:
    """Whether every pinned package was looked up, and none has a known vulnerability."""
    asked = ("pip-audit", "--disable-pip", "--no-deps", "--progress-spinner=off", "-r", "requirements.txt")
    try:
        answer = run(*asked, "-r", "requirements-dev.txt", "--format=json", quietly=True)
        packages = json.loads(answer.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError, subprocess.TimeoutExpired):
        print("The index's list of vulnerabilities can't be reached from here: the lock was NOT audited.")
        return False
    named = [(one["name"], one["version"], bug["id"]) for one in packages for bug in one.get("vulns", ())]
    for name, version, bug in named:
        print(f"{name} {version}: {bug}")
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    print(f"{len(packages) - len(skipped)} packages looked up, {len(named)} known vulnerabilities.")
    if skipped or not packages:
        print(f"{len(skipped)} packages could not be looked up: the lock was NOT audited. {' '.join(skipped)}")
    return bool(packages) and not named and not skipped


def run(*command: str, quietly: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment in the project's folder."""
    where = subprocess.PIPE if quietly else None
    tool = [str(BIN / command[0]), *command[1:]]
    return subprocess.run(tool, cwd=ROOT, stdout=where, stderr=where, text=True, timeout=PATIENCE)


def main(words: list[str]) -> int:
    """0 when nothing was found."""
    checks = [bandit(), secrets("--accept" in words)]
    if "--offline" not in words:
        checks.append(vulnerabilities())
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
