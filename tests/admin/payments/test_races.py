"""Two users and a callback at the same time: one succeeds, the others are told, no shilling is lost."""

import re
from itertools import combinations

import pytest

from shop.payments.reconciliation import reconcile
from tests import both_databases
from tests.admin_client import AdminClient
from tests.at_once import at_once
from tests.shopper import SKU, Bought, Shopper, hidden_fields

pytestmark = both_databases
WON = {
    "accept": ("Accepted as paid", "paid"),
    "accept-less": ("Accepted as paid", "paid"),
    "refuse": ("Refused the payment", "cancelled"),
    "mark-paid": ("is paid", "paid"),
    "cancel": ("is cancelled", "cancelled"),
}


@pytest.fixture
def owners(app, provider, owner):
    """A function that signs in so many owners, each in a browser of its own."""

    def sign_in(count):
        signed_in = [AdminClient(app, provider) for _ in range(count)]
        for one in signed_in:
            assert one.sign_in().status_code == 303
        return signed_in

    return sign_in


@pytest.fixture
def in_review(app, provider, ledger):
    def make():
        bought = Shopper(app, provider).buy()
        bought.post_callback(bought.callback(amount="300"))
        assert ledger.order_state(bought).order == "review"
        return bought

    return make


def pressing(user, ledger, bought, act, code="SKA1B2C3D4", amount="300"):
    """A function that presses one button and returns the message of the next page."""
    address = f"/admin/orders/{ledger.column('number', bought)}/{act}"
    shown = {"mark-paid": address, "refund": address, "accept-less": f"{address}?amount=300"}
    page = user.get(shown.get(act, "/admin/review")).text
    answers = {"amount": amount, "came": "300", "method": "MPESA", "code": code, "reason": "Seen"}
    answers |= {"shortfall": "2350", "write_off": "y"}
    form = {**hidden_fields(page), **answers, "back": ""}

    def press():
        reply = user.browser.post(address, data=form)
        assert reply.status_code in (303, 422), reply.text
        if reply.status_code == 422:
            return reply.text
        page = user.browser.get(reply.headers["Location"]).text
        return " ".join(re.findall(r'role="status">([^<]*)<', page))

    return press


def assert_ledger_agrees(app):
    with app.app_context():
        found = reconcile()
        assert found.holds, found


@pytest.mark.parametrize(("first", "second"), list(combinations(["accept-less", "refuse", "mark-paid"], 2)))
def test_of_two_different_actions_at_once_one_succeeds_and_the_other_user_is_told(
    app, owners, ledger, in_review, first, second
):
    before, bought = ledger.stock(SKU), in_review()
    users = owners(2)

    pages = at_once([pressing(user, ledger, bought, act) for user, act in zip(users, (first, second), strict=True)])

    won = [WON[act][0] in page for act, page in zip((first, second), pages, strict=True)]
    told = ["Nothing was saved" in page for page in pages]
    assert sorted(won) == [False, True], pages
    assert told == [not one for one in won]
    winner = (first, second)[won.index(True)]
    assert ledger.order_state(bought).order == WON[winner][1]
    sold = 1 if WON[winner][1] == "paid" else 0
    assert ledger.stock(SKU) == (before[0] - sold, before[1])
    assert ledger.mails("paid") + ledger.mails("cancelled") == 1
    assert_ledger_agrees(app)


def test_four_owners_accept_at_once_and_it_is_accepted_once(app, owners, ledger, in_review):
    before, bought = ledger.stock(SKU), in_review()

    pages = at_once([pressing(user, ledger, bought, "accept", amount="2650") for user in owners(4)])

    assert sum("Accepted as paid" in page for page in pages) == 1
    assert ledger.stock(SKU) == (before[0] - 1, before[1])
    assert ledger.column("received", bought) == 2650
    assert ledger.mails("paid") == 1
    assert_ledger_agrees(app)


def test_a_cancelled_order_and_its_callback_at_once_lose_no_money(app, owners, ledger, provider):
    [user] = owners(1)
    for _ in range(4):
        before = ledger.stock(SKU)
        bought = Shopper(app, provider).buy()
        cancel = pressing(user, ledger, bought, "cancel")
        hear = lambda bought=bought: bought.post_callback(bought.callback())  # noqa: E731

        at_once([cancel, hear])

        standing = ledger.order_state(bought)
        assert standing.attempt == "paid"
        assert (standing.order, standing.refund_due) in (("paid", False), ("cancelled", True))
        sold = 1 if standing.order == "paid" else 0
        assert ledger.stock(SKU) == (before[0] - sold, before[1])
    assert_ledger_agrees(app)


def test_asking_for_the_remaining_amount_twice_and_accepting_less_at_once_end_in_one(app, owners, ledger, in_review):
    bought = in_review()
    users = owners(3)
    ask = {"amount": "300"}
    presses = [pressing(user, ledger, bought, "request-rest", **ask) for user in users[:2]]
    presses.append(pressing(users[2], ledger, bought, "accept-less"))

    pages = at_once(presses)

    assert sum("is asked for" in page or "Accepted as paid" in page for page in pages) == 1, pages
    assert ledger.column("received", bought) == 300
    assert_ledger_agrees(app)


def test_the_remaining_payment_and_accepting_less_at_once_lose_no_money(app, owners, ledger, in_review):
    bought = in_review()
    [user] = owners(1)
    pressing(user, ledger, bought, "request-rest")()
    reply = bought.shopper.post(f"{bought.order_path}/pay", {})
    rest = Bought(bought.shopper, reply.headers["Location"])
    accept = pressing(user, ledger, bought, "accept-less")

    at_once([accept, lambda: rest.post_callback(rest.callback())])

    standing = ledger.order_state(rest)
    assert (standing.order, standing.attempt) == ("paid", "paid")
    assert ledger.column("received", bought) == 2650
    assert ledger.column("refund_due_amount", bought) in (0, 2350)
    assert ledger.mails("paid") == 1
    assert_ledger_agrees(app)


def test_one_code_for_two_orders_at_once_pays_one(app, owners, ledger, provider):
    orders = [Shopper(app, provider).buy() for _ in range(2)]
    users = owners(2)

    pages = at_once([pressing(user, ledger, one, "mark-paid") for user, one in zip(users, orders, strict=True)])

    assert sorted(ledger.order_state(one).order for one in orders) == ["awaiting", "paid"]
    assert sum("That code was used already" in page for page in pages) == 1
    assert_ledger_agrees(app)


def test_three_refunds_at_once_of_one_sum_are_one(app, owners, ledger, provider):
    bought = Shopper(app, provider).buy()
    bought.post_callback(bought.callback())
    users = owners(3)

    pages = at_once([pressing(user, ledger, bought, "refund", f"SK{place}1B2C3D4") for place, user in enumerate(users)])

    assert ledger.column("refunded", bought) == 300
    assert sum("Refund of KSh 300 recorded" in page for page in pages) == 1
    assert ledger.mails("refunded") == 1
    assert_ledger_agrees(app)
