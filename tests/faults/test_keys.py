"""Keys change while payments are open: what the old key signed is believed as long as it is listed, and no longer."""

import pytest
from sqlalchemy import select

from shop import create_app
from shop.core.database import db
from shop.payments.models import CallbackRecord, UnmatchedCallback
from tests import both_databases
from tests.admin_client import AdminClient, create_owner
from tests.conftest import SECRET
from tests.faults.figures import size
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


def answers(app, bought) -> list[int]:
    return [app.test_client().post(one.callback_path, json=one.callback()).status_code for one in bought]


def test_open_payments_settle_after_a_new_key_and_not_once_the_old_one_is_gone(
    app, shopper, provider, ledger, shop_with, reached
):
    count = size(5, 100)
    ledger.shelve(SKU, 3 * count)
    before, later = ([shopper.buy() for _ in range(count)] for _ in range(2))

    rotated = shop_with(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=SECRET)
    assert answers(rotated, before) == [200] * count
    assert {one.status["payment"] for one in before} == {"paid"}
    fresh = Shopper(rotated, provider)
    new_ones = [fresh.buy() for _ in range(count)]

    without = shop_with(SECRET_KEY=NEW)
    assert answers(without, later) == [404] * count
    assert answers(without, new_ones) == [200] * count
    assert answers(app, new_ones) == [404] * count, "the control: who has not the new key believes nothing it signed"
    assert {one.status["payment"] for one in later} == {"awaiting"}
    with without.app_context():
        assert db.session.scalars(select(UnmatchedCallback)).all() == []
        assert len(db.session.scalars(select(CallbackRecord)).all()) == 2 * count
    reached(
        f"A new SECRET_KEY while {count} payments are open",
        f"{count} of {count} settle while the old key is listed; once it is taken out all are answered 404",
    )


def test_a_sitting_and_a_cart_outlive_a_new_key_as_long_as_the_old_one_is_listed(app, shop_with):
    create_owner(app)
    owner = AdminClient(app)
    owner.add()
    owner.sign_in()
    cookie = owner.browser.get_cookie("session").value

    def sees(shop):
        visitor = AdminClient(shop)
        visitor.browser.set_cookie("session", cookie)
        return visitor.browser.get("/admin/").status_code == 200, SKU in visitor.browser.get("/cart").text

    assert sees(shop_with(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=SECRET)) == (True, True)
    assert sees(shop_with(SECRET_KEY=NEW)) == (False, False)
