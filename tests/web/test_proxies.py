"""Who a request comes from: only as many proxies are believed as the settings name."""

import pytest
from flask import request

from shop import create_app

CLAIMED = "203.0.113.7, 198.51.100.9"  # the first is what a client says of itself, the last what the proxy adds


@pytest.mark.parametrize(
    ("proxies", "seen"), [("0", "127.0.0.1"), ("1", "198.51.100.9"), ("2", "203.0.113.7"), ("3", "127.0.0.1")]
)
def test_no_more_proxies_are_believed_than_there_are(settings, proxies, seen):
    app = create_app({**settings, "TRUSTED_PROXIES": proxies})
    app.add_url_rule("/who", "who", lambda: f"{request.remote_addr} {request.host}")
    headers = {"X-Forwarded-For": CLAIMED, "X-Forwarded-Host": "evil.example", "X-Real-IP": "203.0.113.7"}

    assert app.test_client().get("/who", headers=headers).text == f"{seen} localhost"
