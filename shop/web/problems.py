"""The list of what is wrong with the shop, shown on every admin page, by `doctor` and by `/readyz`.

It is read from the disk, because it must also work while the database is down: the worker writes what it finds into its
heartbeat (core/heartbeat.py), and failed calls to Chpter are noted beside the spool (payments/alerts.py).
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import make_url

from shop.config import Settings
from shop.core.clock import nairobi, utcnow
from shop.core.heartbeat import Heartbeat, last_heartbeat

STOPPED_AFTER = timedelta(seconds=90)  # without a heartbeat
FAILING_AFTER = timedelta(seconds=60)  # a sweep that fails for less is not reported
START_GRACE = timedelta(minutes=3)  # after the web process started, for a worker to start too
STARTED, CHECKS = "shop_started_at", "shop_problem_checks"

Problem = tuple[str, str]  # (subject, message): the message says what, since when, what to do
Check = Callable[[Path], Iterable[Problem]]  # given INSTANCE_PATH


def init_problems(app: Flask, *checks: Check) -> None:
    """Store the start time of this process, and the checks of higher packages."""
    app.extensions[STARTED] = utcnow()
    app.extensions[CHECKS] = checks


def problems(settings: Settings) -> list[Problem]:
    """What is wrong now, the worst first; empty if nothing is."""
    instance, beat = settings.instance_path, last_heartbeat(settings.instance_path)
    stopped = list(_worker(beat))
    of_worker = stopped or [*_work(beat), *_mail(beat), *_clock(beat)]  # facts from a stopped worker are out of date
    of_checks = [problem for check in current_app.extensions[CHECKS] for problem in check(instance)]
    return [*_database(settings), *of_checks, *of_worker]


def _database(settings: Settings) -> Iterator[Problem]:
    url = make_url(settings.database_url)
    file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    if file is None or not file.exists() or os.access(file, os.W_OK):
        return
    owner = str(file.stat().st_uid)
    with suppress(KeyError, ImportError):
        owner = file.owner()
    yield (
        "database",
        f"No order and no payment can be stored: the database file {file} belongs to {owner} and cannot be written. "
        "Give it to the user the shop runs as (chown), and run the shop’s commands as that user.",
    )


def worker_problem(settings: Settings) -> str | None:
    """Why the worker counts as stopped; None if it runs."""
    return next((words for _, words in _worker(last_heartbeat(settings.instance_path), grace=timedelta())), None)


def _worker(beat: Heartbeat | None, grace: timedelta = START_GRACE) -> Iterator[Problem]:
    cure = (
        "Nothing is lost, but no email is sent, unpaid orders keep their stock, and callbacks received while the "
        "database was down are not settled. Start it: systemctl start shop-worker, or flask --app wsgi worker"
    )
    if beat is None:
        if utcnow() - current_app.extensions[STARTED] >= grace:
            yield "worker", f"The worker has not run here yet. {cure}"
    elif utcnow() - beat.at > STOPPED_AFTER:
        yield "worker", f"The worker has not run since {nairobi(beat.at)}. {cure}"


def _work(beat: Heartbeat | None) -> Iterator[Problem]:
    late = utcnow() - FAILING_AFTER
    failing = [
        (sweep.failing_since, name, sweep.error)
        for name, sweep in (beat.sweeps.items() if beat else ())
        if sweep.failing_since and sweep.failing_since < late
    ]
    if failing:
        since, errors = min(moment for moment, *_ in failing), ", ".join(sorted({error for *_, error in failing}))
        names = ", ".join(name for _, name, _ in failing)
        yield (
            "work",
            f"The worker has failed since {nairobi(since)}: {names} ({errors}). Check the database and the "
            "worker’s log; flask --app wsgi doctor says more.",
        )


def _mail(beat: Heartbeat | None) -> Iterator[Problem]:
    waiting = beat.facts.get("mail") if beat else None
    if not waiting:
        return
    since = nairobi(datetime.fromisoformat(waiting["since"]))
    emails = "1 email waits" if waiting["count"] == 1 else f"{waiting['count']} emails wait"
    because = f", because: {waiting['because']}." if waiting["because"] else "."
    yield (
        "emails",
        f"{emails} to be sent since {since}{because} Check the outbox, and the settings SMTP_HOST, "
        "SMTP_USERNAME and MAIL_FROM. They are sent automatically once the mail server accepts them.",
    )


def _clock(beat: Heartbeat | None) -> Iterator[Problem]:
    leapt = beat.facts.get("clock") if beat else None
    if leapt:
        yield (
            "clock",
            f"The clock of this machine was put {'forward' if leapt['minutes'] > 0 else 'back'} by "
            f"{abs(leapt['minutes'])} minutes at {nairobi(datetime.fromisoformat(leapt['at']))}. Put it right, with "
            "chrony or systemd-timesyncd: unpaid orders end too early while it is ahead, too late while it is behind.",
        )
