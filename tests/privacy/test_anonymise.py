"""Export and anonymise a buyer."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, String, select, update

from shop.accounts.models import AuditLogEntry
from shop.catalog.models import StockEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.payments.models import CallbackRecord, LedgerEntry, OfferedCode, ReviewFlag
from shop.privacy.anonymise import ANONYMISED_NAME, why_not_anonymised
from tests import both_databases, order_factory
from tests.page_checks import CANARY
from tests.shopper import Shopper, hidden_fields

NAME, PHONE, EMAIL = "Akinyi Wekesa", "0733 987 654", "akinyi.wekesa@example.com"
PLACE, NOTE = "Blue gate behind the Kisumu stage", "Call my sister first"
TRACES = ("akinyi", "wekesa", "733987654", "733 987 654", "kisumu stage", "my sister")
LONG_AGO = timedelta(days=800)


@pytest.fixture
def bought(app, shopper):
    """A delivered order with personal data in every free text about it."""
    one = shopper.buy(full_name=NAME, phone_number=PHONE, email=EMAIL, location=PLACE, note=NOTE)
    one.post_callback(one.callback(message=f"Received from {NAME} 254733987654", customer=NAME))
    one.post_callback(f"{NAME} {EMAIL}".encode())
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
        write(lambda: _write_everywhere(one))
    return one


def _write_everywhere(bought):
    order = _order(bought)
    order.fulfilment = Fulfilment.DELIVERED
    order.record(f"{NAME} called from {PHONE}: wants it at the {PLACE}", actor="owner@example.com")
    order.record("Akinyi said: leave it with Wekesa's neighbour, +254733987654", actor="owner@example.com")
    db.session.add(
        AuditLogEntry(at=utcnow(), who="owner@example.com", words=f"Noted: {NAME} {EMAIL}", order_id=order.id)
    )
    record = db.session.scalars(select(CallbackRecord)).first()
    record.reason = f"It says “{NAME}”."
    record.headers = f"User-Agent: {EMAIL}"
    named = f"{NAME} {PHONE}"
    for entry in db.session.scalars(select(LedgerEntry)):
        entry.reason = named
    values = {"kind": "opened", "words": named, "resolution": named, "opened_at": utcnow()}
    db.session.add(ReviewFlag(order_id=order.id, **values))
    db.session.add(OfferedCode(order_id=order.id, at=utcnow(), code="SKA1B2C3D4"))
    for move in db.session.scalars(select(StockEntry).where(StockEntry.order_id == order.id)):
        move.reason = named
    order.collection_code = "4711"


def _order(bought):
    token = bought.order_path.rsplit("/", 1)[1]
    return db.session.scalars(select(Order).where(Order.token == token)).one()


def number_of(app, bought):
    with app.app_context():
        return _order(bought).number


def traces(app):
    """Columns of all tables that have personal data of the buyer."""
    found = []
    with app.app_context():
        for table in db.metadata.sorted_tables:
            texts = [column for column in table.c if isinstance(column.type, String | LargeBinary)]
            for row in db.session.execute(select(*texts)) if texts else ():
                for column, value in zip(texts, row, strict=True):
                    said = value.decode(errors="replace") if isinstance(value, bytes) else value or ""
                    if any(trace in said.casefold() for trace in TRACES):
                        found.append(f"{table.name}.{column.name}")
    return sorted(set(found))


def ask(owner, who=PHONE, typed=None, act="anonymise"):
    form = hidden_fields(owner.get("/admin/").text)
    return owner.post(f"/admin/privacy/{act}", {**form, "who": who, "typed": who if typed is None else typed})


@both_databases
def test_after_anonymising_no_column_has_personal_data_of_the_buyer(app, owner, bought, tmp_path):
    assert set(traces(app)) >= {
        *("orders.full_name", "orders.phone_number", "orders.email", "orders.location", "orders.note"),
        *("order_event.words", "audit_log_entry.words", "outbox_email.recipient", "outbox_email.body"),
        *("callback_record.raw", "callback_record.headers", "callback_record.reason"),
        *("ledger_entry.reason", "review_flag.words", "review_flag.resolution", "stock_entry.reason"),
        "order_search_term.word",
    }
    files = list((tmp_path / "instance" / "mail").iterdir())
    assert files

    reply = ask(owner)

    assert reply.status_code == 303
    assert "The buyer of 1 order is anonymised" in owner.get(reply.location).text
    assert traces(app) == []
    assert not [file for file in files if file.exists()]


def test_the_fixture_writes_personal_data_into_every_table_of_an_order(app, bought):
    """A new table must be filled by `_write_everywhere` and cleared by `_anonymise`."""
    with app.app_context():
        about = [table for table in db.metadata.sorted_tables if {"order_id", "attempt_id"} & set(table.c.keys())]
        assert [table.name for table in about if db.session.execute(select(table).limit(1)).first() is None] == []


@both_databases
def test_codes_and_search_terms_of_an_anonymised_buyer_are_deleted(app, owner, bought):
    number = number_of(app, bought)
    assert number in owner.get("/admin/?tab=all&q=akinyi").text
    ask(owner)

    assert number not in owner.get("/admin/?tab=all&q=akinyi").text
    assert number in owner.get(f"/admin/?tab=all&q={number}").text
    with app.app_context():
        assert (_order(bought).collection_code, _order(bought).offered_codes) == ("", [])


def test_no_admin_page_offers_to_call_an_anonymised_buyer(app, owner, bought):
    ask(owner)
    number = number_of(app, bought)
    for address in (
        *("/admin/?tab=all", f"/admin/orders/{number}", f"/admin/orders/{number}/link", "/admin/checks"),
        *(f"/admin/print?slip={slip}&order={number}" for slip in ("packing", "receipt", "rider")),
    ):
        page = owner.get(address)
        assert page.status_code == 200, address
        assert not re.search(r'href="(?:tel:\+?"|https://wa\.me/(?:\?|")|mailto:")', page.text), address


@both_databases
def test_lines_and_payments_stay_after_anonymising(app, owner, bought):
    with app.app_context():
        before = _order(bought)
        kept = {
            name: getattr(before, name)
            for name in ("number", "subtotal", "delivery_fee", "total", "payment", "paid_at")
        }
        lines = [(line.sku, line.quantity, line.unit_price) for line in before.lines]

    ask(owner, EMAIL)

    with app.app_context():
        order = _order(bought)
        assert {name: getattr(order, name) for name in kept} == kept
        assert [(line.sku, line.quantity, line.unit_price) for line in order.lines] == lines
        assert (order.full_name, order.phone_number, order.email) == (ANONYMISED_NAME, "", "")
        assert order.anonymised_at
        callback = db.session.scalars(select(CallbackRecord).order_by(CallbackRecord.id)).first()
        assert (callback.claim, callback.amount) == ("yes", order.total)
        assert "Payment received" in [event.words for event in order.events]
        act = db.session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.id.desc())).first()
        assert act.words == "Anonymised the buyer"


def test_the_pages_of_an_anonymised_order_show_that_it_is_anonymised(app, owner, bought):
    ask(owner)
    page = Shopper(app).get(bought.order_path).text

    assert "were removed from this order on" in page
    assert "KSh" in page
    assert ANONYMISED_NAME in owner.get("/admin/?tab=all").text
    assert "Anonymised" in owner.get("/admin/mail?tab=files").text


@both_databases
def test_later_callbacks_and_lookups_bring_no_personal_data_back(app, owner, bought):
    ask(owner)
    assert bought.post_callback(bought.callback(message=f"Again from {NAME}")).status_code == 200
    with app.app_context():
        order_id, number = _order(bought).id, _order(bought).number
    lookup = Shopper(app)
    form = hidden_fields(lookup.get("/orders/find").text)
    lookup.post("/orders/find", {**form, "order_number": number, "phone_number": PHONE})

    assert traces(app) == []
    with app.app_context():
        mails = db.session.scalars(select(OutboxEmail).where(OutboxEmail.order_id == order_id)).all()
        assert all(mail.sent_at and not mail.body for mail in mails)


@both_databases
def test_a_waiting_email_of_an_anonymised_buyer_is_not_sent(app, owner, shopper):
    one = shopper.buy(full_name=NAME, phone_number=PHONE, email=EMAIL)
    with app.app_context():
        write(lambda: db.session.execute(update(Order).values(payment=Payment.REFUNDED)))
    ask(owner)

    with app.app_context():
        assert send_due(app.config["SETTINGS"], utcnow() + timedelta(hours=1)) == 0
        assert db.session.scalars(select(OutboxEmail)).all() == []
    assert one.status["payment"] == "refunded"


WAITING = [
    ({"payment": "awaiting"}, "still waits for its payment"),
    ({"payment": "review"}, "must be reviewed first"),
    ({"payment": "paid"}, "is paid and has not arrived"),
    ({"payment": "paid", "fulfilment": "packed"}, "is paid and has not arrived"),
    ({"payment": "paid", "fulfilment": "sent"}, "is paid and has not arrived"),
    ({"payment": "refunded", "refund_due": True}, "must be refunded first"),
    ({"payment": "expired", "placed_at": utcnow()}, "placed less than 7 days ago"),
]
DONE = [
    {"payment": "paid", "fulfilment": "delivered"},
    {"payment": "paid", "fulfilment": "collected"},
    {"payment": "refunded"},
    {"payment": "expired"},
    {"payment": "cancelled"},
]


@both_databases
@pytest.mark.parametrize(("fields", "words"), WAITING)
def test_an_order_that_needs_work_is_not_anonymised_and_the_page_says_why(app, owner, fields, words):
    order_factory.keep(app, order_factory.order(**{"full_name": NAME, "placed_at": utcnow() - LONG_AGO, **fields}))

    assert words in owner.get("/admin/privacy?who=0722000111").text
    assert ask(owner, "0722000111").status_code == 422
    with app.app_context():
        assert db.session.scalars(select(Order)).one().full_name == NAME


@both_databases
@pytest.mark.parametrize("fields", DONE)
def test_a_finished_order_is_anonymised(app, owner, fields):
    order_factory.keep(app, order_factory.order(placed_at=utcnow() - LONG_AGO, **fields))

    assert ask(owner, "0722000111").status_code == 303
    with app.app_context():
        order = db.session.scalars(select(Order)).one()
        assert order.anonymised_at
        assert why_not_anonymised(order, utcnow()) is None


@both_databases
def test_a_buyer_is_anonymised_in_all_orders_or_in_none(app, owner):
    old = utcnow() - LONG_AGO
    order_factory.keep(
        app, order_factory.order(placed_at=old, payment="expired"), order_factory.order(placed_at=old, payment="paid")
    )

    assert ask(owner, "0722000111").status_code == 422
    with app.app_context():
        assert [order.anonymised_at for order in db.session.scalars(select(Order))] == [None, None]


@pytest.mark.parametrize("typed", ["", "0722", "0722000112", "yes", CANARY, "\0", "x" * 5000, "🧺"])
def test_the_buyer_must_be_typed_again_to_confirm(app, owner, typed):
    order_factory.keep(app, order_factory.order(payment="refunded"))
    reply = ask(owner, "0722000111", typed)

    assert reply.status_code == 422
    assert '<a href="#typed">' in reply.text
    with app.app_context():
        assert db.session.scalars(select(Order)).one().anonymised_at is None


@pytest.mark.parametrize("who", ["", "x", "07", CANARY, "\0", "x" * 5000, "🧺", "+4412345678"])
def test_an_invalid_buyer_is_reported_beside_the_field(owner, who):
    replies = [owner.get("/admin/privacy", query_string={"who": who}), ask(owner, who), ask(owner, who, act="export")]

    assert [reply.status_code for reply in replies] == [422] * 3
    assert all('<a href="#who">' in reply.text for reply in replies)


def test_nothing_is_stored_about_an_unknown_buyer(owner):
    assert "There is no order with" in owner.get("/admin/privacy?who=nobody@example.com").text


@both_databases
def test_the_export_has_every_row_about_the_buyer_and_no_secrets(app, owner, bought):
    order_factory.keep(app, order_factory.order(full_name="Somebody Else", email="else@example.com"))
    reply = ask(owner, EMAIL, act="export")

    held = json.loads(reply.text)["held"]
    assert "attachment" in reply.headers["Content-Disposition"]
    assert set(held) >= {"orders", "order_line", "order_event", "payment_attempt", "callback_record", "outbox_email"}
    assert held["orders"][0]["full_name"] == NAME
    assert NAME in held["callback_record"][0]["raw"]
    assert "Somebody Else" not in reply.text
    keys = {"token", "checkout_key", "secret_hash", "idempotency_key"}
    assert not [table for table, rows in held.items() if keys & set(rows[0])]
    with app.app_context():
        act = db.session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.id.desc())).first()
        assert act.words == "Exported the personal data of the buyer of 1 order"


def test_the_page_shows_the_stored_data(owner, bought):
    page = owner.get("/admin/privacy?who=+254733987654").text

    for words in (NAME, PHONE, EMAIL, PLACE, NOTE, "1 order with 0733 987 654"):
        assert words in page


def test_privacy_requires_a_recently_confirmed_owner(app, owner, staff):
    from shop.accounts import login

    assert staff.get("/admin/privacy").status_code == 403
    with owner.browser.session_transaction("/admin/") as session:
        session[login.CONFIRMED_AT] = 0
    assert owner.get("/admin/privacy").location.startswith("/admin/confirm?next=/admin/privacy")
    form = {**hidden_fields(owner.get("/admin/").text), "who": PHONE, "typed": PHONE}
    for act in ("anonymise", "export"):
        asked_on = {"Referer": f"http://localhost/admin/privacy?who={PHONE}"}
        reply = owner.browser.post(f"/admin/privacy/{act}", data=form, headers=asked_on)
        assert (reply.status_code, reply.location) == (303, "/admin/confirm?next=/admin/kept-form")
    for path in ("/admin/privacy/export", "/admin/privacy/anonymise"):
        assert owner.get(path).location == "/admin/privacy"


# -- by itself


# -- the public page
