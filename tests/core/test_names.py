"""Names of persons: real names are accepted; links, numbers and invisible characters are refused."""

import pytest

from shop.core.text import name_problem, trimmed

REAL = (
    *("J. K. Otieno", "J.K. Otieno", "J.K.Otieno", "St. Mary's", "Wanjiku jr.", "Dr. Njeri", "Prof. W. M."),
    *("H.E. Ruto", "O'Brien", "Ng'ang'a", "Anne-Marie", "Mwangi (Tom)", "Mary, Otieno & Sons Ltd.", "No. 12 Shop"),
    *("Class of 2026, Form 4", "Kamau... Njoroge", "Wanjirũ 🧺 “Njeri”", "José", "李小龍", "نازنین\u200cزهرا"),
    *("ශ\u0dca\u200dර\u0dd3", "👩🏾\u200d🌾 Farm"),
)
MESSAGES = (
    *("You won KSh 5000, claim at bit.ly/mkono-5000", "Safaricom: reverse at safaricom-help.co.ke/r", "evil.example"),
    *("https://x", "www.evil", "x.com", "t.co/x", "t.me", "mail a@evil.com", "(evil.com)", "evil.com!"),
    *("evil.com:80/x", "evil\u3002example", "evil\uff0eexample", "свой.рф", "evil.xn--p1ai", "1.2.3.4"),
    "Mary.Wanjiku",
)
UNSEEN = (
    *("ww\u200bw.evil.example", "http:\u200b//evil.example", "e\u00advil", "a\u200db", "x\u202ey", "\u3164"),
    "a\ufeffb",
)


@pytest.mark.parametrize("name", REAL)
def test_a_real_name_is_accepted(name):
    assert name_problem(name) is None


@pytest.mark.parametrize("name", MESSAGES)
def test_a_web_address_in_a_name_is_refused(name):
    assert "without a web address" in name_problem(name)


@pytest.mark.parametrize(
    "name", ["Send money to 0711222333 now", "0711 222 333", "Call (071) 122-2333", "٠٧١١٢٢٢٣٣٣", "\uff10711222333"]
)
def test_a_phone_number_in_a_name_is_refused(name):
    assert "without a phone number" in name_problem(name)


@pytest.mark.parametrize("name", UNSEEN)
def test_invisible_characters_in_a_name_are_refused(name):
    assert "cannot be seen" in name_problem(name)


def test_invisible_characters_at_the_ends_of_a_name_are_removed():
    assert trimmed("\u202aMary Wanjiku\u202c \ufeff") == "Mary Wanjiku"
    assert trimmed("\u200b \u2060") == ""
