"""The Host header: in production only the shop's own host and localhost are accepted."""

from itertools import product
from urllib.parse import urlsplit

import pytest

from shop import create_app
from shop.config import ConfigError
from shop.orders.models import OrderEvent
from shop.payments.models import CallbackRecord, UnmatchedCallback
from tests.ledger_reader import Ledger
from tests.query_counter import counted
from tests.web.test_security_headers import check_strict

SHOP = "shop.example.co.ke"
OURS = (SHOP, f"{SHOP}:443", SHOP.upper(), "localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000")
FOREIGN = (
    *("evil.example", f"{SHOP}.evil.example", f"evil{SHOP}", f"www.{SHOP}", f"{SHOP}.", f"{SHOP}:80", f"{SHOP}:8443"),
    *(f"{SHOP}@evil.example", f"evil.example@{SHOP}", f"{SHOP},evil.example", f"{SHOP}/", f"{SHOP}:", ":443"),
    *("localhost.evil.example", "localhost:evil", "127.0.0.1.evil.example", "127.0.0.2", "[::2]", "::1", "0.0.0.0"),
    *("", "x" * 300, "x..y", "[::1", "a b", "\xe9", f"{SHOP}\x00"),
)


@pytest.fixture
def live(settings):
    """A function that makes https shops on the same database."""

    def make(shop_url=f"https://{SHOP}", **changes):
        return create_app({**settings, "SHOP_URL": shop_url, "CHPTER_URL": "https://chpter.co", **changes})

    return make


def asked(app, host, path="/healthz", method="GET", **options):
    """Send a request with this Host header."""
    return app.test_client().open(path, method=method, headers={"Host": host, **options.pop("headers", {})}, **options)


def test_the_shops_address_and_localhost_are_accepted(live):
    app = live()

    assert {host: asked(app, host).status_code for host in OURS} == dict.fromkeys(OURS, 200)


def test_another_host_is_refused_with_a_page_that_does_not_name_it(live):
    app = live()
    for host, path in product(FOREIGN, ("/", "/healthz", "/admin/", "/no-such-page", "/static/img/logo.svg")):
        reply = asked(app, host, path)

        assert reply.status_code == 400, (host, path)
        assert "Wrong address" in reply.text
        assert "evil" not in f"{reply.text}{reply.headers}"
        assert "Set-Cookie" not in reply.headers
        check_strict(reply, path, https=True)


def test_a_callback_for_another_host_changes_nothing(app, live, shopper):
    bought, shop, ledger = shopper.buy(), live(), Ledger(app)
    events, said = ledger.count(OrderEvent), set()
    asked(shop, "evil.example")  # fills the process's cache of the page's texts
    with counted(shop) as queries:
        for path in (bought.callback_path, bought.callback_path[:-1], "/chpter/callbacks/guess", "/cart/add"):
            for method in ("POST", "GET"):
                reply = asked(shop, "evil.example", path, method, json=bought.callback())
                said.add((reply.status_code, reply.data))

    assert [status for status, _ in said] == [400]
    assert queries == []
    assert ledger.count(CallbackRecord) == ledger.count(UnmatchedCallback) == 0
    assert ledger.count(OrderEvent) == events
    assert bought.status["payment"] == "awaiting"

    assert asked(shop, SHOP, bought.callback_path, "POST", json=bought.callback()).status_code == 200
    assert bought.status["payment"] == "paid"


def test_forwarded_host_headers_are_ignored(live):
    for proxies in ("0", "1", "2"):
        claimed = {"X-Forwarded-Host": SHOP, "Forwarded": f"host={SHOP}"}
        assert asked(live(TRUSTED_PROXIES=proxies), "evil.example", headers=claimed).status_code == 400
        claimed = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "81"}
        assert asked(live(TRUSTED_PROXIES=proxies), SHOP, headers=claimed).status_code == 200


@pytest.mark.parametrize("shop_url", [f"https://{SHOP}:8443", "https://[2001:db8::1]", "https://[2001:db8::1]:8443"])
def test_a_shop_accepts_only_its_own_address_and_port(live, shop_url):
    app, host = live(shop_url), urlsplit(shop_url).netloc

    assert asked(app, host).status_code == 200
    for other in (f"{host}0", host.removesuffix(":8443") + ":444", "[2001:db8::2]"):
        assert asked(app, other).status_code == 400


@pytest.mark.parametrize("host", ["192.168.1.7:8000", "my-machine.local", "evil.example"])
def test_outside_production_any_host_is_accepted(app, host):
    assert asked(app, host).status_code == 200
    added = {"data": {"sku": "KIO-CLA-TER"}, "headers": {"Origin": f"http://{host}"}}
    assert asked(app, host, "/cart/add", "POST", **added).status_code == 303


def test_in_production_forms_come_from_the_shops_https_address_alone(live):
    app = live()
    foreign = (f"http://{SHOP}", f"https://{SHOP}:8443", "http://localhost:8000")
    for host in (SHOP, "localhost:8000"):
        for origin in (f"https://{SHOP}", *foreign):
            reply = asked(app, host, "/cart/add", "POST", data={"sku": "KIO-CLA-TER"}, headers={"Origin": origin})

            assert reply.status_code == (403 if origin in foreign else 303), (host, origin)


OLD = "old.example.co.ke"


def test_after_a_move_a_callback_to_the_old_address_is_settled(live, shopper):
    bought = shopper.buy()
    shop = live(SHOP_OLD_URLS=f"https://{OLD}, http://{OLD}:8080")

    reply = asked(shop, OLD, bought.callback_path, "POST", json=bought.callback())

    assert reply.status_code == 200
    assert bought.status["payment"] == "paid"
    assert asked(shop, OLD, "/chpter/callbacks/guess", "POST", json={}).status_code == 404
    assert asked(shop, f"www.{OLD}", bought.callback_path, "POST", json=bought.callback()).status_code == 400


def test_after_a_move_old_links_and_forms_redirect_to_their_pages(live, shopper):
    shop, path = live(SHOP_OLD_URLS=f"https://{OLD}"), shopper.buy().order_path
    for link in (path, "/products/classic-sisal-kiondo?from=mail", "/search?q=k%C4%A9kapu", "/"):
        reply = asked(shop, OLD, link)

        assert (reply.status_code, reply.location) == (301, f"https://{SHOP}{link}")
        check_strict(reply, link, https=True)
    forms = {f"{path}/pay": path, "/cart/add": "/cart", "/admin/orders/1/notes": "/admin/", "/x": "/"}
    for posted, page in forms.items():
        reply = asked(shop, OLD, posted, "POST", data={"sku": "KIO-CLA-TER"})

        assert (reply.status_code, reply.location) == (303, f"https://{SHOP}{page}")
        assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize(
    ("old", "said"),
    [("nonsense", "SHOP_OLD_URLS is not an address"), (f"https://a.example,https://{SHOP}", "SHOP_OLD_URLS holds the")],
)
def test_invalid_old_addresses_stop_the_start(live, old, said):
    with pytest.raises(ConfigError, match=said):
        live(SHOP_OLD_URLS=old)
