"""Keys of the rate limits: the same for every spelling, and bounded in length and number."""

import pytest
from limits import parse

from shop.cart.current_cart import WRONG_CODES
from shop.web.extensions import bucket, client_address, limiter
from tests.admin_client import AdminClient, create_owner
from tests.figures import size
from tests.shopper import SKU, Shopper, hidden_fields
from tests.urls import address_of

REQUESTS = size(40, 4000)


@pytest.fixture
def settings(settings):
    return {**settings, "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("41.90.64.1", "41.90.64.1"),
        ("41.90.64.1:5678", "41.90.64.1"),
        ("::ffff:41.90.64.1", "41.90.64.1"),
        ("2c0f:fe38:2405:9a5c::1", "2c0f:fe38:2405:9a5c::/64"),
        ("2C0F:FE38:2405:9A5C:ffff:ffff:ffff:ffff", "2c0f:fe38:2405:9a5c::/64"),
        ("[2c0f:fe38:2405:9a5c::2]:443", "2c0f:fe38:2405:9a5c::/64"),
        ("2c0f:fe38:2405:9a5d::1", "2c0f:fe38:2405:9a5d::/64"),
        ("unknown", bucket("unknown")),
        ("x" * 4000, bucket("x" * 4000)),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(app, address, counted):
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert client_address() == counted


def test_a_typed_text_is_one_of_65536_keys():
    keys = {bucket(f"text {number}") for number in range(500)} | {bucket("x" * 100_000), bucket("\ud800")}

    assert {len(key) for key in keys} == {4}


def posted_to(app, typed):
    """The addresses of the shop's forms with `typed` in the place of each variable but a number."""
    return [
        address_of(app, rule, dict.fromkeys(rule.arguments, typed))
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods and rule.arguments and not rule.endpoint.startswith("admin.")
    ]


def long_requests(app, provider):
    """Requests with long new texts, for each rate-limited address."""
    shopper = Shopper(app, provider)
    shopper.add()
    visitor = Shopper(app, provider)
    sign_in = hidden_fields(visitor.get("/admin/sign-in").text)
    for number in range(REQUESTS):
        junk = f"{number}-{'x' * 3800}"
        digits = f"{number:08d}"
        for address in posted_to(app, junk):
            shopper.browser.post(address, data={"code": junk})
        shopper.browser.post("/orders/find", data={"order_number": f"{digits}{junk}", "phone_number": "0712345678"})
        shopper.browser.get(f"/c/{junk}")
        shopper.browser.post("/cart/update", data={"code": junk})
        shopper.browser.post("/checkout", data={"code": junk})
        shopper.browser.post("/cart/add", data={"sku": junk, "quantity": junk})
        visitor.browser.post("/admin/sign-in/forgotten", data={**sign_in, "email": f"{junk}@example.com"})
        visitor.browser.post("/admin/sign-in", data={**sign_in, "email": f"{junk}@example.com", "password": junk})
        visitor.browser.post("/admin/account/two-factor", data={"code": junk})


def test_typed_texts_do_not_increase_the_limiters_memory(app, provider):
    with app.app_context():
        kept = limiter.storage.storage
        kept.clear()
    long_requests(app, provider)

    asked = [key for key in kept if "lookup" in key]
    assert len(kept) - len(asked) <= 20, sorted(kept)
    assert len(asked) <= min(REQUESTS, 600) + 1, "one for each order number, as many as one address may look up"
    assert max(len(key) for key in kept) < 150


def test_lookups_of_one_order_are_counted_in_any_spelling_of_its_number(shopper):
    spellings = ["12345678", "1234 5678", "1234-5678", "#12345678", "No 12345678", "Order 1234 5678", " 12345678 "]
    form = hidden_fields(shopper.get("/orders/find").text)
    replies = [
        shopper.post("/orders/find", {**form, "order_number": text, "phone_number": "0712345678"}).status_code
        for text in (*spellings, *spellings)
    ]

    assert replies == [200] * 10 + [429] * 4


def test_requests_of_one_network_are_counted_together(shopper):
    page = "/admin/sign-in/forgotten"
    form = hidden_fields(shopper.get(page).text)
    replies = []
    for number in range(1, 23):
        typed = {**form, "email": f"guess{number}@example.com"}
        network = {"X-Forwarded-For": f"2c0f:fe38:2405:9a5c::{number:x}"}
        replies.append(shopper.post(page, typed, headers=network).status_code)

    assert replies == [303] * 20 + [429] * 2


class TestDiscountCodes:
    """Wrong codes are limited, in the cart and at the checkout."""

    @pytest.fixture(autouse=True)
    def few(self, monkeypatch):
        """The limit of an address is 300, which would be many requests."""
        assert parse("300 per hour") == WRONG_CODES
        monkeypatch.setattr("shop.cart.current_cart.WRONG_CODES", parse("4 per hour"))

    def test_after_many_wrong_codes_none_is_looked_at(self, shopper):
        shopper.add(SKU)
        for number in range(2):
            shopper.post("/cart/update", {"code": f"GUESS{number}"})
            shopper.post("/checkout", {"code": f"CHANCE{number}", "apply": "code"})
        cart = shopper.post("/cart/update", {"code": "KARIBU10"})
        page = shopper.get("/cart").text
        checkout = shopper.post("/checkout", {"code": "KARIBU10", "full_name": "Achieng Otieno"})

        assert cart.status_code == 303 and "Too many wrong discount codes" in page
        assert checkout.status_code == 200 and "Too many wrong discount codes" in checkout.text
        assert 'value="Achieng Otieno"' in checkout.text and "KARIBU10" in checkout.text
        assert "-KSh" not in page + checkout.text, "a right one is not looked at either"

    def test_wrong_codes_in_links_count_too(self, shopper):
        replies = [shopper.get(f"/d/GUESS{number}").status_code for number in range(6)]

        assert replies == [404] * 4 + [429] * 2
        assert shopper.get("/d/KARIBU10").status_code == 429, "a right one is not looked at either"

    def test_in_the_admin_they_are_limited_by_account(self, app, provider):
        create_owner(app)
        owner = AdminClient(app, provider)
        owner.sign_in()
        form = hidden_fields(owner.get("/admin/orders/new").text)
        tried = [
            owner.post("/admin/orders/new", {**form, "code": f"GUESS{number}", "show": "1"}).status_code
            for number in range(30)
        ]
        refused = owner.post("/admin/orders/new", {**form, "code": "KARIBU10", "full_name": "Achieng", "show": "1"})
        without = owner.post("/admin/orders/new", {**form, "code": "", "show": "1"})

        assert 429 not in tried
        assert refused.status_code == 429 and "were typed from your account" in refused.text
        assert 'value="Achieng"' in refused.text and "-KSh" not in refused.text
        assert without.status_code == 200
        assert Shopper(app).post("/cart/update", {"code": "KARIBU10"}).status_code == 303

    def test_a_right_code_and_one_code_kept_in_the_cart_are_not_counted(self, shopper):
        shopper.add(SKU)
        for _ in range(40):
            shopper.post("/cart/update", {"code": "WRONG"})
        for code in ("KARIBU10", "ASANTE500") * 20:
            shopper.post("/cart/update", {"code": code})
            assert "Too many" not in shopper.get("/cart").text
