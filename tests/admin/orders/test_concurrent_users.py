"""Two users at the same time: one change is made, and each user is told the result."""

import io
import re
from collections import Counter
from itertools import count

import pytest
from sqlalchemy import delete, select

from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders import transitions
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.store.settings import StoreSettings
from tests import both_databases
from tests.admin.orders.order_pages import audited, emails, events, notices, order_of, paid, token_of
from tests.admin_client import DONE, AdminClient
from tests.at_once import at_once
from tests.between import Between
from tests.ledger_reader import Ledger
from tests.shopper import Shopper, hidden_fields

pytestmark = both_databases
ROUNDS = 5
MAX_STATEMENTS = 80  # of one request
PICKUP = {"pickup": True, "fulfilment": Fulfilment.PACKED, "collection_code": "0417"}


@pytest.fixture
def second(app, provider, owner):
    """Another owner at another browser."""
    other = AdminClient(app, provider)
    assert other.sign_in().status_code == 303
    return other


@pytest.fixture
def button(owner, staff):
    """A button of an order for one of two users: a function that presses it, and returns "done" or "refused"."""

    def prepared(number: str, user: int, act: str, **fields: str):
        client = (owner, staff)[user]
        sent = {"csrf_token": token_of(client), **fields}

        def press() -> str:
            reply = client.browser.post(f"/admin/orders/{number}/{act}", data=sent)
            page = client.browser.get(reply.headers["Location"]).text
            return "done" if "notice--good" in page else "refused" if "Nothing was saved." in page else page

        return press

    return prepared


def timeline_count(app, words: str) -> int:
    return [event.words for event in events(app)].count(words)


@pytest.mark.parametrize(
    ("fields", "presses", "words"),
    [
        ({}, [("move", {"to": "packed"})] * 2, "Packed"),
        (PICKUP, [("hand-over", {"code": "0417"}), ("hand-over-without-code", {"reason": "Knows her"})], "Collected"),
    ],
)
def test_of_two_who_take_the_same_step_one_does(app, button, fields, presses, words):
    for done in range(1, ROUNDS + 1):
        number = paid(app, **fields)

        results = at_once([button(number, user, act, **sent) for user, (act, sent) in enumerate(presses)])

        assert sorted(results) == ["done", "refused"]
        assert timeline_count(app, words) == done


def test_of_two_who_send_the_same_orders_together_each_order_is_sent_once(app, owner, staff):
    numbers = [paid(app, fulfilment=Fulfilment.PACKED) for _ in range(6)]
    forms = [{"csrf_token": token_of(user), "order": numbers, "act": "sent"} for user in (owner, staff)]

    at_once(
        [
            lambda who=who, form=form: who.post("/admin/orders", form)
            for who, form in zip((owner, staff), forms, strict=True)
        ]
    )

    assert Counter(words for _, words in audited(app)) == {f"Sent order {number}": 1 for number in numbers}
    shown = " ".join(words for user in (owner, staff) if user.get("/admin/") for words in notices(user))
    assert sum(map(int, re.findall(r"(\d+) orders? marked", shown))) == 6
    assert sum(map(int, re.findall(r"(\d+) not marked", shown))) == 6


def test_of_six_codes_at_once_only_the_two_tries_left_count(app, button):
    number = paid(app, **PICKUP, collection_code_tries=8)

    at_once([button(number, user, "hand-over", code="9999") for user in (0, 1)] * 3)

    assert order_of(app, number).collection_code_tries == 10
    assert timeline_count(app, "A wrong collection code was typed") == 2


def test_an_order_that_is_refunded_while_it_is_packed_is_packed_before_or_not_at_all(app, button):
    for _ in range(ROUNDS):
        number = paid(app, paid_at=utcnow())

        def refund(number=number) -> str:
            def work() -> None:
                order = db.session.scalars(select(Order).where(Order.number == number)).one()
                transitions.transition(order, Payment.PAID, Payment.REFUNDED)
                order.record(f"{number} refunded while {order.fulfilment}")

            with app.app_context():
                write(work)
            return "refunded"

        packed, _ = at_once([button(number, 0, "move", to="packed"), refund])

        state = "packed" if packed == "done" else "unfulfilled"
        assert timeline_count(app, f"{number} refunded while {state}") == 1
        assert order_of(app, number).fulfilment == state


def test_a_message_sent_twice_is_one_email(app, button):
    number = paid(app)
    message = {"message": "The rider comes at four", "idempotency_key": "k" * 22}

    results = at_once([button(number, user, "message", **message) for user in (0, 1)])

    assert results == ["done", "done"]
    assert len(emails(app, "note")) == 1
    assert timeline_count(app, "The rider comes at four") == 1


def with_rival(app, prepare) -> list[tuple]:
    """Send a request with a rival before each of its statements in turn; both answers, for each place."""
    answers = []
    for place in range(1, MAX_STATEMENTS):
        request, rival = prepare()
        theirs = []
        with Between(app, place, lambda rival=rival, theirs=theirs: theirs.append(rival())) as between:
            mine = request()
        if not between.began:
            return answers
        answers.append((mine.status_code, theirs[0].status_code))
    raise AssertionError("the request never ended")


def sending(user, address, form):
    """A function that sends a form."""
    return lambda: user.browser.post(address, data=form)


def actions(app, beginning: str) -> int:
    with app.app_context():
        return len(
            db.session.scalars(select(AuditLogEntry).where(DONE, AuditLogEntry.words.startswith(beginning))).all()
        )


def test_a_product_is_archived_while_another_user_saves_it(app, owner, second, goods):
    numbers = count(1)

    def prepare():
        product = goods.added(owner, name="Mug", sku=f"MUG-{next(numbers)}")
        form = {**goods.form(second, product), "price-MUG": "77"}
        archive = {"csrf_token": token_of(owner), "sure": "1"}
        address = f"/admin/products/{product}"
        return sending(owner, f"{address}/archive", archive), sending(second, f"{address}/edit", form)

    answers = with_rival(app, prepare)

    assert {mine for mine, _ in answers} == {303}
    assert {theirs for _, theirs in answers} <= {303, 409}
    assert actions(app, "Archived product Mug") == len(answers) + 1


def test_a_catalogue_file_is_applied_once(app, owner):
    numbers = count(1)

    def prepare():
        one = next(numbers)
        row = f"SKU,Slug,Name,Category,Price\r\nMAT-{one},mat-{one},Mat,Kitchen,950\r\n"
        form = {"csrf_token": token_of(owner), "file": (io.BytesIO(row.encode()), "mats.csv")}
        address = owner.post("/admin/import", form, content_type="multipart/form-data").headers["Location"]
        return (sending(owner, f"{address}/apply", hidden_fields(owner.get(address).text)),) * 2

    answers = with_rival(app, prepare)

    assert set(answers) == {(303, 303)}
    assert actions(app, "Imported a catalogue file") == len(answers) + 1


def test_the_first_settings_of_the_shop_are_saved_by_one_of_two(app, owner, second):
    page = "/admin/settings"

    def prepare():
        with app.app_context():
            write(lambda: db.session.execute(delete(StoreSettings)))
        forms = [{**hidden_fields(user.get(page).text, page), "name": "Mkono"} for user in (owner, second)]
        return sending(owner, page, forms[0]), sending(second, page, forms[1])

    answers = with_rival(app, prepare)

    assert {tuple(sorted(codes)) for codes in answers} <= {(303, 303), (303, 409)}


def test_a_missing_callback_is_resolved_once(app, owner, second, provider):
    def prepare():
        number = Ledger(app).column("number", Shopper(app, provider).buy())
        forms = [{"csrf_token": token_of(user), "waiting": number} for user in (owner, second)]
        return tuple(
            sending(who, "/admin/review/close", form) for who, form in zip((owner, second), forms, strict=True)
        )

    answers = with_rival(app, prepare)

    assert set(answers) == {(303, 303)}
    assert actions(app, "Resolved “No callback yet”") == len(answers) + 1
