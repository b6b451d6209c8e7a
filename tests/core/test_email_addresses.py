"""Suggestions for mistyped email hosts, and none for rare hosts."""

import pytest

from shop.core.text import KNOWN_HOSTS, suggested_email

MISTYPED = {
    "gmail.com": ("gmail.con", "gmial.com", "gamil.com", "gmail.co", "gmail.cm", "gmal.com"),
    "yahoo.com": ("yaho.com", "yahoo.con", "yahooo.com"),
    "hotmail.com": ("hotmail.cm", "hotmial.com"),
    "outlook.com": ("outlok.com",),
    "icloud.com": ("icloud.con",),
}


@pytest.mark.parametrize(("typed", "meant"), [(typed, meant) for meant, all_ in MISTYPED.items() for typed in all_])
def test_a_mistyped_host_gets_a_suggestion(typed, meant):
    assert suggested_email(f"wanjiru.k@{typed}") == f"wanjiru.k@{meant}"


@pytest.mark.parametrize(
    "host", [*KNOWN_HOSTS, "Gmail.com", "example.com", "students.uonbi.ac.ke", "kra.go.ke", "mkono.co.ke", "yandex.com"]
)
def test_a_host_that_may_exist_gets_no_suggestion(host):
    assert suggested_email(f"wanjiru.k@{host}") is None
