"""Bugs to be planted, each one guard of the shop taken out. The machine must find every one of them."""

from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

from pytest import MonkeyPatch
from sqlalchemy import Update, select, update

from shop.admin.payments import action_views, forms
from shop.core.database import db
from shop.core.signals import order_paid
from shop.emails import messages
from shop.orders import expiry, reservations, transitions
from shop.orders.models import Order
from shop.payments import manual_payments, money_ledger, refunds, settlement, settlement_rules, views

Bug = Callable[[MonkeyPatch], None]


class Unguarded:
    """Stands in for `update` in one module: of its conditions only the first counts, which names the row."""

    def __init__(self, table: Any) -> None:
        self.statement = update(table)

    def where(self, *conditions: Any) -> Update:
        return self.statement.where(conditions[0])


def expiry_without_its_guard(patch: MonkeyPatch) -> None:
    def expire(now: Any) -> int:
        due = db.session.scalars(select(Order.id).where(Order.expires_at <= now, Order.payment != "expired")).all()
        return sum(expiry.write(lambda one=one: expiry._expire(one, now)) for one in due)  # type: ignore[misc]

    patch.setattr(expiry, "expire_orders", expire)
    patch.setattr(expiry, "update", Unguarded)


def a_failure_undoes_a_payment(patch: MonkeyPatch) -> None:
    def failure(facts: settlement_rules.Facts) -> settlement_rules.Decision:
        return settlement_rules.Decision(
            "R6", settlement_rules.AttemptState.FAILED, settlement_rules.Payment.AWAITING, "The payment failed."
        )

    patch.setattr(settlement_rules, "_failure", failure)


def what_was_held_is_released_twice(patch: MonkeyPatch) -> None:
    cancelled = manual_payments.after_cancelling
    patch.setattr(manual_payments, "after_cancelling", lambda order, held, **words: cancelled(order, True, **words))


def what_was_paid_stays_on_the_shelf(patch: MonkeyPatch) -> None:
    patch.setattr(transitions, "stock", SimpleNamespace(commit=reservations.release, release=reservations.release))


def a_code_of_mpesa_counts_twice(patch: MonkeyPatch) -> None:
    enter = money_ledger._enter
    patch.setattr(action_views, "_is_code_unused", lambda form: True)
    patch.setattr(money_ledger, "_enter", lambda *order, **entry: enter(*order, **{**entry, "code": None}))


class _Roughly(int):
    """An amount that is equal to the next one."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and abs(int(self) - other) <= 1

    __hash__ = int.__hash__


def a_shilling_more_or_less_is_enough(patch: MonkeyPatch) -> None:
    read = settlement.read_callback

    def read_roughly(*body: Any, **options: Any) -> Any:
        callback = read(*body, **options)
        return callback if callback.amount is None else replace(callback, amount=_Roughly(callback.amount))

    patch.setattr(settlement, "read_callback", read_roughly)


def more_is_given_back_than_came(patch: MonkeyPatch) -> None:
    patch.setattr(forms.RefundForm, "validate_amount", forms.MoneyForm.validate_amount)
    patch.setattr(refunds, "update", Unguarded)


def a_discount_use_is_never_given_back(patch: MonkeyPatch) -> None:
    patch.setattr(transitions, "release_use", lambda code_id: None)


def money_of_an_earlier_try_is_dropped(patch: MonkeyPatch) -> None:
    decide = settlement.decide

    def forgetful(facts: settlement_rules.Facts) -> settlement_rules.Decision:
        decision = decide(facts)
        if facts.attempt == "superseded":
            return replace(decision, attempt=facts.attempt, order=facts.order, refund_due=False)
        return decision

    patch.setattr(settlement, "decide", forgetful)


def what_waits_on_disk_is_thrown_away(patch: MonkeyPatch) -> None:
    patch.setattr(views, "spool", lambda folder, posted: None)


def a_receipt_for_every_success(patch: MonkeyPatch) -> None:
    keep, post = settlement._keep, messages.write_email

    def keep_and_thank(attempt: Any, *record: Any) -> None:
        keep(attempt, *record)
        if record[2] == "R8":
            order_paid.send(attempt.order)

    patch.setattr(settlement, "_keep", keep_and_thank)
    patch.setattr(
        messages,
        "write_email",
        lambda to, kind, subject, idempotency_key, *of, **words: post(to, kind, subject, token_hex(9), *of, **words),
    )


def late_money_buys_what_is_gone(patch: MonkeyPatch) -> None:
    patch.setattr(reservations, "taken_again", lambda lines: True)


BUGS: list[Bug] = [
    expiry_without_its_guard,
    a_failure_undoes_a_payment,
    what_was_held_is_released_twice,
    what_was_paid_stays_on_the_shelf,
    a_code_of_mpesa_counts_twice,
    a_shilling_more_or_less_is_enough,
    more_is_given_back_than_came,
    a_discount_use_is_never_given_back,
    money_of_an_earlier_try_is_dropped,
    what_waits_on_disk_is_thrown_away,
    a_receipt_for_every_success,
    late_money_buys_what_is_gone,
]
