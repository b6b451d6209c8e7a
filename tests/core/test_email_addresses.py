"""Hosts that buyers mistype, and hosts that are only rare."""

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
def test_a_host_with_a_slip_in_it_is_named_right(typed, meant):
    assert suggested_email(f"wanjiru.k@{typed}") == f"wanjiru.k@{meant}"


@pytest.mark.parametrize(
    "host", [*KNOWN_HOSTS, "Gmail.com", "example.com", "students.uonbi.ac.ke", "kra.go.ke", "mkono.co.ke", "yandex.com"]
)
def test_a_host_that_may_exist_is_not_doubted(host):
    assert suggested_email(f"wanjiru.k@{host}") is None
