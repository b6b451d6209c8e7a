"""The settlement table, written a second time as data, against every combination of facts."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from shop.chpter import Claim
from shop.orders.states import Payment
from shop.payments.models import AttemptState, ReviewReason
from shop.payments.settlement_rules import Decision, Facts, decide, decide_unreadable

SAME = "same"

# row, when, attempt becomes, order becomes. The first that matches wins. Words and order are those of the design.
Row = tuple[str, Callable[[Facts], bool], str, str]
TABLE: list[Row] = [
    ("R2", lambda f: not f.reference_matches, SAME, SAME),
    (
        "R7",
        lambda f: no(f) and (f.attempt in ("paid", "review") or f.order in ("paid", "refunded") or decided_by_hand(f)),
        SAME,
        SAME,
    ),
    ("R6", lambda f: no(f), "failed", SAME),
    ("R5", lambda f: unclear(f) and f.order in ("paid", "refunded"), SAME, SAME),
    ("R5", lambda f: unclear(f), "review, paid stays", "awaiting to review"),
    ("R8", lambda f: f.attempt == "paid", SAME, SAME),
    ("R4", lambda f: not f.amount_matches, "review", "awaiting to review"),
    ("R4", lambda f: f.from_browser, "review", "awaiting to review"),
    ("R3c", lambda f: f.attempt in ("creating", "create_failed"), "review", "awaiting to review"),
    ("R3d", lambda f: f.attempt != "review" and f.order == "review" and f.completes and f.stock_free, "paid", "paid"),
    ("R9", lambda f: f.attempt == "review" or f.order == "review", "paid unless review", SAME),
    ("R3", lambda f: f.order == "awaiting", "paid", "paid"),
    ("R3a", lambda f: f.order == "expired" and f.stock_free, "paid", "paid"),
    ("R3b", lambda f: f.order == "expired", "paid", "review"),
    ("R10", lambda f: f.order == "cancelled", "paid", SAME),
    ("R11", lambda f: f.order in ("paid", "refunded"), "paid", SAME),
]
ALERTED = {"R2", "R5", "R4", "R3c", "R9", "R3b", "R10", "R11"}  # and R8 when the sum differs
DOCUMENTED = Path(__file__).parents[2] / "docs" / "settling.md"
EITHER = (True, False)
EVERY = [
    Facts(*facts) for facts in product(Claim, EITHER, EITHER, EITHER, AttemptState, Payment, EITHER, EITHER, EITHER)
]


@pytest.fixture
def decided() -> list[tuple[Facts, Decision]]:
    """Every combination, and what is decided."""
    return [(facts, decide(facts)) for facts in EVERY]


def no(facts: Facts) -> bool:
    return facts.claim == "no"


def unclear(facts: Facts) -> bool:
    return facts.claim == "unclear"


def decided_by_hand(facts: Facts) -> bool:
    return facts.order == "review" and not facts.completes


def looked_up(facts: Facts) -> tuple[str, str, str]:
    """Row and both states afterwards, by the table above."""
    row, _, attempt, order = next(row for row in TABLE if row[1](facts))
    attempts = {
        SAME: facts.attempt,
        "review, paid stays": "paid" if facts.attempt == "paid" else "review",
        "paid unless review": "review" if facts.attempt == "review" else "paid",
    }
    orders = {SAME: facts.order, "awaiting to review": "review" if facts.order == "awaiting" else facts.order}
    return row, attempts.get(attempt, attempt), orders.get(order, order)


def test_every_combination_is_decided_as_the_table_says(decided):
    wrong = [
        (facts, decision)
        for facts, decision in decided
        if (decision.row, decision.attempt, decision.order) != looked_up(facts)
    ]

    assert len(EVERY) == 3 * 2 * 2 * 2 * 7 * 6 * 2 * 2 * 2
    assert not wrong


def test_every_row_of_the_table_is_reached(decided):
    assert {decision.row for _, decision in decided} == {row[0] for row in TABLE}


def test_an_order_becomes_paid_only_by_a_full_payment_that_can_be_believed(decided):
    paying = [facts for facts, decision in decided if decision.order == "paid" != facts.order]

    assert paying
    for facts in paying:
        assert facts.claim == "yes"
        assert facts.reference_matches
        assert facts.amount_matches
        assert not facts.from_browser
        assert facts.attempt in ("open", "failed", "superseded")
        rest = facts.order == "review" and facts.completes
        assert facts.order == "awaiting" or ((facts.order == "expired" or rest) and facts.stock_free)


def test_exactly_these_few_combinations_make_an_order_paid(decided):
    # three attempt states; an awaiting order, with any stock and remaining payment, an expired one with stock, and one
    # in review with stock whose remaining payment this is; each of them late or not
    assert sum(decision.order == "paid" != facts.order for facts, decision in decided) == 3 * (4 + 2 + 1) * 2


def test_a_failure_never_undoes_a_payment(decided):
    for facts, decision in decided:
        if facts.claim == "no":
            assert decision.order == facts.order
            assert facts.attempt not in ("paid", "review") or decision.attempt == facts.attempt
            assert decision.attempt in (facts.attempt, "failed")


def test_a_paid_attempt_stays_paid(decided):
    assert all(decision.attempt == "paid" for facts, decision in decided if facts.attempt == "paid")


def test_no_callback_changes_an_order_that_is_settled_or_in_review(decided):
    for facts, decision in decided:
        if facts.order in ("paid", "refunded", "cancelled") or decided_by_hand(facts):
            assert decision.order == facts.order


def test_an_order_never_ends_or_waits_again_because_of_a_callback(decided):
    moves = {(facts.order, decision.order) for facts, decision in decided if decision.order != facts.order}

    first = {("awaiting", "paid"), ("awaiting", "review"), ("expired", "paid"), ("expired", "review")}
    assert moves == {*first, ("review", "paid")}  # once the rest has come


def test_an_attempt_moves_only_along_the_states(decided):
    moves = {(facts.attempt, decision.attempt) for facts, decision in decided if decision.attempt != facts.attempt}

    assert {becomes for _, becomes in moves} == {"paid", "failed", "review"}
    assert not [move for move in moves if move[0] in ("paid", "review")]
    assert not [move for move in moves if move[0] in ("creating", "create_failed") and move[1] == "paid"]


def test_a_refund_is_due_only_for_an_attempt_that_is_paid_and_an_order_that_needs_none(decided):
    due = [(facts, decision) for facts, decision in decided if decision.refund_due]

    assert due
    for facts, decision in due:
        assert (decision.attempt, facts.claim) == ("paid", "yes")
        assert facts.attempt != "paid"
        assert facts.order in ("cancelled", "paid", "refunded")


def test_a_payment_that_does_not_pay_the_order_is_alerted(decided):
    for facts, decision in decided:
        if decision.attempt == "paid" != facts.attempt and decision.order != "paid":
            assert decision.alert


def test_only_rows_that_a_merchant_should_know_of_are_alerted(decided):
    for facts, decision in decided:
        other_sum = decision.row == "R8" and not facts.amount_matches
        assert decision.alert == (decision.row in ALERTED or other_sum)


def test_a_repeated_callback_changes_nothing_more(decided):
    for facts, decision in decided:
        again = decide(replace(facts, attempt=decision.attempt, order=decision.order))
        assert (again.attempt, again.order) == (decision.attempt, decision.order)
        assert not again.refund_due


def test_a_callback_of_another_attempt_changes_nothing(decided):
    for facts, decision in decided:
        if not facts.reference_matches:
            assert decision == Decision(
                "R2",
                facts.attempt,
                facts.order,
                decision.reason,
                alert=True,
                review_reason=ReviewReason.MISMATCH,
            )


def test_a_late_payment_is_marked_late_and_takes_the_stock_again_if_the_order_becomes_paid(decided):
    for facts, decision in decided:
        late = decision.row in ("R3a", "R3b") or (decision.row == "R3d" and facts.late)
        assert decision.late == late
        assert decision.takes_stock == (late and decision.order == "paid")


def test_a_transaction_code_is_kept_of_every_success_that_names_its_own_payment(decided):
    assert all(decision.keeps_code == (facts.claim == "yes" and facts.reference_matches) for facts, decision in decided)


def test_the_buyer_is_told_of_a_failure_once(decided):
    for facts, decision in decided:
        assert decision.notify_failure == (decision.row == "R6" and facts.attempt != "failed")


def test_events_that_no_state_shows_are_flagged_for_review(decided):
    flags = {
        "R2": ReviewReason.MISMATCH,
        "R3a": ReviewReason.LATE,
        "R5": ReviewReason.CONTRADICTION,
        "R8": ReviewReason.OTHER_SUM,
    }
    for facts, decision in decided:
        in_review = "review" in (decision.attempt, decision.order)
        hidden = decision.row in ("R2", "R3a") or (decision.row in ("R5", "R8") and decision.alert and not in_review)
        assert decision.review_reason == (flags[decision.row] if hidden else None), facts


def test_an_unreadable_body_changes_no_state_and_is_flagged():
    decision = decide_unreadable(AttemptState.OPEN, Payment.AWAITING, "The body is not UTF-8.")

    assert decision == Decision(
        "R1",
        AttemptState.OPEN,
        Payment.AWAITING,
        "The body is not UTF-8.",
        alert=True,
        review_reason=ReviewReason.UNREADABLE,
    )


def test_every_reason_is_documented_under_its_row(decided):
    chapter = DOCUMENTED.read_text(encoding="utf-8").partition("## The reason kept with it")[2].partition("\n## ")[0]
    rows = [tuple(line.strip("| ").split(" | ")) for line in chapter.splitlines() if line.startswith("| R")]

    assert len(rows) == len(set(rows)) == 17
    assert set(rows) == {(decision.row, decision.reason) for _, decision in decided}
