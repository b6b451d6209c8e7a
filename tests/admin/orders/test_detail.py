"""The page of one order, with its payment attempts, callbacks and timeline."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from shop.admin.orders import detail_views
from shop.admin.orders.timeline import MAX_ENTRIES
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments.models import AttemptState
from tests import both_databases, order_factory
from tests.admin.orders.order_pages import new_email, order_of, timeline
from tests.order_factory import NOON
from tests.page_checks import CANARY
from tests.query_counter import counted


@pytest.fixture
def bought(shopper):
    """An order that waits for its payment."""
    return shopper.buy(quantity=2, full_name=f"Wanjiru {CANARY}", note=f"Gate {CANARY}")


def page_of(app, owner) -> str:
    with app.app_context():
        return owner.get(f"/admin/orders/{db.session.query(Order.number).scalar()}").text


def callbacks_shown(owner) -> list[str]:
    return ["".join(block.itertext()) for block in owner.page.iter("pre")]


def test_the_page_says_who_bought_what_and_where_it_goes(app, owner, bought):
    bought.post_callback(bought.callback())
    page = page_of(app, owner)

    for words in (
        'href="tel:+254712345678"',
        'href="mailto:buyer@example.com"',
        "Near the stage, blue gate",
        "Nairobi CBD",
        "Gate &lt;canary&gt;",
        f"Payment {bought.reference}",
        "Asked for",
        "M-PESA",
        "row R3",
        "Paid in full.",
        "Not packed yet",
        "Payment received",
        f'href="{bought.order_path}"',
        f"2 × KSh {(bought.total - 200) // 2:,}",
        f"KSh {bought.total:,}",
    ):
        assert words in page, words


def test_every_attempt_shows_its_result_newest_first(app, owner, bought):
    bought.post_callback(bought.failure())
    bought.shopper.provider.behaviour = "html"
    bought.shopper.post(bought.order_path + "/pay", {})
    page = page_of(app, owner)

    assert page.index("No payment page") < page.index(f"Payment {bought.reference}")
    for words in ("is no JSON object. Nothing of it was used.", "The M-PESA balance was too low.", "row R6"):
        assert words in page


def test_the_page_says_first_what_needs_a_decision_and_the_timeline_once(app, owner, bought, ledger):
    bought.post_callback(bought.callback(amount="7"))
    bought.post_callback(b"{")
    page = page_of(app, owner)
    assert "Do not send anything yet. The amount paid is not the amount requested, so a person must decide." in page
    assert f"Requested KSh {bought.total:,}, Chpter reports KSh 7." in page
    warnings = [line for line in timeline(owner, ledger.column("number", bought)) if line.startswith("Warning:")]
    assert len([line for line in warnings if "Row R4: The amount paid is not the amount requested" in line]) == 1

    due, free = order_factory.keep(
        app,
        order_factory.order(payment=Payment.PAID, refund_due=True, paid_late=True),
        order_factory.order(payment=Payment.PAID, total=0),
    )
    page = owner.get(f"/admin/orders/{due}").text
    for words in ("Refund due: more money", "Paid late: the payment was received"):
        assert page.index(words) < page.index(">Products</h2>")
    assert "Nothing had to be paid." in owner.get(f"/admin/orders/{free}").text


def test_a_callback_is_shown_as_it_came_and_is_harmless(app, owner, bought):
    message = f"</pre><script>alert(1)</script>{CANARY}"
    bought.post_callback(bought.callback(message=message, amount="<b>1</b>"), headers={"User-Agent": f"{CANARY}/1.0"})
    page_of(app, owner)

    headers, body = callbacks_shown(owner)[-2:]
    assert json.loads(body)["message"] == message
    assert "User-Agent: " + CANARY in headers


def test_invisible_characters_of_a_callback_are_made_visible(app, owner):
    raw = {
        b"\xff\xfe\x00\x01bin\x7f": "\ufffd\ufffd[U+0000][U+0001]bin[U+007F]",
        b"\n\n first line": "\n\n first line",
        b"a\r\nb\tc": "a[U+000D]\nb\tc",
        "abc\u202egnip\u200b\ufeff\ufffe".encode(): "abc[U+202E]gnip[U+200B][U+FEFF][U+FFFE]",
        "\u2028\x85".encode(): "[U+2028][U+0085]",
        "Wanjirũ 🧺".encode(): "Wanjirũ 🧺",
    }
    callbacks = [order_factory.callback(b"", claim=""), *(order_factory.callback(one, row="R1") for one in raw)]
    (number,) = order_factory.keep(app, order_factory.order(attempts=[order_factory.attempt(callbacks=callbacks)]))
    page = owner.get(f"/admin/orders/{number}").text

    assert callbacks_shown(owner)[::-1] == list(raw.values())
    assert page.count("Not UTF-8 text") == 1
    assert "Can’t be read" in page
    assert "0 bytes" in page and "8 bytes" in page


def test_no_admin_page_shows_the_callback_address(app, owner, bought):
    token = bought.callback_path.rsplit("/", 1)[1]
    bought.post_callback(bought.callback())
    page = page_of(app, owner)

    assert bought.reference in page
    for secret in (token, token.split(".")[0], "/chpter/callbacks"):
        assert secret not in page


@both_databases
def test_many_attempts_callbacks_and_events_are_counted_not_shown_and_cost_ten_queries(app, owner):
    many = [order_factory.callback(f"call {n}".encode()) for n in range(53)]
    attempts = [
        order_factory.attempt(),
        *(order_factory.attempt(state=AttemptState.SUPERSEDED) for _ in range(21)),
        order_factory.attempt(callbacks=many),
    ]
    order = order_factory.order(attempts=attempts)
    for n in range(104):
        order.record(f"event {n}")
    (number,) = order_factory.keep(app, order)
    with counted(app) as queries:
        page = owner.get(f"/admin/orders/{number}").text

    assert page.count("What was sent") == detail_views.MAX_CALLBACKS
    assert "And 3 older callbacks of this payment, not shown." in page
    assert "call 52" in page and "call 2<" not in page
    assert "And 3 older, not shown." in page
    assert "81 older entries, not shown." in page  # of 105 events, 23 attempts and 53 callbacks
    assert len(timeline(owner, number)) == MAX_ENTRIES
    assert "event 2<" not in page
    # the login, order, lines, attempts, callbacks, events, emails, stock, the buyer's other orders, the menu
    assert len(queries) == 10


def test_an_order_that_does_not_exist_is_not_found(owner):
    for number in ("99999999", "x", "1234567890123456789012345", "٤٠٧١٨٢٩٣", "%00", "-1", "1'--"):
        assert owner.get(f"/admin/orders/{number}").status_code == 404
        assert owner.get(f"/admin/orders/{number}/link").status_code == 404


def test_every_state_has_words_and_so_has_every_error_of_a_session(app, owner):
    errors = {
        "timeout": "No full answer came before the deadline. The connection was cut; a session may exist there.",
        "http_error": "The provider answered with an HTTP error. It was asked once and not again.",
        "wrong_request": "A field of the request was not valid for Chpter; nothing was sent.",
        "repeated_link": "Chpter returned a payment link that it had returned before; the shop did not use it.",
        "new_code": "The payment page could not be opened (new_code).",
    }
    attempts = [order_factory.attempt(state=state, reason="new", method="NEW") for state in AttemptState]
    failed = [order_factory.attempt(state=AttemptState.CREATE_FAILED, create_error=code) for code in errors]
    number, *numbers = order_factory.keep(
        app,
        order_factory.order(attempts=attempts + failed),
        *(order_factory.order(payment=state) for state in Payment),
    )

    for address in ("/admin/", *(f"/admin/orders/{number}" for number in numbers)):
        assert owner.get(address).status_code == 200
    page = owner.get(f"/admin/orders/{number}").text
    assert [words for words in errors.values() if words not in page] == []


def test_the_menu_shows_where_a_page_belongs(app, owner):
    waiting, review = order_factory.keep(app, order_factory.order(), order_factory.order(payment=Payment.REVIEW))
    pages = {
        f"/admin/orders/{waiting}": "Orders",
        f"/admin/orders/{waiting}/mark-paid": "Orders",
        f"/admin/orders/{review}/resolve": "Orders",
        "/admin/review": "To review",
        "/admin/mpesa-codes": "To review",
        "/admin/reconciliation": "To review",
    }
    for address, name in pages.items():
        owner.get(address)
        current = owner.page.findall(".//nav[@aria-label='Admin']/div//a[@aria-current]")
        assert [link.text.strip() for link in current] == [name]


def test_an_order_past_its_time_is_not_said_to_be_held(app, owner, bought):
    with app.app_context():
        db.session.execute(update(Order).values(expires_at=utcnow() - timedelta(minutes=22)))
        db.session.commit()
    page = page_of(app, owner)

    assert "expired " in page
    assert ", held until" not in page


def test_the_page_links_to_whatsapp_and_to_the_buyers_other_orders(app, owner):
    numbers = order_factory.keep(app, order_factory.order(note="Gate code 4711"), order_factory.order())
    owner.get(f"/admin/orders/{numbers[0]}")
    links = [link for link in owner.page.iter("a") if link.get("href")]

    [whatsapp] = [urlsplit(link.get("href")) for link in links if link.get("href").startswith("https://wa.me/")]
    token = order_of(app, numbers[0]).token
    words = f"Hello, this is Mkono about your order {numbers[0]}: http://localhost/orders/{token}"
    assert (whatsapp.path, parse_qs(whatsapp.query)) == ("/254722000111", {"text": [words]})
    [others] = [link.get("href") for link in links if link.text == "All orders with this phone number"]
    page = owner.get(others).text
    assert all(f"orders/{number}" in page for number in numbers)


@both_databases
def test_everything_is_in_one_list_newest_first_with_who_did_it(owner, bought, ledger):
    bought.post_callback(bought.failure())
    bought.post_callback(bought.callback())
    number = ledger.column("number", bought)

    lines = timeline(owner, number)

    def place(words: str) -> int:
        return next(index for index, line in enumerate(lines) if line.startswith(words))

    newest_first = [
        "Payment received",
        f"Called back: says paid, KSh {bought.total:,}. Row R3: Paid in full.",
        "Called back: says not paid",
        f"Went to pay KSh {bought.total:,}, {bought.reference}",
        "Order placed",
    ]
    assert [place(words) for words in newest_first] == sorted(place(words) for words in newest_first)
    assert lines[place("Called back: says paid")].endswith(", Chpter")
    assert lines[-1].endswith(", Buyer, visible to the buyer")
    assert place(f"Email “Receipt for your order {number}” to buyer@example.com") < len(lines)
    assert "KIO-CLA-TER: on hand −2, held −2. Sold" in lines[place("Stock of ")]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "waits to be sent"),
        (
            {"tries": 3, "last_error": "TimeoutError"},
            "not accepted yet, 3 tries: The mail server did not answer in time",
        ),
        (
            {"tries": 1, "unanswered": 1, "last_error": "TimeoutError"},
            "not accepted yet, 1 try: The mail server did not",
        ),
        (
            {"tries": 1, "ended_at": NOON, "last_error": "SMTPRecipientsRefused 550 5.1.1"},
            "given up after 1 try: The mail server does not accept emails for this address (550 5.1.1)",
        ),
        ({"sent_at": NOON, "kept_as_file": True}, "kept as a file, not delivered"),
        ({"sent_at": NOON}, "sent 2 Nov 2026, 12:00"),
    ],
)
def test_an_email_shows_its_status(app, owner, fields, words):
    (number,) = order_factory.keep(app, order_factory.order())
    order_id = order_of(app, number).id
    with app.app_context():
        write(lambda: db.session.add(new_email(order_id=order_id, **fields)))

    [line] = [line for line in timeline(owner, number) if "On its way" in line]
    assert f"to a@example.com: {words}" in line
    assert line.startswith("Warning:") == ("given up" in words)
