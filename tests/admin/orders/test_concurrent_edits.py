"""Two users press different buttons of one order at the same time: one succeeds, the other is told."""

from collections import Counter

import pytest
from sqlalchemy import select

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from shop.orders import transitions
from shop.orders.models import Order, OrderEvent
from shop.orders.states import Fulfilment, Payment
from tests import both_databases, order_factory
from tests.faults.at_once import at_once
from tests.shopper import hidden_fields

pytestmark = both_databases


@pytest.fixture
def pair(app, owner, staff):
    """Two people with one order's page open before them: what each does to press a button of it."""

    def open_page(number: str):
        token = [hidden_fields(who.get(f"/admin/orders/{number}").text)["csrf_token"] for who in (owner, staff)]

        def presses(who: int, act: str, **fields: str):
            browser, sent = (owner, staff)[who].browser, {"csrf_token": token[who], **fields}

            def press() -> str:
                reply = browser.post(f"/admin/orders/{number}/{act}", data=sent)
                assert reply.status_code == 303, reply.text
                page = browser.get(reply.headers["Location"]).text
                return "won" if "notice--good" in page else "told" if "Nothing was saved." in page else page

            return press

        return presses

    return open_page


def _words(app, number: str) -> list[str]:
    with app.app_context():
        query = select(OrderEvent.words).join(Order, Order.id == OrderEvent.order_id).where(Order.number == number)
        return list(db.session.scalars(query))


def _both_pack(app, pair, rounds: int = 5) -> list[Counter[str]]:
    seen = []
    for _ in range(rounds):
        number = order_factory.keep(app, order_factory.order(payment=Payment.PAID))[0]
        presses = pair(number)
        said = at_once([presses(0, "move", to="packed"), presses(1, "move", to="packed")])
        seen.append(Counter({**Counter(said), "lines": _words(app, number).count("Packed")}))
    return seen


def test_of_two_who_pack_one_order_one_wins(app, pair):
    assert _both_pack(app, pair) == [Counter(won=1, told=1, lines=1)] * 5


def test_handing_over_by_code_and_by_reason_at_once_is_done_once(app, pair):
    for _ in range(5):
        ready = order_factory.order(
            payment=Payment.PAID, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417"
        )
        number = order_factory.keep(app, ready)[0]
        presses = pair(number)

        said = at_once(
            [presses(0, "hand-over", code="0417"), presses(1, "hand-over-without-code", reason="Knows her well")]
        )

        assert sorted(said) == ["told", "won"]
        assert _words(app, number).count("Collected") == 1


def test_six_codes_at_once_where_two_are_left_count_as_two(app, pair):
    ready = order_factory.order(payment=Payment.PAID, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417")
    ready.collection_code_tries = 8
    number = order_factory.keep(app, ready)[0]
    presses = pair(number)

    at_once([presses(who, "hand-over", code="9999") for who in (0, 1)] * 3)

    with app.app_context():
        assert db.session.scalars(select(Order.collection_code_tries).where(Order.number == number)).one() == 10
    assert _words(app, number).count("A wrong collection code was typed") == 2


def test_what_is_refunded_while_it_is_packed_is_packed_before_or_not_at_all(app, pair):
    for _ in range(5):
        number = order_factory.keep(app, order_factory.order(payment=Payment.PAID, paid_at=utcnow()))[0]
        pack = pair(number)(0, "move", to="packed")

        def refund(number=number) -> str:
            def give_back() -> None:
                order = db.session.scalars(select(Order).where(Order.number == number)).one()
                transitions.transition(order, Payment.PAID, Payment.REFUNDED)
                order.record(f"Refunded while {order.fulfilment}")

            with app.app_context():
                write(give_back)
            return "refunded"

        said = at_once([pack, refund])

        words = _words(app, number)
        assert said[0] == ("won" if "Packed" in words else "told")
        assert f"Refunded while {'packed' if said[0] == 'won' else 'unfulfilled'}" in words


def test_a_message_sent_twice_at_once_is_one_mail(app, pair):
    number = order_factory.keep(app, order_factory.order(payment=Payment.PAID))[0]
    presses = pair(number)

    said = at_once(
        [presses(who, "message", message="The rider comes at four", idempotency_key="k" * 22) for who in (0, 1)]
    )

    assert said == ["won", "won"]
    with app.app_context():
        assert len(db.session.scalars(select(OutboxEmail).where(OutboxEmail.kind == "note")).all()) == 1
    assert _words(app, number).count("The rider comes at four") == 1
