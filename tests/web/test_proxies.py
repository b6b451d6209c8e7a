"""The client's address: only as many proxies are trusted as the settings say."""

import pytest
from flask import request

from shop import create_app

CLAIMED = "203.0.113.7, 198.51.100.9"  # the client sends the first, the proxy adds the last


@pytest.mark.parametrize(
    ("proxies", "seen"), [("0", "127.0.0.1"), ("1", "198.51.100.9"), ("2", "203.0.113.7"), ("3", "127.0.0.1")]
)
def test_only_the_configured_number_of_proxies_is_trusted(settings, proxies, seen):
    app = create_app({**settings, "TRUSTED_PROXIES": proxies})
    app.add_url_rule("/who", "who", lambda: f"{request.remote_addr} {request.host}")
    headers = {"X-Forwarded-For": CLAIMED, "X-Forwarded-Host": "evil.example", "X-Real-IP": "203.0.113.7"}

    assert app.test_client().get("/who", headers=headers).text == f"{seen} localhost"
