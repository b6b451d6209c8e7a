"""Discount codes: validity, and claiming uses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.pricing import discount_codes
from shop.pricing.discount_codes import (
    DiscountNotUsable,
    claim_use,
    discount_code_by_name,
    normalised_code,
    release_use,
    why_gone,
)
from shop.pricing.models import DiscountCode
from tests import both_databases

MOMENT = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def code(app):
    """The id of a code with three uses."""
    with app.app_context():
        db.session.execute(update(DiscountCode).values(uses=2))
        fresh = DiscountCode(code="TATU", kind="fixed", value=300, minimum_subtotal=1000, max_uses=3)
        db.session.add(fresh)
        db.session.commit()
        return fresh.id


def used(app, code_id):
    with app.app_context():
        return db.session.scalar(select(DiscountCode.uses).where(DiscountCode.id == code_id))


def others_used(code_id):
    """The sum of uses of all other codes."""
    return db.session.scalar(select(func.sum(DiscountCode.uses)).where(DiscountCode.id != code_id))


def test_a_code_is_found_in_any_spelling(app, code):
    with app.app_context():
        for typed in ("TATU", "tatu", " Ta Tu ", "t\ta\nt\u00a0u", "TA\x00TU"):
            assert discount_code_by_name(typed).id == code, typed
        for typed in ("", "   ", "TAT", "TATUX", "%", "T_TU", "x" * 100_000, "\x00", "😀"):
            assert discount_code_by_name(typed) is None, typed


def test_a_code_is_normalised_to_at_most_forty_printable_characters():
    assert normalised_code(" ka\tri\u200bbu 10\n") == "KARIBU10"
    assert normalised_code("x" * 39 + "yz") == "X" * 39 + "Y"
    assert normalised_code("\x00\u00a0 ") == ""
    assert {normalised_code(typed) for typed in ("ＫＡＲＩＢＵ１０", "“KARIBU10”", "karibu10.", "(karibu10)")} == {
        "KARIBU10"
    }


@pytest.mark.parametrize(
    ("change", "goods", "words"),
    [
        ({}, 1000, None),
        ({}, 999, "Discount code TATU is for orders from KSh 1,000"),
        ({"uses": 3}, 1000, "Discount code TATU has been used up"),
        ({"expires_at": utcnow() - timedelta(seconds=1)}, 1000, "Discount code TATU has expired"),
        ({"expires_at": utcnow() + timedelta(hours=1)}, 1000, None),
        (
            {"starts_at": datetime(2030, 1, 31, 22, tzinfo=UTC)},
            1000,
            "Discount code TATU is valid from 1 February 2030",
        ),
        ({"starts_at": utcnow() - timedelta(seconds=1)}, 1000, None),
        ({"uses": 2}, 1000, None),
        ({"active": False}, 1000, "Discount code TATU is not known. Check the spelling"),
        ({"active": False, "uses": 3}, 0, "Discount code TATU is not known. Check the spelling"),
    ],
)
def test_a_code_says_why_it_is_not_valid(app, code, change, goods, words):
    with app.app_context():
        if change:
            db.session.execute(update(DiscountCode).where(DiscountCode.id == code).values(**change))

        assert db.session.get_one(DiscountCode, code).problem_with(goods, utcnow()) == words


def claim_from(app, code_id):
    with app.app_context():
        try:
            write(lambda: discount_codes.claim_use(code_id))
        except DiscountNotUsable:
            return False
        return True


@both_databases
def test_parallel_claims_succeed_as_often_as_there_are_uses(app, code):
    with ThreadPoolExecutor(8) as crowd:
        won = list(crowd.map(lambda _: claim_from(app, code), range(24)))

    assert won.count(True) == used(app, code) == 3


@both_databases
def test_a_released_use_can_be_claimed_again_and_uses_never_fall_below_zero(app, code):
    with app.app_context():
        for _ in range(3):
            write(lambda: claim_use(code))
        with pytest.raises(DiscountNotUsable):
            write(lambda: claim_use(code))

        write(lambda: release_use(code))
        write(lambda: claim_use(code))
        for _ in range(5):
            write(lambda: release_use(code))
        write(lambda: claim_use(code))
        others = others_used(code)
        write(lambda: release_use(code))
        assert others_used(code) == others
    assert used(app, code) == 0


def test_an_inactive_code_cannot_be_claimed_and_an_unlimited_one_always_can(app, code):
    with app.app_context():
        db.session.execute(update(DiscountCode).where(DiscountCode.id == code).values(active=False))
        db.session.commit()
        with pytest.raises(DiscountNotUsable):
            write(lambda: claim_use(code))

        endless = db.session.scalar(select(DiscountCode.id).where(DiscountCode.code == "KARIBU10"))
        for _ in range(5):
            write(lambda: claim_use(endless))


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        ({"starts_at": MOMENT}, True),
        ({"starts_at": MOMENT + SECOND}, False),
        ({"expires_at": MOMENT + SECOND}, True),
        ({"expires_at": MOMENT}, False),
        ({"starts_at": MOMENT - SECOND, "expires_at": MOMENT + SECOND}, True),
        ({"starts_at": MOMENT + SECOND, "expires_at": MOMENT + 2 * SECOND}, False),
        ({"starts_at": MOMENT - 2 * SECOND, "expires_at": MOMENT - SECOND}, False),
        ({"active": False}, False),
        ({"uses": 3}, False),
    ],
)
def test_a_code_can_be_claimed_on_its_dates_and_for_a_late_payment_on_any_date(app, code, change, counts):
    with app.app_context():
        if change:
            db.session.execute(update(DiscountCode).where(DiscountCode.id == code).values(**change))
            db.session.commit()
        others = others_used(code)

        if counts:
            write(lambda: claim_use(code, MOMENT))
        else:
            with pytest.raises(DiscountNotUsable):
                write(lambda: claim_use(code, MOMENT))

        late = change.keys() <= {"starts_at", "expires_at"}
        if late:
            write(lambda: claim_use(code))
        assert used(app, code) == change.get("uses", 0) + counts + late
        assert others_used(code) == others


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"active": False}, "been switched off"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "ended"),
        ({"max_uses": 1, "uses": 1}, "been used up"),
    ],
)
def test_a_refused_claim_says_why(app, code, change, words):
    with app.app_context():
        write(lambda: db.session.execute(update(DiscountCode).where(DiscountCode.id == code).values(**change)))

        assert why_gone(code, utcnow()) == words
