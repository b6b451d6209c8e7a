"""The key changes while payments are open: the old key's signatures are valid as long as it is listed, no longer."""

import pytest

from shop import create_app
from shop.core.database import db
from shop.payments.models import CallbackRecord, UnmatchedCallback
from tests import both_databases
from tests.admin_client import AdminClient, create_owner
from tests.conftest import SECRET
from tests.figures import size
from tests.shopper import SKU, Shopper

pytestmark = both_databases
NEW = "a-newer-key-for-tests-only-fedcba98765"


@pytest.fixture
def shop_with(settings):
    """The same shop, started again with other keys."""
    made = []

    def start(**keys: str):
        made.append(create_app({**settings, **keys}))
        return made[-1]

    yield start
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_open_payments_settle_after_a_key_change_while_the_old_key_is_listed(
    app, shopper, provider, ledger, shop_with, reached
):
    def statuses(shop, purchases) -> set[int]:
        client = shop.test_client()
        return {client.post(bought.callback_path, json=bought.callback()).status_code for bought in purchases}

    count = size(5, 100)
    ledger.shelve(SKU, 3 * count)
    before, later = ([shopper.buy() for _ in range(count)] for _ in range(2))

    changed = shop_with(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=SECRET)
    assert statuses(changed, before) == {200}
    assert {one.status["payment"] for one in before} == {"paid"}
    buyer = Shopper(changed, provider)
    new_ones = [buyer.buy() for _ in range(count)]

    without_old = shop_with(SECRET_KEY=NEW)
    assert statuses(without_old, later) == {404}
    assert statuses(without_old, new_ones) == {200}
    assert statuses(app, new_ones) == {404}, "a shop without the new key"
    assert {one.status["payment"] for one in later} == {"awaiting"}
    assert (ledger.count(UnmatchedCallback), ledger.count(CallbackRecord)) == (0, 2 * count)
    reached(
        f"A new SECRET_KEY while {count} payments are open",
        f"{count} of {count} settle while the old key is listed; once it is taken out all are answered 404",
    )


def test_a_session_and_a_cart_survive_a_key_change_while_the_old_key_is_listed(app, shop_with):
    create_owner(app)
    owner = AdminClient(app)
    owner.add()
    owner.sign_in()
    cookie = owner.browser.get_cookie("session").value

    def sees(shop):
        browser = shop.test_client()
        browser.set_cookie("session", cookie)
        return browser.get("/admin/").status_code == 200, SKU in browser.get("/cart").text

    assert sees(shop_with(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=SECRET)) == (True, True)
    assert sees(shop_with(SECRET_KEY=NEW)) == (False, False)
