"""The status of an order for its buyer: what has happened, what to do, and what not to do."""

from collections.abc import Sequence
from dataclasses import replace

from shop.chpter import Charged, plain_words, result_of
from shop.core.clock import nairobi_until, utcnow
from shop.core.money import shillings
from shop.core.phones import whatsapp_link
from shop.orders.models import Order, OrderEvent
from shop.orders.progress import progress_of
from shop.orders.states import OPENING_TIMEOUT, PAY_AGAIN_AFTER, Payment
from shop.payments.models import AttemptState, PaymentAttempt
from shop.payments.order_status import DO_NOT_PAY_AGAIN, OrderStatus
from shop.payments.settled_status import settled_status, watch_seconds
from shop.store.delivery_promise import promised_dates

CARD_ONLY = "Choose card on the payment page: M-PESA needs a Kenyan number."
KEEP_PAGE = "You gave no email address, so keep this page: save its link or send it to your own WhatsApp."


def status_of(order: Order, whatsapp: str = "", shop_place: str = "") -> OrderStatus:
    """Describe an order's status.

    `whatsapp` is the shop's number in digits, `shop_place` its address and hours; or empty.
    """
    if order.payment == Payment.AWAITING:
        story = _awaiting(order)
    else:
        story = _part_paid(order) if order.payable else settled_status(order, shop_place)
    events = tuple(event for event in order.events if event.for_buyer)
    link = whatsapp_link(f"Hello, this is about my order {order.number}", whatsapp) if whatsapp else None
    attempt = order.latest_attempt
    state = "/".join((order.payment, attempt.state if attempt else "", order.fulfilment, story.stop and "wait"))
    page_opened = any(attempt.checkout_link for attempt in order.attempts)
    may_have_paid = page_opened and order.payment in (Payment.AWAITING, Payment.EXPIRED)
    held = order.payment == Payment.AWAITING and order.expires_at > utcnow()  # an order in review does not expire
    kept = nairobi_until(order.expires_at, utcnow()) if story.can_pay and held else ""
    return replace(
        story,
        detail=" ".join(filter(None, (story.detail, *_advice(order, story)))),
        may_have_paid=may_have_paid,
        timeline=events,
        whatsapp_url=link,
        state=state,
        kept_until=kept,
        look_seconds=watch_seconds(order),
        message=_newest_message(order, events) if order.payment == Payment.PAID else "",
        failure=_failure_of(attempt),
        delivery=_delivery(order),
        progress=progress_of(order),
    )


def _delivery(order: Order) -> str:
    """When the order arrives. The days count from the payment, so before it they are those of a payment now."""
    dates = promised_dates(order.delivery_calendar, utcnow()) if order.payable else None
    return f"{dates.words(order.pickup)} if it is paid now" if dates else order.delivery_words


def _newest_message(order: Order, events: Sequence[OrderEvent]) -> str:
    """The newest message from the shop; "" without one, and once it is out of date: the order arrived after it."""
    messages = [event for event in events if event.note]
    if not messages or (order.ended and order.fulfilment_changed_at and messages[-1].at < order.fulfilment_changed_at):
        return ""
    return messages[-1].words


def _advice(order: Order, story: OrderStatus) -> list[str]:
    """What a buyer without a Kenyan number or an email address has to know."""
    advice = [CARD_ONLY] if story.can_pay and order.card_only else []
    followed = order.payment in (Payment.AWAITING, Payment.PAID, Payment.REVIEW) and not order.ended
    return [*advice, KEEP_PAGE] if followed and not order.email and not order.anonymised_at else advice


def _failure_of(attempt: PaymentAttempt | None) -> dict[str, str] | None:
    if attempt is None or attempt.state != AttemptState.FAILED:
        return None
    result = result_of(attempt.reason)
    again = "not yet" if _wait_before_paying(attempt) else "yes"
    return {
        "reason": attempt.reason or "unknown",
        "category": result.category,
        "charged": result.charged,
        "safe_to_pay_again": again,
    }


def _wait_before_paying(attempt: PaymentAttempt) -> bool:
    """Whether it failed a short time ago, and the buyer may have been charged."""
    unknown = result_of(attempt.reason).charged is Charged.UNKNOWN
    return unknown and utcnow() < (attempt.failed_at or attempt.created_at) + PAY_AGAIN_AFTER


def _awaiting(order: Order) -> OrderStatus:
    if not order.attempts:  # created in the admin and not paid yet
        headline = "Check your order, then pay."
        detail = "" if order.card_only else "You pay by M-PESA or card."
        return OrderStatus(
            "waiting", "Waiting for payment", headline, detail, can_pay=True, pay_label=f"Pay {shillings(order.to_pay)}"
        )
    state, pay = _state_of_latest(order), f"Pay {shillings(order.to_pay)}"
    # an older payment page may have been paid a moment ago, whatever the state of the newest one
    may_be_paid = any(attempt.state == AttemptState.SUPERSEDED for attempt in order.attempts)
    if state == AttemptState.FAILED:
        return _failed(order, may_be_paid)
    if state == AttemptState.CREATE_FAILED and may_be_paid:
        headline = "The payment page could not be opened."
        detail = "If you have paid on an earlier page, give it a minute: this page changes once the money is confirmed."
        return OrderStatus("bad", "Not paid yet", headline, detail, can_pay=True, waiting=True, stop=DO_NOT_PAY_AGAIN)
    if state == AttemptState.CREATE_FAILED:
        headline = "The payment page could not be opened."
        detail = "Nothing has been paid. Try again in a moment."
        return OrderStatus("bad", "Not paid yet", headline, detail, can_pay=True)
    if state == AttemptState.CREATING:
        headline, detail = "We are opening the payment page.", "This takes a few seconds. This page moves on by itself."
        return OrderStatus("waiting", "Opening payment", headline, detail, waiting=True, can_pay=True, pay_label=pay)
    if order.returned_at:
        headline = "No news of your payment yet."
        detail = "If you have paid, there is nothing more to do: this page changes as soon as the money is confirmed."
    else:
        headline = "Waiting for your payment."
        detail = "If you have paid already, give it a minute: this page changes as soon as the money is confirmed."
    return OrderStatus(
        "waiting",
        "Waiting for payment",
        headline,
        detail,
        can_pay=True,
        pay_label=pay,
        waiting=True,
        stop=DO_NOT_PAY_AGAIN,
    )


def _part_paid(order: Order) -> OrderStatus:
    """The status of a part-paid order: as for an unpaid order, with the remaining amount."""
    received = f"{shillings(order.total - order.remaining_requested)} of {shillings(order.total)} has come."
    pay = f"Pay the remaining {shillings(order.remaining_requested)}"
    latest = order.latest_attempt
    if (
        latest
        and latest.amount == order.remaining_requested
        and latest.state not in (AttemptState.PAID, AttemptState.REVIEW)
    ):
        story = _awaiting(order)
        label = pay if story.pay_label.startswith("Pay") else story.pay_label
        detail = story.detail.replace("Nothing has been paid. ", "")
        return replace(story, detail=f"{received} {detail}", pay_label=label)
    return OrderStatus(
        "waiting", "Part paid", received, f"{pay} and your order is complete.", can_pay=True, pay_label=pay
    )


def _state_of_latest(order: Order) -> str:
    attempt = order.attempts[-1]
    if attempt.state == AttemptState.CREATING and utcnow() - attempt.created_at > OPENING_TIMEOUT:
        return AttemptState.CREATE_FAILED  # the process that was opening it was stopped
    return attempt.state


def _failed(order: Order, may_be_paid: bool) -> OrderStatus:
    """The newest attempt failed. `may_be_paid`: an older payment page may have been paid."""
    attempt = order.attempts[-1]
    reason = plain_words(attempt.reason, attempt.method)
    story = OrderStatus("bad", "Payment failed", "", "", can_pay=True, reason=reason, waiting=True)
    if result_of(attempt.reason).charged is Charged.NO:
        story = replace(story, headline="The payment did not go through.")
        if not may_be_paid:
            return replace(story, detail="You have not been charged. You can try again.")
        detail = "You have not been charged for this try. If you have paid on an earlier page, give it a minute."
        return replace(story, detail=detail, stop=DO_NOT_PAY_AGAIN)
    story = replace(story, badge="Payment not confirmed", headline="The payment was not confirmed.")
    if _wait_before_paying(attempt):
        until = nairobi_until((attempt.failed_at or attempt.created_at) + PAY_AGAIN_AFTER, utcnow())
        detail = "We do not know whether money has left your account. If it has, this page will say so."
        asked = "Your balance shows that no money has left?"
        return replace(story, detail=detail, stop=f"Do not pay again yet. Wait until {until}.", not_paid=asked)
    detail = "No payment has been reported so far. You may pay again: if both payments arrive, we refund one."
    return replace(story, detail=detail)
