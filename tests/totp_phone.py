"""An authenticator app, and the clock that it uses."""

import re
from base64 import b32decode
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from werkzeug.test import TestResponse

from shop.accounts import two_factor
from shop.core.clock import utcnow
from tests.admin_client import AdminClient
from tests.shopper import hidden_fields


class Clock:
    """The shop's time for two-factor codes. It moves only when a test moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now: datetime = utcnow().replace(microsecond=0)
        monkeypatch.setattr(two_factor, "utcnow", lambda: self.now)

    def forward(self, **amount: int) -> None:
        """Move the clock forward."""
        self.now += timedelta(**amount)


class Phone:
    """An authenticator app with a typed-in secret."""

    def __init__(self, written: str, clock: Clock) -> None:
        self.written = written
        self.totp = TOTP(b32decode(written.replace(" ", "")), 6, SHA1(), 30)
        self.clock = clock

    def code(self, later: int = 0) -> str:
        """The code it shows `later` seconds from now."""
        return self.totp.generate(int(self.clock.now.timestamp()) + later).decode()


def secret_on(html: str) -> str:
    """The secret that a set-up page shows in letters."""
    found = re.search(r'two-factor-setup__secret"><code>([A-Z2-7 ]+)</code>', html)
    assert found, html
    return found[1]


def recovery_codes_on(html: str) -> list[str]:
    """The recovery codes that a page shows."""
    return re.findall(r"<code>([2-9a-z]{5}-[2-9a-z]{5}-[2-9a-z]{5})</code>", html)


def set_up(owner: AdminClient, clock: Clock) -> tuple[Phone, list[str]]:
    """Set up two-factor codes; returns the phone and the recovery codes. The clock moves on by 30 seconds."""
    page = owner.get("/admin/account/two-factor").text
    phone = Phone(secret_on(page), clock)
    done = owner.post("/admin/account/two-factor", {**hidden_fields(page), "code": phone.code()})
    assert done.status_code == 303, done.text
    codes_shown = recovery_codes_on(owner.get("/admin/account/two-factor").text)
    clock.forward(seconds=30)
    return phone, codes_shown


def give_code(owner: AdminClient, code: str) -> TestResponse:
    """Fill in the page that asks for the two-factor code at login."""
    return owner.post("/admin/sign-in/code", {**hidden_fields(owner.get("/admin/sign-in/code").text), "code": code})
