"""Two requests that interleave statement by statement: none fails, and each is told its result."""

import io
from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import delete, select

from shop.accounts.models import AuditLogEntry
from shop.core.database import db, write
from shop.store.settings import StoreSettings
from tests import both_databases
from tests.admin_client import DONE, AdminClient
from tests.faults.between import Between
from tests.ledger_reader import Ledger
from tests.shopper import Shopper, hidden_fields

pytestmark = both_databases
MOST_STATEMENTS = 80  # of one press


@pytest.fixture
def second(app, provider, owner):
    """Another owner at another browser."""
    other = AdminClient(app, provider)
    assert other.sign_in().status_code == 303
    return other


@pytest.fixture
def meet(app):
    """Press with a rival before each statement in turn, and once without; the answers to both, for each place."""

    def do(prepare: Callable[[], tuple[Callable, Callable]]):
        answers = []
        for place in range(1, MOST_STATEMENTS):
            press, rival = prepare()
            theirs = []
            with Between(app, place, lambda rival=rival, theirs=theirs: theirs.append(rival())) as between:
                mine = press()
            if not between.began:
                return answers
            answers.append((mine, theirs[0]))
        raise AssertionError("the press never came to its end")

    return do


def pressed(person, address, **fields):
    """A press, prepared: its token is in hand."""
    form = {"csrf_token": hidden_fields(person.get("/admin/products").text)["csrf_token"]} | fields
    return lambda: person.browser.post(address, data=form)


def acts(app):
    with app.app_context():
        return list(db.session.scalars(select(AuditLogEntry.words).where(DONE).order_by(AuditLogEntry.id)))


def test_archiving_a_product_while_somebody_saves_it(app, owner, second, goods, meet):
    numbers = count(1)

    def prepare():
        added = goods.added(owner, name="Mug", sku=f"MUG-{next(numbers)}")
        form = goods.form(second, added)
        return (
            pressed(owner, f"/admin/products/{added}/archive", sure="1"),
            lambda: second.browser.post(f"/admin/products/{added}/edit", data={**form, "price-MUG": "77"}),
        )

    answers = meet(prepare)

    assert {mine.status_code for mine, _ in answers} == {303}
    assert {theirs.status_code for _, theirs in answers} <= {303, 409}
    assert acts(app).count("Archived product Mug") == len(answers) + 1


def test_applying_one_file_twice(app, owner, meet):
    numbers = count(1)

    def prepare():
        one = next(numbers)
        row = f"SKU,Slug,Name,Category,Price\r\nMAT-{one},mat-{one},Mat,Kitchen,950\r\n"
        token = hidden_fields(owner.get("/admin/import").text)["csrf_token"]
        form = {"csrf_token": token, "file": (io.BytesIO(row.encode()), "mats.csv")}
        address = owner.post("/admin/import", form, content_type="multipart/form-data").headers["Location"]
        form = hidden_fields(owner.get(address).text)
        one, other = (lambda: owner.browser.post(f"{address}/apply", data=form) for _ in range(2))
        return one, other

    answers = meet(prepare)

    assert {reply.status_code for pair in answers for reply in pair} == {303}
    assert len([words for words in acts(app) if words.startswith("Imported a catalogue file")]) == len(answers) + 1


def test_keeping_the_first_details_of_the_shop_twice(app, owner, second, meet):
    def prepare():
        with app.app_context():
            write(lambda: db.session.execute(delete(StoreSettings)))
        page = "/admin/settings"
        forms = [hidden_fields(person.get(page).text, page) for person in (owner, second)]
        return tuple(
            pressed(person, page, **form, name="Mkono") for person, form in zip((owner, second), forms, strict=True)
        )

    answers = meet(prepare)

    # whoever comes second may be told that the settings were saved meanwhile
    codes = [sorted(reply.status_code for reply in pair) for pair in answers]
    assert all(first == 303 and second in (303, 409) for first, second in codes), codes


def test_two_look_at_the_same_silence(app, owner, second, provider, meet):
    def prepare():
        bought = Shopper(app, provider).buy()
        number = Ledger(app).column("number", bought)
        return tuple(pressed(person, "/admin/checks/close", waiting=number) for person in (owner, second))

    answers = meet(prepare)

    assert {reply.status_code for pair in answers for reply in pair} == {303}
    assert len([words for words in acts(app) if words.startswith("Resolved “No callback yet”")]) == len(answers) + 1
