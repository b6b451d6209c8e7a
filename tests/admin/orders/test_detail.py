"""The page of one order, with its attempts and callbacks."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from shop.admin.orders import detail_views
from shop.admin.orders.timeline import MAX_ENTRIES
from shop.core.clock import utcnow
from shop.core.database import db
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments.models import AttemptState
from tests import both_databases, order_factory
from tests.page_checks import CANARY
from tests.query_counter import counted
from tests.shopper import Bought, Shopper


@pytest.fixture
def bought(app, provider) -> Bought:
    """An order that waits for its payment."""
    return Shopper(app, provider).buy(quantity=2, full_name=f"Wanjiru {CANARY}", note=f"Gate {CANARY}")


def _number(app) -> str:
    with app.app_context():
        return db.session.query(Order.number).order_by(Order.id.desc()).limit(1).scalar()


def _page(app, owner) -> str:
    reply = owner.get(f"/admin/orders/{_number(app)}")
    assert reply.status_code == 200
    return reply.text


@both_databases
def test_the_page_says_who_bought_what_and_where_it_goes(app, owner, bought):
    bought.post_callback(bought.callback())
    page = _page(app, owner)

    for said in (
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
        assert said in page, said


@both_databases
def test_every_attempt_tells_its_own_story(app, owner, bought):
    bought.post_callback(bought.failure())
    bought.shopper.provider.behaviour = "html"
    bought.shopper.post(bought.order_path + "/pay", {})
    page = _page(app, owner)

    assert page.index("No payment page") < page.index(f"Payment {bought.reference}")
    assert "is no JSON object. Nothing of it was used." in page
    assert "The M-PESA balance was too low." in page
    assert "row R6" in page


def test_an_order_to_check_says_why_and_what_not_to_do(app, owner, bought):
    bought.post_callback(bought.callback(amount="7"))
    bought.post_callback(b"{")
    page = _page(app, owner)

    assert "Do not send anything yet. The amount paid is not the amount requested, so a person must decide." in page
    assert f"Requested KSh {bought.total:,}, Chpter reports KSh 7." in page


def test_money_to_give_back_is_said_first(app, owner):
    number = order_factory.keep(app, order_factory.order(payment=Payment.PAID, refund_due=True, paid_late=True))[0]
    page = owner.get(f"/admin/orders/{number}").text

    assert page.index("Refund due: more money") < page.index(">Products</h2>")
    assert page.index("Paid late: the payment was received") < page.index(">Products</h2>")


def test_what_was_sent_is_shown_to_the_letter_and_harmless(app, owner, bought):
    message = f"</pre><script>alert(1)</script>{CANARY}"
    bought.post_callback(bought.callback(message=message, amount="<b>1</b>"), headers={"User-Agent": f"{CANARY}/1.0"})
    _page(app, owner)
    shown = _raw(owner)

    assert json.loads(shown[-1])["message"] == message
    assert "User-Agent: " + CANARY in shown[-2]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\xff\xfe\x00\x01bin\x7f", "\ufffd\ufffd[U+0000][U+0001]bin[U+007F]"),
        (b"\n\n first line", "\n\n first line"),
        (b"a\r\nb\tc", "a[U+000D]\nb\tc"),
        ("abc\u202egnip\u200b\ufeff\ufffe".encode(), "abc[U+202E]gnip[U+200B][U+FEFF][U+FFFE]"),
        ("\u2028\x85".encode(), "[U+2028][U+0085]"),
        ("Wanjirũ 🧺".encode(), "Wanjirũ 🧺"),
    ],
)
def test_bytes_that_hide_are_made_visible(app, owner, raw, shown):
    number = order_factory.keep(
        app, order_factory.order(attempts=[order_factory.attempt(callbacks=[order_factory.callback(raw, row="R1")])])
    )[0]
    page = owner.get(f"/admin/orders/{number}").text

    assert _raw(owner)[-1] == shown
    assert ("Not UTF-8 text" in page) == (b"\xff" in raw)
    assert f"{len(raw)} bytes" in page


def test_an_empty_callback_is_shown_as_empty(app, owner):
    number = order_factory.keep(
        app, order_factory.order(attempts=[order_factory.attempt(callbacks=[order_factory.callback(b"", claim="")])])
    )[0]
    page = owner.get(f"/admin/orders/{number}").text

    assert "Can’t be read" in page
    assert "0 bytes" in page


def test_no_admin_page_shows_the_callback_address(app, owner, bought):
    token = bought.callback_path.rsplit("/", 1)[1]
    bought.post_callback(bought.callback())
    page = _page(app, owner)

    assert bought.reference in page
    for secret in (token, token.split(".")[0], "/chpter/callbacks"):
        assert secret not in page


@both_databases
def test_a_flood_of_callbacks_is_counted_not_shown(app, owner):
    flood = [order_factory.callback(f"call {n}".encode()) for n in range(53)]
    tries = [
        order_factory.attempt(),
        *(order_factory.attempt(state=AttemptState.SUPERSEDED) for _ in range(21)),
        order_factory.attempt(callbacks=flood),
    ]
    flooded = order_factory.order(attempts=tries)
    for n in range(104):
        flooded.record(f"event {n}")
    number = order_factory.keep(app, flooded)[0]
    page = owner.get(f"/admin/orders/{number}").text

    assert page.count("What was sent") == detail_views.MAX_CALLBACKS
    assert "And 3 older callbacks of this payment, not shown." in page
    assert "call 52" in page
    assert "call 2<" not in page
    assert "And 3 older, not shown." in page
    assert "81 older entries, not shown." in page  # of 105 events, 23 tries and 53 callbacks
    shown = ["".join(one.itertext()) for one in owner.page.findall(".//ol[@class='timeline timeline--admin']/li")]
    assert len(shown) == MAX_ENTRIES
    assert "event 2<" not in page


@both_databases
def test_the_page_asks_the_database_ten_times(app, owner):
    tries = [order_factory.attempt(callbacks=[order_factory.callback() for _ in range(5)]) for _ in range(6)]
    number = order_factory.keep(app, order_factory.order(attempts=tries))[0]

    with counted(app) as queries:
        assert owner.get(f"/admin/orders/{number}").status_code == 200

    # who is there, order, lines, attempts, callbacks, events, mails, stock, the buyer's other orders, the menu
    assert len(queries) == 10


def test_a_free_order_had_nothing_to_be_paid(app, owner):
    number = order_factory.keep(app, order_factory.order(total=0, payment=Payment.PAID))[0]

    assert "Nothing had to be paid." in owner.get(f"/admin/orders/{number}").text


@pytest.mark.parametrize("number", ["99999999", "x", "1234567890123456789012345", "٤٠٧١٨٢٩٣", "%00", "-1", "1'--"])
def test_an_order_nobody_placed_is_not_found(owner, number):
    assert owner.get(f"/admin/orders/{number}").status_code == 404


def test_every_state_has_words(app, owner):
    new = {"create_error": "new_code", "reason": "new", "method": "NEW"}
    tries = [order_factory.attempt(state=state, **new) for state in AttemptState]
    numbers = order_factory.keep(
        app, order_factory.order(attempts=tries), *(order_factory.order(payment=state) for state in Payment)
    )

    for address in ("/admin/", *(f"/admin/orders/{number}" for number in numbers)):
        assert owner.get(address).status_code == 200


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("timeout", "No full answer came before the deadline. The connection was cut; a session may exist there."),
        ("http_error", "The provider answered with an HTTP error. It was asked once and not again."),
        (
            "wrong_request",
            "A field of the request was not valid for Chpter; nothing was sent. The timeline names the field.",
        ),
        ("repeated_link", "Chpter returned a payment link that it had returned before; the shop did not use it."),
        ("new_code", "The payment page could not be opened (new_code)."),
    ],
)
def test_the_merchant_reads_why_no_payment_page_was_opened(app, owner, code, text):
    failed = order_factory.attempt(state=AttemptState.CREATE_FAILED, create_error=code)
    (number,) = order_factory.keep(app, order_factory.order(attempts=[failed]))

    assert text in owner.get(f"/admin/orders/{number}").text


def _raw(owner) -> list[str]:
    return ["".join(block.itertext()) for block in owner.page.iter("pre")]


def test_whatever_is_done_about_an_orders_money_stands_under_orders(app, owner):
    waiting, review = order_factory.keep(
        app, order_factory.order(payment=Payment.AWAITING), order_factory.order(payment=Payment.REVIEW)
    )
    rooms = {
        f"/admin/orders/{waiting}": "Orders",
        f"/admin/orders/{waiting}/mark-paid": "Orders",
        f"/admin/orders/{review}/decide": "Orders",
        "/admin/checks": "To review",
        "/admin/codes": "To review",
        "/admin/money": "To review",
    }

    for address, room in rooms.items():
        assert owner.get(address).status_code == 200
        assert [
            way.text.strip() for way in owner.page.findall(".//nav[@aria-label='Admin']/div//a[@aria-current]")
        ] == [room]


def test_a_time_that_is_over_is_not_said_to_be_still_to_come(app, owner, bought):
    with app.app_context():
        db.session.execute(update(Order).values(expires_at=utcnow() - timedelta(minutes=22)))
        db.session.commit()

    page = _page(app, owner)
    assert "expired " in page
    assert ", held until" not in page
