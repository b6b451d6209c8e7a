"""The password policy."""

import pytest

from shop.accounts.password_policy import weakness

EMAIL = "wanjiru.kamau@example.co.ke"


@pytest.mark.parametrize(
    "password",
    [
        *("password1234", "Password2026!", "P-a-s-s-w-o-r-d-1-2-3", "123456789012", "abcdefghijkl", "qwertyuiop123"),
        *("098765432109", "1q2w3e4r5t6y", "aaaaaaaaaaaa", "ababababababab", "wanjirukamau", "kamauwanjiru2026"),
        *("mpesanairobi254", "Nairobi Kenya 2026", "mkonomkono2026", "Njeri-njeri-njeri"),
    ],
)
def test_guessable_passwords_are_refused(password):
    assert "too easy to guess" in weakness(password, EMAIL, "Njeri", "Mkono")


@pytest.mark.parametrize(
    "password",
    [
        *("a long walk to Kisumu", "kettle bicycle mango thunder", "vitunguu-saba-na-nyanya-mbili"),
        *("Yz1fLk9_qWx-77Pq", "nataka chai ya maziwa", "мой дядя самых честных", "correct😀horse😀battery"),
        "x" * 3 + "plenty of other letters",
    ],
)
def test_strong_passwords_are_accepted(password):
    assert weakness(password, EMAIL, "Njeri", "Mkono") == ""


def test_long_passwords_are_checked_quickly():
    assert weakness("abcdefghijklmnopqrstuvwxyz" * 7, EMAIL)
