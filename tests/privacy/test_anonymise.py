"""Export and anonymise a buyer."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, String, select, update

from shop.accounts.login import CONFIRMED_AT
from shop.accounts.models import AuditLogEntry
from shop.catalog.models import BackInStockRequest, Review, StockEntry, Variant
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import Fulfilment
from shop.payments.models import CallbackRecord, LedgerEntry, OfferedCode, ReviewFlag
from shop.privacy.anonymise import ANONYMISED_NAME, why_not_anonymised
from tests import both_databases, order_factory
from tests.page_checks import CANARY
from tests.shopper import SKU, Shopper, hidden_fields

NAME, PHONE, EMAIL = "Akinyi Wekesa", "0733 987 654", "akinyi.wekesa@example.com"
PLACE, NOTE = "Blue gate behind the Kisumu stage", "Call my sister first"
RECEIVER, RECEIVER_PHONE = "Odhiambo Barasa", "0755 111 222"
TRACES = (
    "odhiambo",
    "barasa",
    "755111222",
    "akinyi",
    "wekesa",
    "733987654",
    "733 987 654",
    "kisumu stage",
    "my sister",
)
OTHER = "0722000111"  # the buyer of order_factory
LONG_AGO = timedelta(days=800)


@pytest.fixture
def bought(app, shopper):
    """A delivered order with personal data in every free text about it."""
    receiver = {"other_receiver": "1", "receiver_name": RECEIVER, "receiver_phone": RECEIVER_PHONE}
    bought = shopper.buy(full_name=NAME, phone_number=PHONE, email=EMAIL, location=PLACE, note=NOTE, **receiver)
    bought.post_callback(bought.callback(message=f"Received from {NAME} 254733987654", customer=NAME))
    bought.post_callback(f"{NAME} {EMAIL}".encode())
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
        write(lambda: _write_everywhere(_order()))
    return bought


def _write_everywhere(order):
    order.fulfilment, order.collection_code = Fulfilment.DELIVERED, "4711"
    order.record(f"{NAME} called from {PHONE}: wants it at the {PLACE}", actor="owner@example.com")
    order.record(f"{RECEIVER} ({RECEIVER_PHONE}) called too", actor="owner@example.com")
    order.record("Akinyi said: leave it with Wekesa's neighbour, +254733987654", actor="owner@example.com")
    words = f"Noted: {NAME} {EMAIL}"
    db.session.add(AuditLogEntry(at=utcnow(), who="owner@example.com", words=words, order_id=order.id))
    record = db.session.scalars(select(CallbackRecord)).first()
    record.reason, record.headers = f"It says “{NAME}”.", f"User-Agent: {EMAIL}"
    named = f"{NAME} {PHONE}"
    for row in (*db.session.query(LedgerEntry), *db.session.query(StockEntry).filter_by(order_id=order.id)):
        row.reason = named
    values = {"kind": "opened", "words": named, "resolution": named, "opened_at": utcnow()}
    db.session.add(ReviewFlag(order_id=order.id, **values))
    variant = db.session.scalars(select(Variant).where(Variant.sku == SKU)).one()
    values = {"product_id": variant.product_id, "stars": 5, "name": "Akinyi", "text": named, "reply": named}
    db.session.add(Review(order_id=order.id, written_at=utcnow(), **values))
    for contact in (EMAIL, "254733987654"):
        values = {"variant_id": variant.id, "contact": contact, "by_email": "@" in contact, "asked_at": utcnow()}
        db.session.add(BackInStockRequest(**values))
    db.session.add(OfferedCode(order_id=order.id, at=utcnow(), code="SKA1B2C3D4"))


def _order():
    return db.session.scalars(select(Order)).one()


def order_of(app):
    with app.app_context():
        return _order()


def traces(app):
    """Columns of all tables that have personal data of the buyer."""
    found = set()
    with app.app_context():
        for table in db.metadata.sorted_tables:
            texts = [column for column in table.c if isinstance(column.type, String | LargeBinary)]
            for row in db.session.execute(select(*texts)) if texts else ():
                for column, value in zip(texts, row, strict=True):
                    text = value.decode(errors="replace") if isinstance(value, bytes) else value or ""
                    if any(trace in text.casefold() for trace in TRACES):
                        found.add(f"{table.name}.{column.name}")
    return found


def kept_of(app):
    """What stays of an anonymised order: its sums, lines and payments."""
    with app.app_context():
        order = _order()
        lines = [(line.sku, line.quantity, line.unit_price) for line in order.lines]
        callbacks = [(one.claim, one.amount) for one in db.session.query(CallbackRecord).order_by(CallbackRecord.id)]
        return (
            order.number,
            order.subtotal,
            order.delivery_fee,
            order.total,
            order.payment,
            order.paid_at,
            lines,
            callbacks,
        )


def last_audit_words(app):
    with app.app_context():
        return db.session.scalars(select(AuditLogEntry.words).order_by(AuditLogEntry.id.desc())).first()


def ask(owner, who=PHONE, typed=None, act="anonymise"):
    form = hidden_fields(owner.get("/admin/").text)
    return owner.post(f"/admin/privacy/{act}", {**form, "who": who, "typed": who if typed is None else typed})


@both_databases
def test_after_anonymising_no_column_has_personal_data_of_the_buyer_and_lines_and_payments_stay(
    app, owner, bought, tmp_path
):
    assert traces(app) >= {
        *("orders.full_name", "orders.phone_number", "orders.email", "orders.location", "orders.note"),
        *("orders.receiver_name", "orders.receiver_phone"),
        *("order_event.words", "audit_log_entry.words", "outbox_email.recipient", "outbox_email.body"),
        *("callback_record.raw", "callback_record.headers", "callback_record.reason"),
        *("ledger_entry.reason", "review_flag.words", "review_flag.resolution", "stock_entry.reason"),
        *("review.name", "review.text", "review.reply", "back_in_stock_request.contact"),
        "order_search_term.word",
    }
    with app.app_context():  # a new table must be filled by `_write_everywhere` and cleared by `_anonymise`
        about = [table for table in db.metadata.sorted_tables if {"order_id", "attempt_id"} & set(table.c.keys())]
        assert [table.name for table in about if db.session.execute(select(table).limit(1)).first() is None] == []
    files = list((tmp_path / "instance" / "mail").iterdir())
    assert files
    before = kept_of(app)

    reply = ask(owner)

    assert reply.status_code == 303
    assert last_audit_words(app) == "Anonymised the buyer"
    assert "The buyer of 1 order is anonymised" in owner.get(reply.location).text
    assert traces(app) == set()
    assert not [file for file in files if file.exists()]
    order = order_of(app)
    for term, found in (("akinyi", False), (order.number, True), (SKU, True), (bought.reference, True)):
        page = owner.get("/admin/", query_string={"tab": "all", "q": term}).text
        assert (f"/admin/orders/{order.number}" in page) is found, term
    assert kept_of(app) == before
    assert (order.full_name, order.phone_number, order.email) == (ANONYMISED_NAME, "", "")
    with app.app_context():
        assert (_order().collection_code, _order().offered_codes) == ("", [])
        assert "Payment received" in [event.words for event in _order().events]


@pytest.mark.parametrize(("answers", "text"), [({}, "Noted"), ({"review_texts": "1"}, "")])
def test_a_review_stays_without_its_name_and_loses_its_text_if_that_is_asked(app, owner, bought, answers, text):
    with app.app_context():
        write(lambda: db.session.execute(update(Review).values(text="Noted")))
    form = hidden_fields(owner.get("/admin/").text)
    assert "Delete the text of the reviews too" in owner.get(f"/admin/privacy?who={EMAIL}").text

    assert owner.post("/admin/privacy/anonymise", {**form, "who": EMAIL, "typed": EMAIL, **answers}).status_code == 303
    with app.app_context():
        review = db.session.query(Review).one()
        assert (review.name, review.stars, review.text) == ("A buyer", 5, text)
    assert "How do you like it?" not in Shopper(app).get(bought.order_path).text


def test_pages_show_that_an_order_is_anonymised_and_offer_no_call(app, owner, bought):
    ask(owner)
    number = order_of(app).number
    page = Shopper(app).get(bought.order_path).text

    assert "were removed from this order on" in page and "KSh" in page
    assert ANONYMISED_NAME in owner.get("/admin/?tab=all").text
    assert "Anonymised" in owner.get("/admin/emails?tab=files").text
    for address in (
        *("/admin/?tab=all", f"/admin/orders/{number}", f"/admin/orders/{number}/link", "/admin/review"),
        *(f"/admin/slips?slip={slip}&order={number}" for slip in ("packing", "receipt", "rider")),
    ):
        page = owner.get(address).text
        assert not re.search(r'href="(?:tel:\+?"|https://wa\.me/(?:\?|")|mailto:")', page), address


def test_later_callbacks_and_lookups_bring_no_personal_data_back(app, owner, bought):
    ask(owner)
    assert bought.post_callback(bought.callback(message=f"Again from {NAME}")).status_code == 200
    visitor = Shopper(app)
    form = hidden_fields(visitor.get("/orders/find").text)
    visitor.post("/orders/find", {**form, "order_number": order_of(app).number, "phone_number": PHONE})

    assert traces(app) == set()
    with app.app_context():
        assert all(email.sent_at and not email.body for email in db.session.query(OutboxEmail))


def test_a_waiting_email_of_an_anonymised_buyer_is_not_sent(app, owner, shopper):
    shopper.buy(full_name=NAME, phone_number=PHONE, email=EMAIL)
    with app.app_context():
        write(lambda: db.session.execute(update(Order).values(payment="refunded")))
    ask(owner)

    with app.app_context():
        assert send_due(app.config["SETTINGS"], utcnow() + timedelta(hours=1)) == 0
        assert db.session.query(OutboxEmail).all() == []


UNFINISHED = [
    ({"payment": "awaiting"}, "still waits for its payment"),
    ({"payment": "review"}, "must be reviewed first"),
    ({"payment": "paid"}, "is paid and has not arrived"),
    ({"payment": "paid", "fulfilment": "packed"}, "is paid and has not arrived"),
    ({"payment": "paid", "fulfilment": "sent"}, "is paid and has not arrived"),
    ({"payment": "refunded", "refund_due": True}, "must be refunded first"),
    ({"payment": "expired", "placed_at": utcnow()}, "placed less than 7 days ago"),
]
FINISHED = [
    {"payment": "paid", "fulfilment": "delivered"},
    {"payment": "paid", "fulfilment": "collected"},
    {"payment": "refunded"},
    {"payment": "expired"},
    {"payment": "cancelled"},
]


@pytest.mark.parametrize(("fields", "words"), UNFINISHED)
def test_while_an_order_needs_work_its_buyer_is_not_anonymised_and_the_page_says_why(app, owner, fields, words):
    finished = order_factory.order(placed_at=utcnow() - LONG_AGO, payment="expired")
    order_factory.keep(app, finished, order_factory.order(**{"placed_at": utcnow() - LONG_AGO, **fields}))

    assert words in owner.get(f"/admin/privacy?who={OTHER}").text
    assert ask(owner, OTHER).status_code == 422
    with app.app_context():
        assert [order.anonymised_at for order in db.session.query(Order)] == [None, None]


@pytest.mark.parametrize("fields", FINISHED)
def test_a_finished_order_is_anonymised(app, owner, fields):
    order_factory.keep(app, order_factory.order(placed_at=utcnow() - LONG_AGO, **fields))

    assert ask(owner, OTHER).status_code == 303
    order = order_of(app)
    assert order.anonymised_at
    assert why_not_anonymised(order, utcnow()) is None


def test_the_buyer_must_be_typed_again_to_confirm(app, owner):
    order_factory.keep(app, order_factory.order(payment="refunded"))
    for typed in ("", "0722", "0722000112", "yes", CANARY, "\0", "x" * 5000):
        reply = ask(owner, OTHER, typed)
        assert (reply.status_code, '<a href="#typed">' in reply.text) == (422, True)

    assert order_of(app).anonymised_at is None


def test_an_invalid_buyer_is_reported_beside_the_field_and_an_unknown_one_in_words(owner):
    for who in ("", "x", "07", CANARY, "\0", "x" * 5000, "+4412345678"):
        replies = [
            owner.get("/admin/privacy", query_string={"who": who}),
            ask(owner, who),
            ask(owner, who, act="export"),
        ]
        assert [reply.status_code for reply in replies] == [422] * 3
        assert all('<a href="#who">' in reply.text for reply in replies)

    assert "There is no order with" in owner.get("/admin/privacy?who=nobody@example.com").text


def test_page_and_export_have_all_data_of_the_buyer_and_no_secrets(app, owner, bought):
    order_factory.keep(app, order_factory.order(full_name="Somebody Else", email="else@example.com"))
    page = owner.get("/admin/privacy?who=+254733987654").text
    reply = ask(owner, EMAIL, act="export")

    for words in (NAME, PHONE, EMAIL, PLACE, NOTE, "1 order with 0733 987 654"):
        assert words in page
    held = json.loads(reply.text)["held"]
    assert "attachment" in reply.headers["Content-Disposition"]
    assert set(held) >= {"orders", "order_line", "order_event", "payment_attempt", "callback_record", "outbox_email"}
    assert held["orders"][0]["full_name"] == NAME
    assert NAME in held["callback_record"][0]["raw"]
    assert "Somebody Else" not in reply.text
    keys = {"token", "checkout_key", "secret_hash", "idempotency_key"}
    assert not [table for table, rows in held.items() if keys & set(rows[0])]
    assert last_audit_words(app) == "Exported the personal data of the buyer of 1 order"


def test_privacy_is_for_owners_who_confirmed_their_password(owner, staff):
    assert staff.get("/admin/privacy").status_code == 403
    form = {**hidden_fields(owner.get("/admin/").text), "who": PHONE, "typed": PHONE}
    with owner.browser.session_transaction("/admin/") as session:
        session[CONFIRMED_AT] = 0
    assert owner.get("/admin/privacy").location.startswith("/admin/confirm?next=/admin/privacy")
    for act in ("anonymise", "export"):
        headers = {"Referer": f"http://localhost/admin/privacy?who={PHONE}"}
        reply = owner.browser.post(f"/admin/privacy/{act}", data=form, headers=headers)
        assert (reply.status_code, reply.location) == (303, "/admin/confirm?next=/admin/kept-form")
        assert owner.get(f"/admin/privacy/{act}").location == "/admin/privacy"
