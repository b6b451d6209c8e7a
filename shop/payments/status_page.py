"""What is happening to an order, in the buyer's words: one sentence, what to do, and what not to do."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from shop.chpter import Charged, plain_words, result_of
from shop.core.clock import nairobi_until, utcnow
from shop.core.money import shillings
from shop.core.phones import whatsapp_link
from shop.orders.models import Order, OrderEvent
from shop.orders.states import BEING_OPENED, PAY_AGAIN_AFTER, AttemptState, Fulfilment, Payment, ReceiptEmail

LOOK_AFTER = timedelta(hours=1)  # after an order expired: late money usually comes within minutes
DO_NOT_PAY_AGAIN = "Do not pay again. Your payment may still be on its way."

if TYPE_CHECKING:
    from shop.payments.models import PaymentAttempt


@dataclass(frozen=True)
class OrderStatus:
    """What an order page says."""

    tone: str  # "waiting", "good", "bad" or "quiet"
    badge: str
    headline: str
    detail: str
    can_pay: bool = False
    pay_label: str = "Try again"
    stop: str = ""  # why not to pay again just now
    not_paid: str = "Not paid yet, or closed the payment page?"  # asked above the button while there is a `stop`
    kept_until: str = ""  # until when the goods are held, while the order can be paid
    waiting: bool = False  # the page asks again by itself
    may_have_paid: bool = False  # a buyer who has paid may give the code of the payment
    reason: str | None = None  # why the payment failed
    timeline: tuple[OrderEvent, ...] = ()
    whatsapp_url: str | None = None
    state: str = ""  # changes whenever the page has something new to say; the page that waits compares it
    failure: dict[str, str] | None = None  # of the newest try, in the words of its JSON
    look_seconds: int = 0  # how long the page that waits goes on asking
    message: str = ""  # the newest message from the shop, while the goods are on their way
    collection_code: str = ""  # what to say at the counter, while it lies ready there


RECEIPTS: dict[str, str] = {
    ReceiptEmail.WAITING: "We will email the receipt to you.",
    ReceiptEmail.SENT: "We sent the receipt to your email.",
    ReceiptEmail.DOUBTFUL: "We could not make sure that the receipt reached your email.",
    ReceiptEmail.REFUSED: "The receipt could not be emailed to you.",
}
GONE = {
    Fulfilment.PACKED: ("Packed", "Your order is packed."),
    Fulfilment.SENT: ("On its way", "Your order is on its way."),
    Fulfilment.DELIVERED: ("Delivered", "Your order has been delivered."),
    Fulfilment.COLLECTED: ("Collected", "Your order has been collected."),
}


def pickup_place(order: Order, shop_address: str) -> str:
    """Where and when an order is picked up: as it was promised, else at the shop's own address."""
    return order.pickup_place or shop_address


def status_of(order: Order, whatsapp: str = "", shop_address: str = "") -> OrderStatus:
    """Tell an order's story. `whatsapp` is the shop's number in digits, `shop_address` its street; or empty."""
    if order.payment == Payment.AWAITING:
        story = _awaiting(order)
    else:
        story = _part_paid(order) if order.payable else _settled(order, shop_address)
    events = tuple(event for event in order.events if event.for_buyer)
    events_from_us = [event.words for event in events if event.note]
    link = whatsapp_link(f"Hello, this is about my order {order.number}", whatsapp) if whatsapp else None
    if order.payment == Payment.PAID and _given_back(order):
        story = replace(story, detail=f"{story.detail} {_of_paid(order)}")
    attempt = order.latest_attempt
    state = "/".join((order.payment, attempt.state if attempt else "", order.fulfilment, story.stop and "wait"))
    went_to_pay = any(attempt.checkout_link for attempt in order.attempts)
    may = went_to_pay and order.payment in (Payment.AWAITING, Payment.EXPIRED)
    held = order.payment == Payment.AWAITING and order.expires_at > utcnow()  # one in review does not expire
    kept = nairobi_until(order.expires_at, utcnow()) if story.can_pay and held else ""
    return replace(
        story,
        may_have_paid=may,
        timeline=events,
        whatsapp_url=link,
        state=state,
        kept_until=kept,
        look_seconds=_look_seconds(order),
        message=events_from_us[-1] if story.tone == "good" and events_from_us else "",
        failure=_failure_of(attempt),
    )


def _look_seconds(order: Order) -> int:
    """For as long as money may still come: until the hold ends, and a while after."""
    return max(0, int((order.expires_at + LOOK_AFTER - utcnow()).total_seconds()))


def _failure_of(attempt: "PaymentAttempt | None") -> dict[str, str] | None:
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


def _wait_before_paying(attempt: "PaymentAttempt") -> bool:
    """Whether it failed a moment ago and nobody knows if the buyer was charged."""
    unknown = result_of(attempt.reason).charged is Charged.UNKNOWN
    return unknown and utcnow() < (attempt.failed_at or attempt.created_at) + PAY_AGAIN_AFTER


def _awaiting(order: Order) -> OrderStatus:
    if not order.attempts:  # made at the desk: nobody has tried to pay it yet
        headline = "Your order is ready. Check it, then pay."
        detail = "You pay by M-PESA or card."
        return OrderStatus(
            "waiting", "Waiting for payment", headline, detail, can_pay=True, pay_label=f"Pay {shillings(order.to_pay)}"
        )
    state, pay = _state_of_latest(order), f"Pay {shillings(order.to_pay)}"
    # an older payment page may have been paid a moment ago: what the newest one says is not all there is to say
    on_its_way = any(attempt.state == AttemptState.SUPERSEDED for attempt in order.attempts)
    if state == AttemptState.FAILED:
        return _failed(order, on_its_way)
    if state == AttemptState.CREATE_FAILED and on_its_way:
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
    """A part came, and the rest is asked for: paid as an unpaid order is, with its own sum."""
    came = f"{shillings(order.total - order.remaining_requested)} of {shillings(order.total)} has come."
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
        return replace(story, detail=f"{came} {detail}", pay_label=label)
    return OrderStatus("waiting", "Part paid", came, f"{pay} and your order is complete.", can_pay=True, pay_label=pay)


def _state_of_latest(order: Order) -> str:
    attempt = order.attempts[-1]
    if attempt.state == AttemptState.CREATING and utcnow() - attempt.created_at > BEING_OPENED:
        return AttemptState.CREATE_FAILED  # whoever was opening it has been stopped
    return attempt.state


def _failed(order: Order, on_its_way: bool) -> OrderStatus:
    """The newest try failed. `on_its_way`: an older payment page may have been paid all the same."""
    attempt = order.attempts[-1]
    reason = plain_words(attempt.reason, attempt.method)
    story = OrderStatus("bad", "Payment failed", "", "", can_pay=True, reason=reason, waiting=True)
    if result_of(attempt.reason).charged is Charged.NO:
        story = replace(story, headline="The payment did not go through.")
        if not on_its_way:
            return replace(story, detail="You have not been charged. You can try again.")
        detail = "You have not been charged for this try. If you have paid on an earlier page, give it a minute."
        return replace(story, detail=detail, stop=DO_NOT_PAY_AGAIN)
    story = replace(story, badge="Payment not confirmed", headline="The payment was not confirmed.")
    if _wait_before_paying(attempt):
        until = nairobi_until((attempt.failed_at or attempt.created_at) + PAY_AGAIN_AFTER, utcnow())
        detail = "We do not know whether money has left your account. If it has, this page says so once we hear of it."
        asked = "Your balance shows that no money has left?"
        return replace(story, detail=detail, stop=f"Do not pay again yet. Wait until {until}.", not_paid=asked)
    detail = "We have heard of no money so far. You may pay again: if both payments arrive, we refund one."
    return replace(story, detail=detail)


def _settled(order: Order, shop_address: str) -> OrderStatus:
    match order.payment:
        case Payment.PAID if order.pickup and order.fulfilment == Fulfilment.PACKED:
            detail = "Say this code when you come. Whoever has it gets your order, so show it to nobody else."
            headline = "Your order is ready to collect."
            place = pickup_place(order, shop_address)
            detail = f"Come to {place.rstrip('.')}. {detail}" if place else detail
            return OrderStatus("good", "Ready to collect", headline, detail, collection_code=order.collection_code)
        case Payment.PAID if order.fulfilment in GONE:
            badge, headline = GONE[Fulfilment(order.fulfilment)]
            return OrderStatus("good", badge, headline, _where(order, shop_address))
        case Payment.PAID if order.total == 0:
            headline = "Your order is placed. There is nothing to pay."
            return OrderStatus("good", "Order placed", headline, _where(order, shop_address))
        case Payment.PAID:
            headline = f"Paid. We have received {shillings(order.total - order.shortfall)}."
            return OrderStatus("good", "Paid", headline, _where(order, shop_address))
        case Payment.REVIEW:
            headline = "Your payment is being checked by a person."
            detail = _heard(order)
            return OrderStatus("waiting", "Being checked", headline, detail, stop=DO_NOT_PAY_AGAIN)
        case Payment.EXPIRED:
            headline = "This order was closed because no payment arrived."
            if not any(attempt.checkout_link for attempt in order.attempts):
                return OrderStatus("quiet", "Closed", headline, "Nothing has been paid. You can order again.")
            paid = "If you have paid, it still counts: wait for this page to say so, and do not order again."
            detail = f"{paid} If you have not paid, you can order again."
            return OrderStatus("quiet", "Closed", headline, detail, waiting=_look_seconds(order) > 0)
        case Payment.CANCELLED:
            unknown = "If you have paid for it, the money is given back."
            detail = f"{_given_back(order) or unknown} Ask us if anything is unclear."
            return OrderStatus("quiet", "Cancelled", "This order was cancelled.", detail)
        case _:
            detail = f"{_given_back(order)} Ask us if anything is unclear.".strip()
            return OrderStatus("quiet", "Refunded", "Your money for this order was given back.", detail)


def _heard(order: Order) -> str:
    """What came for an order in review, and what is missing of its total, where that is known."""
    sums = [attempt.reported_amount for attempt in order.attempts if attempt.state == AttemptState.REVIEW]
    came = sum(amount for amount in sums if amount)
    if not came or came == order.total:
        return "We have heard about money for this order and make sure that all is right. Nothing is lost."
    heard = f"We have heard of {shillings(came)} for this order, which costs {shillings(order.total)}."
    if came < order.total:
        return f"{heard} {shillings(order.total - came)} is missing. We look for it, and nothing is lost."
    return f"{heard} What is too much is given back to you."


def _of_paid(order: Order) -> str:
    """Of an order that stands: what was given back of its money, and what came too much."""
    done = f"{shillings(order.refunded)} of it was given back." if order.refunded else ""
    due = (
        f"{shillings(order.refund_due_amount)} more than it costs has come; that is given back to you."
        if order.refund_due_amount
        else ""
    )
    return f"{done} {due}".strip()


def _given_back(order: Order) -> str:
    """What was given back of an order's money and what will be, in a sentence each."""
    done = f"{shillings(order.refunded)} was given back." if order.refunded else ""
    due = (
        f"{shillings(order.refund_due_amount)} that came for it will be given back to you."
        if order.refund_due_amount
        else ""
    )
    return f"{done} {due}".strip()


def _where(order: Order, shop_address: str) -> str:
    if order.fulfilment in (Fulfilment.DELIVERED, Fulfilment.COLLECTED):
        return "Thank you for buying from us."
    receipt = RECEIPTS.get(order.receipt_email, "")
    if order.pickup:
        place = pickup_place(order, shop_address) or "our workshop"
        return f"Pick it up at {place}: {order.area_delivery_time}. {receipt}".strip()
    return f"It goes to {order.area_name}: {order.area_delivery_time}. {receipt}".strip()
