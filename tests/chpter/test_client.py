"""Opening a session, at a provider that answers and at one that misbehaves in every way it can."""

import time
from decimal import Decimal

import pytest

from shop.chpter import (
    ERROR_TEXTS,
    ChpterClient,
    ChpterError,
    Customer,
    HttpError,
    NotConfigured,
    WrongRequest,
)
from tests.chpter.examples import CALLBACK_URL, TOKEN, client_for, session_request
from tests.provider import Provider
from tests.provider_behaviours import DIALECTS, FAULTS, UNSAID

CODES = {
    "unreachable": ("refused", "reset", "closed", "garbage", "long_header", "many_headers"),
    "http_error": (*(f"http_{status}" for status in (400, 402, 404, 422, 500, 502, 504)),),
    "too_many_requests": ("http_429",),
    "conflict": ("http_409",),
    "unavailable": ("http_503",),
    "refused_credentials": ("http_401", "http_403", "credentials"),
    "unreadable_reply": (
        *("http_204", "html", "empty", "truncated", "half_json", "list", "null", "charset", "latin_1", "nul"),
        *("two_objects", "two_links", "deep", "bad_gzip", "bad_chunk", "bad_length"),
    ),
    "too_large": ("huge", "huge_chunk", "gzip_bomb"),
    "timeout": ("slow", "stalled", "informed", "drip_headers", "drip_body"),
    "redirected": ("redirect", "redirect_301", "redirect_307", "redirect_off_host", "redirect_huge", "redirect_round"),
    "wrong_order_id": ("wrong_order_id", "missing_order_id", "padded_order_id"),
    "no_link": ("missing_link",),
    "status_false": ("status_false", "status_zero", "status_400"),
    "unsafe_link": tuple(name for name in FAULTS if name.startswith("link_")),
}
CODE_OF = {fault: code for code, faults in CODES.items() for fault in faults}


def test_a_session_is_asked_for_once_with_the_documented_headers_and_body():
    with Provider() as provider:
        session = client_for(provider.url).open_session(session_request())

    (asked,) = provider.requests
    assert session.checkout_link == f"{provider.url}/checkout.sessions/hosted/session/123"
    assert asked.path == "/checkout.sessions/hosted/redirect/session"
    assert asked.headers["authorization"] == f"Token {TOKEN}"
    assert asked.headers["domain"] == "https://www.example.co.ke"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == session_request().body()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_time_as_an_error_with_a_name(fault):
    with Provider(fault, pause=0.05) as provider:
        started = time.monotonic()
        with pytest.raises(ChpterError) as caught:
            client_for(provider.url).open_session(session_request())
        took = time.monotonic() - started

    assert caught.value.code == CODE_OF[fault]
    assert took < 1.5
    assert len(provider.requests) == (0 if fault == "refused" else 1)
    assert provider.pages_opened == []
    for secret in (TOKEN, UNSAID, CALLBACK_URL, "John", "254700123123", "johndoe"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_success_is_a_success_in_every_way_chpter_is_known_to_say_it(dialect):
    with Provider(dialect) as provider:
        assert client_for(provider.url).open_session(session_request()).checkout_link.startswith(provider.url)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_id": "123"}, "amount.order_id"),
        ({"order_id": True}, "amount.order_id"),
        ({"order_id": 0}, "amount.order_id"),
        ({"total": 0}, "amount.total"),
        ({"total": -5}, "amount.total"),
        ({"total": 1500.0}, "amount.total"),
        ({"total": Decimal(1500)}, "amount.total"),
        ({"total": "1500"}, "amount.total"),
        ({"delivery_fee": None}, "amount.delivery_fee"),
        ({"discount_fee": -1}, "amount.discount_fee"),
        ({"currency": "KSHS"}, "amount.currency"),
        ({"customer": Customer("", "254700123123", "jo@mail.com")}, "customer_details.full_name"),
        ({"customer": Customer("Jo", "0712345678", "jo@mail.com")}, "customer_details.phone_number"),
        ({"customer": Customer("Jo", "+254712345678", "jo@mail.com")}, "customer_details.phone_number"),
        ({"customer": Customer("Jo", "254700123123", "")}, "customer_details.email"),
        ({"customer": Customer("Jo", "254700123123", "jo@mail.com", None)}, "customer_details.location"),
        ({"callback_url": "/chpter/callbacks/secret"}, "redirect_urls.callback_url"),
    ],
)
def test_a_wrong_request_is_told_by_field_and_cure_before_anything_is_sent(changes, field):
    with Provider() as provider:
        client = client_for(provider.url)
        for _ in range(6):
            with pytest.raises(WrongRequest) as caught:
                client.open_session(session_request(**changes))

        assert provider.requests == []
        assert client.open_session(session_request()), "the caller's mistakes do not count against the provider"
    assert isinstance(caught.value, ValueError)
    assert caught.value.field == field
    assert str(caught.value) == f"{field} {caught.value.cure}."
    assert CALLBACK_URL not in str(caught.value)


def test_every_error_says_whether_the_same_request_may_be_sent_again():
    safe = {kind.code for kind in ChpterError.__subclasses__() if kind is not HttpError and kind().safe_to_retry}

    assert safe == {
        *("not_configured", "busy", "breaker_open", "refused_credentials", "too_many_requests", "unavailable"),
    }
    assert HttpError(422).safe_to_retry and not HttpError(502).safe_to_retry


def test_proxies_and_credentials_of_the_environment_are_ignored(monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Provider() as provider:
        client_for(provider.url).open_session(session_request())

    assert provider.requests[0].headers["authorization"] == f"Token {TOKEN}"


@pytest.mark.parametrize(
    ("token", "domain"),
    [("", "shop.example"), ("token", ""), ("to ken", "shop.example"), ("token", "a\r\nb: c")],
)
def test_without_usable_credentials_nothing_is_sent(token, domain):
    with Provider() as provider, pytest.raises(NotConfigured):
        ChpterClient(provider.url, token, domain, []).open_session(session_request())

    assert provider.requests == []


@pytest.mark.parametrize("url", ["http://chpter.co", "ftp://127.0.0.1", "chpter.co", "", "http://127.0.0.1@chpter.co"])
def test_a_client_that_would_send_the_token_in_the_clear_is_not_made(url):
    with pytest.raises(ValueError):
        ChpterClient(url, TOKEN, "shop.example", [])


def test_a_client_in_a_log_shows_no_token():
    client = client_for("https://chpter.co/")

    assert repr(client) == "<ChpterClient https://chpter.co:443>"


def test_every_error_has_a_code_and_a_text_of_its_own():
    kinds = ChpterError.__subclasses__()

    assert sorted(kind.code for kind in kinds) == sorted(ERROR_TEXTS)
    assert len(set(ERROR_TEXTS.values())) == len(kinds)
    for kind in kinds:
        words = str(kind(503)) if kind.code == "http_error" else str(kind())
        assert words.endswith(".")
