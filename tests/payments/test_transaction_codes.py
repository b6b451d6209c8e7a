"""The transaction code that Chpter may report with a success: stored, found, and never counted twice unnoticed."""

from sqlalchemy import select

from shop.core.database import db, write
from shop.orders.models import Order, OrderSearchTerm
from shop.payments import manual_payments
from shop.payments.manual_payments import ManualPayment
from shop.payments.models import LedgerEntry, ReviewFlag, ReviewReason

CODE = "SKA1B2C3D4"


def books(app) -> list[tuple[int, str | None]]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(select(LedgerEntry.amount, LedgerEntry.code))]


def found_by(app, word: str) -> int:
    with app.app_context():
        return len(
            db.session.scalars(select(OrderSearchTerm.order_id).where(OrderSearchTerm.word == word.lower())).all()
        )


def checks(app) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(ReviewFlag.words).where(ReviewFlag.kind == ReviewReason.CODE_TWICE)))


def test_the_code_of_a_success_is_in_the_ledger_and_finds_the_order(app, bought, expect_order):
    bought.post_callback(bought.callback(transaction_code=CODE.lower()))

    expect_order("paid", "paid", "sold")
    assert books(app) == [(bought.total, CODE)]
    assert found_by(app, CODE) == 1
    assert checks(app) == []


def test_a_code_never_pays(app, bought, expect_order):
    bought.post_callback(bought.callback(transaction_code=CODE, amount="1"))

    expect_order("review", "review")
    assert books(app) == []
    assert found_by(app, CODE) == 1


def test_a_code_that_is_in_the_ledger_flags_the_order_which_is_paid(app, shopper, bought, ledger, expect_order):
    other = shopper.buy(sku="STA-BEA-ONE")
    with app.app_context():
        order = db.session.scalars(select(Order).filter_by(token=other.order_path.rsplit("/", 1)[1])).one()
        money = ManualPayment(other.total, "MPESA", CODE, "Seen on the phone")
        write(lambda: manual_payments.mark_paid(order, order.payment, money, "owner@example.com"))
        number = order.number

    assert bought.post_callback(bought.callback(transaction_code=CODE)).status_code == 200

    assert ledger.order_state(bought).order == "paid"
    assert sorted(books(app), key=str) == sorted([(other.total, CODE), (bought.total, None)], key=str)
    [words] = checks(app)
    assert number in words and CODE in words


def test_a_second_code_for_one_payment_is_flagged_for_review(app, bought, expect_order):
    bought.post_callback(bought.callback(transaction_code=CODE))
    bought.post_callback(bought.callback(transaction_code=CODE))
    assert checks(app) == []
    bought.post_callback(bought.callback(transaction_code="SKA1B2C3D5"))

    expect_order("paid", "paid", "sold")
    [words] = checks(app)
    assert CODE in words and "SKA1B2C3D5" in words


def test_codes_of_cards_and_of_failures_are_not_m_pesa_codes(app, shopper, bought):
    bought.post_callback(bought.failure(transaction_code="SKA1B2C3D5"))
    assert found_by(app, "SKA1B2C3D5") == 0
    bought.post_callback(bought.callback(transaction_code=CODE, payment_method="CARD"))

    assert books(app) == [(bought.total, None)]
    assert found_by(app, CODE) == 1


def test_the_code_of_an_accepted_payment_is_in_the_ledger(app, bought, ledger):
    bought.post_callback(bought.callback(transaction_code=CODE, amount=str(bought.total - 1)))
    with app.app_context():
        order = db.session.scalars(select(Order).filter_by(token=bought.order_path.rsplit("/", 1)[1])).one()
        write(lambda: manual_payments.accept(order, bought.total - 1, "owner@example.com", write_off=1))

    assert books(app) == [(bought.total - 1, CODE)]
