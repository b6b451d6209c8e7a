"""Every setting with valid and invalid values."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shop.config import EXAMPLE_SECRET, ConfigError, Settings

STRONG = "0123456789abcdef0123456789abcdef"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def environ(tmp_path):
    """The environment of a developer: only INSTANCE_PATH is set."""
    return {"INSTANCE_PATH": str(tmp_path)}


@pytest.fixture
def live(environ):
    """The environment of a production shop."""
    real = {"SHOP_URL": "https://shop.example.co.ke", "SECRET_KEY": STRONG, "CHPTER_TOKEN": "t", "CHPTER_DOMAIN": "d"}
    return {**environ, **real}


def refusal(environ):
    with pytest.raises(ConfigError) as refused:
        Settings.read(environ)
    return str(refused.value)


def test_a_developer_needs_no_settings_and_a_production_shop_four(environ, live):
    settings = Settings.read(environ)

    assert not settings.production
    assert settings.shop_url == "http://127.0.0.1:8000"
    assert settings.chpter_url == "https://chpter.co"
    assert settings.database_url == f"sqlite:///{environ['INSTANCE_PATH']}/shop.db"
    assert Settings.read(live).production


WRONG = {
    "SHOP_URL": (
        *("shop.example.co.ke", "ftp://shop.example.co.ke", "https://", "https://user:pw@shop.example.co.ke"),
        *("https://@shop.example.co.ke", "https://shop.example.co.ke/shop", "https://shop.example.co.ke?x=1"),
        *("https://shop.example.co.ke:99999", "https://shop example", "https://shop;script-src *", "https://[::1"),
    ),
    "SHOP_NAME": ("Mko\nno",),
    "SHOP_PHONE": ("0712 345 678",),
    "SHOP_WHATSAPP": ("+254712345678",),
    "SHOP_EMAIL": ("merchant", "a@b.co, c@d.co", "Shop <a@b.co>"),
    "DATABASE_URL": ("mysql://db/shop", "postgresql://user:hunter2@host:port/shop"),
    "INSTANCE_PATH": ("/dev/null/instance",),
    "ORDER_HOLD_MINUTES": ("0", "1441", "half an hour", "-5", "３０"),
    "MPESA_LIMIT": ("0",),
    "CHPTER_URL": ("chpter.co", "http://chpter.co", "https://chpter.co/api"),
    "CHPTER_TOKEN": ("two words", "töken"),
    "CHPTER_DOMAIN": ("my shop",),
    "CHPTER_LINK_HOSTS": ("https://chpter.co", "*", "chpter.co; script-src *", ",", "."),
    "CHPTER_CARD_PAID_FALSE": ("yes",),
    "SMTP_PORT": ("0", "65536"),
    "SMTP_SECURITY": ("ssl",),
    "MAIL_FROM": ("Shop <shop@example.com>",),
    "WEB_THREADS": ("0",),
    "TRUSTED_PROXIES": ("many",),
    "RATELIMIT_ENABLED": ("yes",),
    "RATELIMIT_STORAGE": ("memcached://127.0.0.1",),
}
WRONG_IN_PRODUCTION = {
    "SECRET_KEY": ("", "short", STRONG[:31], "a" * 64, EXAMPLE_SECRET),
    "SECRET_KEY_FALLBACKS": (EXAMPLE_SECRET, f"{STRONG}x,short"),
    "CHPTER_TOKEN": ("", "   "),
    "CHPTER_DOMAIN": ("",),
    "CHPTER_URL": (
        *("http://127.0.0.1:8001", "http://localhost:8001", "https://127.0.0.2", "https://[::1]"),
        "http://sandbox.example",
    ),
}


def pairs(table):
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), pairs(WRONG))
def test_a_wrong_setting_stops_the_start_with_one_sentence_that_names_it(environ, name, value):
    words = refusal({**environ, name: value})

    assert words.startswith(name)
    assert words.endswith(".")
    assert "\n" not in words
    assert not re.search(r"[.!?] [A-Z]", words), "more than one sentence"
    assert "hunter2" not in words


def test_an_smtp_host_requires_a_sender_address_and_redis_its_package(environ, monkeypatch):
    monkeypatch.setattr("shop.config.find_spec", lambda name: None)

    assert refusal({**environ, "SMTP_HOST": "mail.example.com"}).startswith("MAIL_FROM is missing")
    assert refusal({**environ, "RATELIMIT_STORAGE": "redis://127.0.0.1"}).startswith("RATELIMIT_STORAGE")


@pytest.mark.parametrize(("name", "value"), pairs(WRONG_IN_PRODUCTION))
def test_a_production_shop_refuses_a_setting(live, name, value):
    assert refusal({**live, name: value}).startswith(name)


def test_the_example_secret_is_the_one_that_is_refused():
    example = dict(
        line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if line and line[0] != "#"
    )

    assert example["SECRET_KEY"] == EXAMPLE_SECRET


@pytest.mark.parametrize("spelling", ["HTTPS://shop.example.co.ke", "https://Shop.Example.co.ke:443/"])
def test_an_address_is_stored_as_browsers_spell_it(live, spelling):
    settings = Settings.read({**live, "SHOP_URL": spelling})

    assert settings.production
    assert settings.shop_url == "https://shop.example.co.ke"


@pytest.mark.parametrize("url", ["postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"])
def test_every_spelling_of_a_postgresql_url_is_accepted(environ, url):
    assert Settings.read({**environ, "DATABASE_URL": url}).database_url == "postgresql+psycopg://u:p@h/d"


def test_secrets_stay_out_of_the_repr(live):
    secrets = {
        "SECRET_KEY": "S1" + STRONG,
        "SECRET_KEY_FALLBACKS": "S2" + STRONG,
        "CHPTER_TOKEN": "S3-token",
        "SMTP_PASSWORD": "S4-password",
        "DATABASE_URL": "postgresql://user:S5-password@host/shop",
    }

    shown = repr(Settings.read({**live, **secrets}))

    assert "chpter.co" in shown
    for secret in ("S1", "S2", "S3", "S4", "S5"):
        assert secret not in shown


def test_a_missing_secret_key_is_generated_once_and_readable_by_its_owner_only(environ):
    first, second = Settings.read(environ), Settings.read(environ)

    kept = Path(environ["INSTANCE_PATH"]) / "secret_key"
    assert first.secret_key == second.secret_key == kept.read_text()
    assert len(first.secret_key) >= 32
    assert kept.stat().st_mode & 0o077 == 0
    assert [file.name for file in kept.parent.iterdir()] == ["secret_key"]
    kept.write_text("half a k")
    assert "SECRET_KEY" in refusal(environ)


def test_a_command_of_a_misconfigured_shop_prints_one_sentence_and_no_traceback(environ):
    env = {**os.environ, **environ, "SHOP_URL": "https://shop.example.co.ke", "SECRET_KEY": ""}
    command = [Path(sys.executable).parent / "flask", "--app", "wsgi", "stock", "list"]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=30)

    assert run.returncode != 0
    assert "The shop cannot start: SECRET_KEY is missing;" in run.stderr
    assert "config.py" not in run.stderr
