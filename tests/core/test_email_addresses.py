"""Suggestions for mistyped email hosts, and none for rare hosts."""

import pytest

from shop.core.text import KNOWN_HOSTS, suggested_email

MISTYPED = {
    "gmail.con": "gmail.com",
    "gmial.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.cm": "gmail.com",
    "gmal.com": "gmail.com",
    "yaho.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "yahooo.com": "yahoo.com",
    "hotmail.cm": "hotmail.com",
    "hotmial.com": "hotmail.com",
    "outlok.com": "outlook.com",
    "icloud.con": "icloud.com",
}


@pytest.mark.parametrize(("typed", "meant"), MISTYPED.items())
def test_a_mistyped_host_gets_a_suggestion(typed, meant):
    assert suggested_email(f"wanjiru.k@{typed}") == f"wanjiru.k@{meant}"


@pytest.mark.parametrize(
    "host", [*KNOWN_HOSTS, "Gmail.com", "example.com", "students.uonbi.ac.ke", "kra.go.ke", "mkono.co.ke", "yandex.com"]
)
def test_a_host_that_may_exist_gets_no_suggestion(host):
    assert suggested_email(f"wanjiru.k@{host}") is None
