"""The settlement table, written a second time as data, against every combination of facts."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

from shop.chpter import Claim
from shop.orders.states import Payment
from shop.payments.models import AttemptState, ReviewReason
from shop.payments.settlement_rules import Decision, Facts, decide, decide_unreadable

SAME = "same"

# row, when, attempt becomes, order becomes. The first that matches wins.
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
ALERTED = {"R2", "R5", "R4", "R3c", "R9", "R3b", "R10", "R11"}  # and R8 when the amount differs
FLAGS = {
    "R2": ReviewReason.MISMATCH,
    "R3a": ReviewReason.LATE,
    "R5": ReviewReason.CONTRADICTION,
    "R8": ReviewReason.OTHER_SUM,
}
DOCUMENTED = Path(__file__).parents[2] / "docs" / "settling.md"
EITHER = (True, False)
EVERY = [
    Facts(*facts) for facts in product(Claim, EITHER, EITHER, EITHER, AttemptState, Payment, EITHER, EITHER, EITHER)
]
DECIDED = [(facts, decide(facts)) for facts in EVERY]


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


def expected(facts: Facts) -> Decision:
    """The decision by the table above, without its reason."""
    row, attempt, order = looked_up(facts)
    alert = row in ALERTED or (row == "R8" and not facts.amount_matches)
    late = row in ("R3a", "R3b") or (row == "R3d" and facts.late)
    flagged = row in ("R2", "R3a") or (row in ("R5", "R8") and alert and "review" not in (attempt, order))
    return Decision(
        row,
        attempt,
        order,
        reason="",
        alert=alert,
        refund_due=row in ("R10", "R11"),
        late=late,
        takes_stock=late and order == "paid",
        keeps_code=facts.claim == "yes" and facts.reference_matches,
        notify_failure=row == "R6" and facts.attempt != "failed",
        review_reason=FLAGS[row] if flagged else None,
    )


def test_every_combination_is_decided_as_the_table_says():
    wrong = [(facts, decision) for facts, decision in DECIDED if replace(decision, reason="") != expected(facts)]

    assert not wrong
    assert {decision.row for _, decision in DECIDED} == {row[0] for row in TABLE}


def test_an_order_becomes_paid_only_by_a_full_payment_that_can_be_believed():
    paying = [facts for facts, decision in DECIDED if decision.order == "paid" != facts.order]

    assert paying
    for facts in paying:
        assert (facts.claim, facts.reference_matches, facts.amount_matches) == ("yes", True, True)
        assert not facts.from_browser
        assert facts.attempt in ("open", "failed", "superseded")
        remaining = facts.order == "review" and facts.completes
        assert facts.order == "awaiting" or ((facts.order == "expired" or remaining) and facts.stock_free)


def test_no_callback_undoes_a_payment_or_changes_an_order_that_is_settled():
    for facts, decision in DECIDED:
        assert facts.attempt != "paid" or decision.attempt == "paid"
        assert facts.order not in ("paid", "refunded", "cancelled") or decision.order == facts.order
        assert facts.claim != "no" or decision.order == facts.order


def test_a_repeated_callback_changes_nothing_more():
    for facts, decision in DECIDED:
        again = decide(replace(facts, attempt=decision.attempt, order=decision.order))
        assert (again.attempt, again.order, again.refund_due) == (decision.attempt, decision.order, False)


def test_an_unreadable_body_changes_no_state_and_is_flagged():
    assert decide_unreadable(AttemptState.OPEN, Payment.AWAITING, "Not UTF-8.") == Decision(
        "R1", AttemptState.OPEN, Payment.AWAITING, "Not UTF-8.", alert=True, review_reason=ReviewReason.UNREADABLE
    )


def test_every_reason_is_documented_under_its_row():
    chapter = DOCUMENTED.read_text(encoding="utf-8").partition("## The reason kept with it")[2].partition("\n## ")[0]
    rows = [tuple(line.strip("| ").split(" | ")) for line in chapter.splitlines() if line.startswith("| R")]

    assert len(rows) == len(set(rows)) == 17
    assert set(rows) == {(decision.row, decision.reason) for _, decision in DECIDED}
