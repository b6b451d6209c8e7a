"""Whatever Chpter does wrong, the buyer is on the order's page within 12 seconds and can try again."""

import re
import time

import pytest

from shop import create_app
from shop.chpter import ChpterClient
from tests import both_databases
from tests.admin_client import AdminClient, create_owner
from tests.at_once import at_once
from tests.figures import size
from tests.provider import Provider
from tests.provider_behaviours import FAULTS, LASTING
from tests.shopper import SKU, Bought, Shopper, hidden_fields

DEADLINE = 1.0  # seconds, where the real ten would take too long
IN_FULL = ("slow", "drip_headers", "drip_body")  # are waited for as long as a buyer waits
UNSAID = ("evil.example", "javascript:", "Invalid authentication", "chpter.co/", "Traceback")


@pytest.fixture
def owner(app):
    """The merchant, who is told why no page was opened."""
    create_owner(app)
    merchant = AdminClient(app)
    assert merchant.sign_in().status_code == 303
    return merchant


@pytest.fixture
def calls(monkeypatch):
    """The seconds that each call to Chpter takes."""
    seconds: list[float] = []
    open_session = ChpterClient.open_session

    def timed(self, request):
        began = time.monotonic()
        try:
            return open_session(self, request)
        finally:
            seconds.append(time.monotonic() - began)

    monkeypatch.setattr(ChpterClient, "open_session", timed)
    return seconds


def with_deadline(app, provider: Provider, seconds: float) -> None:
    """Give the shop a new client, whose circuit breaker is closed."""
    settings = app.config["SETTINGS"]
    app.extensions["chpter"] = ChpterClient(
        provider.url, settings.chpter_token, settings.chpter_domain, settings.chpter_link_hosts, deadline=seconds
    )


def must_offer_another_try(shopper: Shopper, order_page: str) -> None:
    """The order's page says that nothing has been paid, offers another try, and repeats nothing of the provider's."""
    page = shopper.get(order_page)
    assert page.status_code == 200
    assert f'method="post" action="{order_page}/pay"' in page.text
    assert "Try again" in page.text
    assert "Nothing has been paid" in page.text
    assert not [unsaid for unsaid in UNSAID if unsaid in page.text]


def press_pay(shopper: Shopper, provider: Provider, fault: str) -> tuple[str, float]:
    """Press Pay while the provider has a fault: the address of the order's page and the seconds it took."""
    provider.behaviour, before = fault, len(provider.requests)
    shopper.add(SKU)
    form = shopper.fill_checkout()
    page = shopper.post("/checkout", form)  # shows the total, which is confirmed by pressing again
    began = time.monotonic()
    reply = shopper.post("/checkout", {**form, **hidden_fields(page.text)})
    seconds = time.monotonic() - began

    assert seconds < 12
    assert reply.status_code == 303
    assert re.fullmatch(r"/orders/[\w-]+", reply.headers["Location"])
    assert len(provider.requests) - before == (0 if fault == "refused" else 1)
    must_offer_another_try(shopper, reply.headers["Location"])
    return reply.headers["Location"], seconds


def try_again(shopper: Shopper, provider: Provider, order_page: str) -> Bought:
    provider.behaviour = "ok"
    reply = shopper.post(f"{order_page}/pay", {})
    assert reply.status_code == 303
    assert reply.headers["Location"].startswith(provider.url)
    return Bought(shopper, reply.headers["Location"])


@both_databases
def test_every_fault_ends_on_the_order_page_with_a_way_to_try_again(
    app, shopper, provider, ledger, owner, calls, answers, reached
):
    ledger.shelve(SKU, len(FAULTS) + 10)
    for number, fault in enumerate(FAULTS):
        with_deadline(app, provider, DEADLINE)
        asked_before = len(provider.requests)
        order_page, _ = press_pay(shopper, provider, fault)

        assert ledger.stock(SKU) == (len(FAULTS) + 10 - number, 1), fault
        assert shopper.get(f"{order_page}/status").json["attempt"] == "create_failed", fault
        if fault not in LASTING:
            assert shopper.post(f"{order_page}/pay", {}).headers["Location"] == order_page, fault
            must_offer_another_try(shopper, order_page)
        with_deadline(app, provider, 10)
        bought = try_again(shopper, provider, order_page)
        assert owner.get(f"/admin/orders/{ledger.column('number', bought)}").status_code == 200, fault
        assert ledger.warnings(bought)[0].startswith("No payment page could be opened ("), fault

        bodies = [request.body for request in provider.requests[asked_before:]]
        assert len({body["amount"]["order_id"] for body in bodies}) == len(bodies), fault
        assert len({body["redirect_urls"]["callback_url"] for body in bodies}) == len(bodies), fault
        bought.post_callback(bought.callback())
        assert bought.status == {"payment": "paid", "attempt": "paid", "fulfilment": "unfulfilled"}, fault

    assert max(answers.statuses) < 500
    assert max(calls) < DEADLINE + size(2_000, 500) / 1_000
    reached(
        f"A provider that misbehaves in {len(FAULTS)} ways",
        f"0 of 5xx, 0 redirects off the list, each ends on a page with a way on; {len(calls)} calls, the longest "
        f"{max(calls):.2f} s with a deadline of {DEADLINE:.0f} s; no token in {answers.statuses.total():,} answers",
    )


def test_faults_without_end_end_after_ten_seconds(app, ledger, provider, settings):
    def in_a_shop_of_its_own(fault: str) -> float:
        with Provider(fault) as slow:
            buyer = Shopper(create_app({**settings, "CHPTER_URL": slow.url}), slow)
            order_page, seconds = press_pay(buyer, slow, fault)
            try_again(buyer, slow, order_page)
            return seconds

    on_hand, held = ledger.stock(SKU)
    seconds = at_once([lambda fault=fault: in_a_shop_of_its_own(fault) for fault in IN_FULL])

    assert all(9.5 < one < 15 for one in seconds)
    assert ledger.stock(SKU) == (on_hand, held + len(IN_FULL))


def test_while_a_payment_page_is_being_opened_the_order_says_so_and_others_are_served(app, shopper, provider):
    with_deadline(app, provider, 1.5)
    bought = shopper.buy()
    bought.post_callback(bought.failure())
    provider.behaviour = "slow"
    pay = f"{bought.order_path}/pay"
    seen, seconds = [], []

    def look():
        time.sleep(0.4)
        seen.append(Shopper(app).get(bought.order_path).text)
        seen.append(app.test_client().post(pay).headers["Location"])
        for _ in range(5):
            began = time.monotonic()
            assert app.test_client().get("/").status_code == 200
            assert Shopper(app).add(SKU).status_code == 303
            seconds.append(time.monotonic() - began)

    at_once([lambda: app.test_client().post(pay), look])

    assert "We are opening the payment page." in seen[0]
    assert seen[1] == bought.order_path
    assert len(provider.requests) == 2
    assert max(seconds) < 1


def test_after_five_outages_in_a_minute_chpter_is_left_alone(shopper, provider):
    order_page, _ = press_pay(shopper, provider, "http_503")
    for _ in range(3):
        assert shopper.post(f"{order_page}/pay", {}).headers["Location"] == order_page
    bought = try_again(shopper, provider, order_page)
    assert bought.status["attempt"] == "open", "four outages do not stop the fifth buyer"
    bought.post_callback(bought.failure())
    provider.behaviour = "http_503"
    shopper.post(f"{order_page}/pay", {})
    provider.behaviour, asked = "ok", len(provider.requests)

    assert shopper.post(f"{order_page}/pay", {}).headers["Location"] == order_page
    assert len(provider.requests) == asked
    must_offer_another_try(shopper, order_page)


def test_a_link_that_was_given_before_is_shown_to_no_other_buyer(shopper, provider, ledger, monkeypatch):
    first, answer = shopper.buy(), provider._bytes

    def with_the_first_link(name: str, order_id: str) -> bytes:
        return answer(name, order_id).replace(f"session/{order_id}".encode(), f"session/{first.reference}".encode())

    monkeypatch.setattr(provider, "_bytes", with_the_first_link)
    order_page, _ = press_pay(shopper, provider, "ok")

    assert order_page != first.order_path
    assert ledger.order_state(first).attempt == "open"
