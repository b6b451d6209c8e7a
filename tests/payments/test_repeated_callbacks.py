"""Further callbacks of a payment: rows R7 to R11 of the settlement table, and R3 after a failure."""

from tests import both_databases
from tests.shopper import Bought

pytestmark = both_databases


def rows(ledger, bought) -> list[str]:
    return [kept.row for kept in ledger.callbacks(bought)]


def test_r7_a_failure_never_undoes_a_payment(bought, ledger, there):
    bought.post_callback(bought.callback())
    bought.post_callback(bought.failure())

    there("paid", "paid", "sold")
    assert rows(ledger, bought) == ["R3", "R7"]
    assert ledger.mails("failed") == 0


def test_r7_a_failure_does_not_take_an_order_out_of_review(bought, ledger, there):
    bought.post_callback(bought.callback(amount="1"))
    bought.post_callback(bought.failure())

    there("review", "review")
    assert rows(ledger, bought) == ["R4", "R7"]


def test_r8_a_repeat_changes_nothing(bought, ledger, there):
    for _ in range(5):
        assert bought.post_callback(bought.callback()).status_code == 200

    there("paid", "paid", "sold")
    assert rows(ledger, bought) == ["R3", "R8", "R8", "R8", "R8"]
    assert not ledger.warnings(bought)


def test_r8_a_repeat_with_another_amount_is_alerted(bought, ledger, there):
    bought.post_callback(bought.callback())
    bought.post_callback(bought.callback(amount="1"))

    there("paid", "paid", "sold")
    assert [kept.alert for kept in ledger.callbacks(bought)] == [False, True]


def test_r9_a_success_is_evidence_for_the_person_who_decides(bought, ledger, there):
    bought.post_callback(bought.callback(response_status=500))
    bought.post_callback(bought.callback())

    there("review", "review")
    assert rows(ledger, bought) == ["R5", "R9"]


def test_r9_a_second_page_paid_while_a_person_decides_is_paid(shopper, bought, ledger, there):
    ledger.put_order(bought, payment="review")

    bought.post_callback(bought.callback())

    there("review", "paid")
    assert rows(ledger, bought) == ["R9"]


def test_r10_a_payment_of_a_cancelled_order_must_be_refunded(bought, ledger, there):
    ledger.cancel(bought)

    assert bought.post_callback(bought.callback()).status_code == 200

    there("cancelled", "paid", "free", refund_due=True)
    assert rows(ledger, bought) == ["R10"]
    assert "refund is due" in ledger.warnings(bought)[-1]


def test_r11_the_second_payment_of_an_order_must_be_refunded(shopper, bought, ledger, there):
    bought.post_callback(bought.failure())
    again = shopper.post(f"{bought.order_path}/pay", {})
    second = Bought(shopper, again.headers["Location"])
    bought.post_callback(bought.callback())
    second.post_callback(second.callback())

    there_twice = ledger.order_state(bought), ledger.order_state(second)
    assert [standing.attempt for standing in there_twice] == ["paid", "paid"]
    assert [standing.order for standing in there_twice] == ["paid", "paid"]
    assert there_twice[0].refund_due
    assert (rows(ledger, bought), rows(ledger, second)) == (["R6", "R3"], ["R11"])
    assert ledger.mails("paid") == 1


def test_one_address_cannot_fill_the_disk(bought, ledger, there):
    for _ in range(60):
        bought.post_callback(bought.callback(response_status=500))
    for _ in range(10):
        bought.post_callback(b"?")

    there("review", "review")
    assert len(ledger.callbacks(bought)) == 50
    assert len(ledger.warnings(bought)) == 50


def test_a_callback_that_changes_a_state_is_kept_however_many_came_before(bought, ledger, there):
    for _ in range(55):
        bought.post_callback(b"?")
    bought.post_callback(bought.callback())

    there("paid", "paid", "sold")
    assert rows(ledger, bought)[-1] == "R3"
