"""The status of an order for its buyer: what has happened, what to do, and what not to do."""

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote as escaped

from shop.chpter import Charged, plain_words, result_of
from shop.core.clock import nairobi_until, utcnow
from shop.core.money import shillings
from shop.orders.models import Order, OrderEvent
from shop.orders.states import OPENING_TIMEOUT, PAY_AGAIN_AFTER, Fulfilment, Payment, ReceiptEmail
from shop.payments.models import AttemptState, PaymentAttempt
from shop.store.delivery_promise import promised_dates

WATCH_AFTER_EXPIRY = timedelta(hours=1)  # late payments usually come within minutes
DO_NOT_PAY_AGAIN = "Do not pay again. Your payment may still be on its way."


@dataclass(frozen=True)
class OrderStatus:
    """What an order page says."""

    tone: str  # "waiting", "good", "bad" or "quiet"
    badge: str
    headline: str
    detail: str
    can_pay: bool = False
    pay_label: str = "Try again"
    stop: str = ""  # why the buyer should not pay again now
    not_paid: str = "Not paid yet, or closed the payment page?"  # shown above the button if there is a `stop`
    kept_until: str = ""  # until when the stock is held, while the order can be paid
    waiting: bool = False  # the page reloads by itself
    may_have_paid: bool = False  # the buyer may enter the M-PESA code of a payment
    reason: str | None = None  # why the payment failed
    timeline: tuple[OrderEvent, ...] = ()
    whatsapp_url: str | None = None
    state: str = ""  # changes with the content; the waiting page compares it
    failure: dict[str, str] | None = None  # of the newest attempt, for the JSON
    look_seconds: int = 0  # how long the waiting page reloads
    message: str = ""  # the newest message from the shop, once the order is paid
    collection_code: str = ""  # while the order is ready to collect
    delivery: str = ""  # when it arrives


RECEIPTS: dict[str, str] = {
    ReceiptEmail.WAITING: "We will email the receipt to you.",
    ReceiptEmail.SENT: "We sent the receipt to your email.",
    ReceiptEmail.DOUBTFUL: "We could not make sure that the receipt reached your email.",
    ReceiptEmail.REFUSED: "The receipt could not be emailed to you.",
}
FULFILLED = {
    Fulfilment.PACKED: ("Packed", "Your order is packed."),
    Fulfilment.SENT: ("On its way", "Your order is on its way."),
    Fulfilment.DELIVERED: ("Delivered", "Your order has been delivered."),
    Fulfilment.COLLECTED: ("Collected", "Your order has been collected."),
}


def pickup_place(order: Order, shop_address: str) -> str:
    """Where and when an order is picked up: as promised with the order, else the shop's address."""
    return order.pickup_place or shop_address


def status_of(order: Order, whatsapp: str = "", shop_address: str = "") -> OrderStatus:
    """Describe an order's status. `whatsapp` is the shop's number in digits, `shop_address` its street; or empty."""
    if order.payment == Payment.AWAITING:
        story = _awaiting(order)
    else:
        story = _part_paid(order) if order.payable else _settled(order, shop_address)
    events = tuple(event for event in order.events if event.for_buyer)
    events_from_us = [event.words for event in events if event.note]
    text = escaped(f"Hello, this is about my order {order.number}")
    link = f"https://wa.me/{whatsapp}?text={text}" if whatsapp else None
    if order.payment == Payment.PAID and _refunds(order):
        story = replace(story, detail=f"{story.detail} {_refunds_of_paid(order)}")
    attempt = order.latest_attempt
    state = "/".join((order.payment, attempt.state if attempt else "", order.fulfilment, story.stop and "wait"))
    page_opened = any(attempt.checkout_link for attempt in order.attempts)
    may_have_paid = page_opened and order.payment in (Payment.AWAITING, Payment.EXPIRED)
    held = order.payment == Payment.AWAITING and order.expires_at > utcnow()  # an order in review does not expire
    kept = nairobi_until(order.expires_at, utcnow()) if story.can_pay and held else ""
    return replace(
        story,
        may_have_paid=may_have_paid,
        timeline=events,
        whatsapp_url=link,
        state=state,
        kept_until=kept,
        look_seconds=_watch_seconds(order),
        message=events_from_us[-1] if story.tone == "good" and events_from_us else "",
        failure=_failure_of(attempt),
        delivery=_delivery(order),
    )


def _delivery(order: Order) -> str:
    """When the order arrives. The days count from the payment, so before it they are those of a payment now."""
    dates = promised_dates(order.delivery_calendar, utcnow()) if order.payable else None
    return f"{dates.words(order.pickup)} if it is paid now" if dates else order.delivery_words


def _watch_seconds(order: Order) -> int:
    """Seconds until a payment is no longer expected: the hold and WATCH_AFTER_EXPIRY."""
    return max(0, int((order.expires_at + WATCH_AFTER_EXPIRY - utcnow()).total_seconds()))


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
        headline = "Your order is ready. Check it, then pay."
        detail = "You pay by M-PESA or card."
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
        headline = "We are waiting to hear about your payment."
        detail = "If you have paid, there is nothing more to do: this page changes as soon as the money is confirmed."
    else:
        headline = "Your order is waiting for payment."
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


def _settled(order: Order, shop_address: str) -> OrderStatus:
    match order.payment:
        case Payment.PAID if order.pickup and order.fulfilment == Fulfilment.PACKED:
            detail = (
                "Say this code when you come. Do not show it to anyone else: the person who has it gets your order."
            )
            headline = "Your order is ready to collect."
            place = pickup_place(order, shop_address)
            detail = f"Come to {place.rstrip('.')}. {detail}" if place else detail
            return OrderStatus("good", "Ready to collect", headline, detail, collection_code=order.collection_code)
        case Payment.PAID if order.fulfilment in FULFILLED:
            badge, headline = FULFILLED[Fulfilment(order.fulfilment)]
            return OrderStatus("good", badge, headline, _next_step(order, shop_address))
        case Payment.PAID if order.total == 0:
            headline = "Your order is placed. There is nothing to pay."
            return OrderStatus("good", "Order placed", headline, _next_step(order, shop_address))
        case Payment.PAID:
            headline = f"Paid. We have received {shillings(order.total - order.shortfall)}."
            return OrderStatus("good", "Paid", headline, _next_step(order, shop_address))
        case Payment.REVIEW:
            headline = "Your payment is being checked by a person."
            detail = _reported(order)
            return OrderStatus("waiting", "Being checked", headline, detail, stop=DO_NOT_PAY_AGAIN)
        case Payment.EXPIRED:
            headline = "This order was closed because no payment arrived."
            if not any(attempt.checkout_link for attempt in order.attempts):
                return OrderStatus("quiet", "Closed", headline, "Nothing has been paid. You can order again.")
            paid = "If you have paid, it still counts: wait for this page to say so, and do not order again."
            detail = f"{paid} If you have not paid, you can order again."
            return OrderStatus("quiet", "Closed", headline, detail, waiting=_watch_seconds(order) > 0)
        case Payment.CANCELLED:
            unknown = "If you have paid for it, we will refund you."
            detail = f"{_refunds(order) or unknown} Ask us if anything is unclear."
            return OrderStatus("quiet", "Cancelled", "This order was cancelled.", detail)
        case _:
            detail = f"{_refunds(order)} Ask us if anything is unclear.".strip()
            return OrderStatus("quiet", "Refunded", "Your payment for this order was refunded.", detail)


def _reported(order: Order) -> str:
    """What was reported for an order in review, and what is missing, where that is known."""
    amounts = [attempt.reported_amount for attempt in order.attempts if attempt.state == AttemptState.REVIEW]
    reported = sum(amount for amount in amounts if amount)
    if not reported or reported == order.total:
        return "We have received news of a payment for this order and are checking it. Nothing is lost."
    news = f"A payment of {shillings(reported)} was reported for this order, which costs {shillings(order.total)}."
    if reported < order.total:
        return f"{news} {shillings(order.total - reported)} is missing. We are checking it. Nothing is lost."
    return f"{news} We will refund the difference."


def _refunds_of_paid(order: Order) -> str:
    """What was refunded of a paid order, and what it received too much."""
    done = f"{shillings(order.refunded)} of it was refunded." if order.refunded else ""
    due = (
        f"You paid {shillings(order.refund_due_amount)} more than it costs; we will refund that to you."
        if order.refund_due_amount
        else ""
    )
    return f"{done} {due}".strip()


def _refunds(order: Order) -> str:
    """What was refunded of an order and what will be, in a sentence each."""
    done = f"{shillings(order.refunded)} was refunded." if order.refunded else ""
    due = f"We will refund {shillings(order.refund_due_amount)} to you." if order.refund_due_amount else ""
    return f"{done} {due}".strip()


def _next_step(order: Order, shop_address: str) -> str:
    if order.fulfilment in (Fulfilment.DELIVERED, Fulfilment.COLLECTED):
        return "Thank you for buying from us."
    receipt = RECEIPTS.get(order.receipt_email, "")
    if order.pickup:
        place = pickup_place(order, shop_address) or "our workshop"
        return f"Pick it up at {place}: {order.delivery_words}. {receipt}".strip()
    return f"It goes to {order.area_name}: {order.delivery_words}. {receipt}".strip()
