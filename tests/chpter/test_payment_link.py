"""Where a buyer may be sent."""

import pytest

from shop.chpter import UnsafeLink
from shop.chpter.payment_link import is_loopback, origin_of, origin_text, safe_link

OWN = ("https", "chpter.co", 443)
HOSTS = ["chpter.co", ".pay.example"]
SANDBOX = ("http", "127.0.0.1", 8001)


@pytest.mark.parametrize(
    "link",
    [
        "https://chpter.co/checkout.sessions/hosted/session/R8K7iFxrN3CW6r0cKu",
        "https://CHPTER.co/session/a?b=c&d=%20#e",
        "https://chpter.co:443/session/a",
        "https://pay.example/a",
        "https://checkout.pay.example/a",
        "https://a.b.pay.example/a",
    ],
)
def test_a_plain_link_to_an_allowed_host_is_used(link):
    assert safe_link(link, OWN, HOSTS) == link


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://chpter.co/",
        "data:text/html,<h1>pay</h1>",
        "http://chpter.co/session/a",
        "ftp://chpter.co/session/a",
        "//evil.example/session/a",
        "//chpter.co/session/a",
        "/session/a",
        "https:/chpter.co/session/a",
        "https:chpter.co/session/a",
        "https:///chpter.co/session/a",
        "https://chpter.co.evil.example/session/a",
        "https://evilchpter.co/session/a",
        "https://evilpay.example/session/a",
        "https://chpter.co./session/a",
        "https://checkout.chpter.co/session/a",
        "https://chpter.co@evil.example/session/a",
        "https://user:word@chpter.co/session/a",
        "https://@chpter.co/session/a",
        "https://evil.example\\@chpter.co/session/a",
        "https://chpter.co\\.evil.example/session/a",
        "https://chpter.co:8443/session/a",
        "https://chpter.co:/session/a",
        "https://chpter.co:99999999/session/a",
        "https://chpter.co:４４３/session/a",
        "https://127.0.0.1/session/a",
        "https://[::1]/session/a",
        "https://[chpter.co]/session/a",
        "https://chpter.co]/session/a",
        "https://chpter%2eco/session/a",
        "https://chpter.co/session/a\r\nSet-Cookie: a=b",
        "https://chpter.co/session/\n",
        "https://chpter.co/session/\ta",
        " https://chpter.co/session/a",
        "https://chpter.co/session/a b",
        "https://chpter.co/session/\x00",
        "https://chpter.co/session/é",
        "https://сhpter.co/session/a",
        "https://chpter。co/session/a",
        "https://chpter.co/" + "a" * 5000,
    ],
)
def test_any_other_link_is_refused(link):
    with pytest.raises(UnsafeLink):
        safe_link(link, OWN, HOSTS)


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://Checkout.Paystack.com/abc", "checkout.paystack.com"),
        ("http://chpter.co/abc", "http://chpter.co:80"),
        ("https://chpter.co:8443/abc", "https://chpter.co:8443"),
        ("javascript:alert(1)", ""),
        ("https://" + "a" * 900 + ".example/", "a" * 253),
    ],
)
def test_a_refused_link_names_its_host_in_ascii(link, host):
    with pytest.raises(UnsafeLink) as caught:
        safe_link(link, OWN, HOSTS)

    assert caught.value.host == host


def test_the_longest_link_has_2048_characters():
    start = "https://chpter.co/"

    assert safe_link(start + "a" * (2048 - len(start)), OWN, HOSTS)
    with pytest.raises(UnsafeLink):
        safe_link(start + "a" * (2049 - len(start)), OWN, HOSTS)


def test_the_sandbox_may_link_to_itself_and_to_no_other_port():
    assert safe_link("http://127.0.0.1:8001/session/a", SANDBOX, [])
    for other in (
        "http://127.0.0.1:8002/a",
        "http://127.0.0.1/a",
        "http://localhost:8001/a",
        "https://127.0.0.1:8001/a",
    ):
        with pytest.raises(UnsafeLink):
            safe_link(other, SANDBOX, [])


def test_the_provider_itself_may_use_the_port_it_was_asked_on():
    assert safe_link("https://chpter.example:8443/a", ("https", "chpter.example", 8443), [])


@pytest.mark.parametrize("entry", ["", ".", " ", "co", ".hpter.co", "*.chpter.co", "https://chpter.co"])
def test_a_careless_entry_in_the_list_allows_nothing_more(entry):
    with pytest.raises(UnsafeLink):
        safe_link("https://chpter.co/a", ("https", "other.example", 443), [entry])


def test_which_hosts_are_this_machine():
    assert all(is_loopback(host) for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"))
    assert not any(is_loopback(host) for host in ("chpter.co", "localhost.evil.example", "10.0.0.1", "0.0.0.0", ""))


def test_an_origin_is_written_as_browsers_write_it():
    assert origin_of("HTTP://[::1]:8001/a") == ("http", "::1", 8001)
    assert origin_text("http://[::1]:8001/a") == "http://[::1]:8001"
    assert origin_text("https://Shop.example:443/a?b") == "https://shop.example"
    with pytest.raises(ValueError):
        origin_text("shop.example")
