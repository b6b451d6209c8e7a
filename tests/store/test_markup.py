"""The owner's own texts: what the markup does, and that nothing else of it reaches the page."""

import pytest

from shop.store.markup import rendered


def test_the_markup_makes_headings_lists_emphasis_and_links():
    text = "# Returns\n\nWithin **7 days**,\n*unworn*.\n\n- by rider\n- [ask us](https://wa.me/254700000000)\n\n1. one"

    html = rendered(text)

    assert "<h2>Returns</h2>" in html
    assert "<strong>7 days</strong>,<br>\n<em>unworn</em>" in html
    assert '<li><a href="https://wa.me/254700000000" class="touch-link">ask us</a></li>' in html
    assert "<ol>" in html


@pytest.mark.parametrize("link", ["/pages/delivery", "mailto:duka@example.com", "tel:+254700000000", "http://x.test/"])
def test_links_to_pages_mail_and_phones_are_links(link):
    assert f'<a href="{link}">' in rendered(f"Please [go]({link})")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](//evil.example)",
        "[x](/\\evil.example)",
        "<javascript:alert(1)>",
        "![x](https://evil.example/pixel.png)",
        '[x](https://a.test "onclick=alert(1)")',
    ],
)
def test_nothing_else_reaches_the_page(text):
    html = rendered(text)

    assert not any(tag in html for tag in ("<script", "<img", 'href="java', 'href="data', 'href="//', 'href="/\\'))
