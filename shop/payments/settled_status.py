"""The buyer's words for an order whose payment has come, is in review, or no longer comes."""

from datetime import timedelta

from shop.core.clock import utcnow
from shop.core.money import shillings
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment, ReceiptEmail
from shop.payments.models import AttemptState
from shop.payments.order_status import DO_NOT_PAY_AGAIN, OrderStatus

WATCH_AFTER_EXPIRY = timedelta(hours=1)  # late payments usually come within minutes
CHECKED = "A person compares it with our statement, usually within one working day. Then this page"
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


def pickup_place(order: Order, shop_place: str) -> str:
    """Where and when an order is picked up: as promised with the order, else the shop's address and hours."""
    return order.pickup_place or shop_place


def settled_status(order: Order, shop_place: str) -> OrderStatus:
    """Describe an order that is not awaiting payment. `shop_place` is the shop's address and hours, or empty."""
    match order.payment:
        case Payment.PAID:
            return _paid(order, shop_place)
        case Payment.REVIEW:
            return _in_review(order)
        case Payment.EXPIRED:
            return _expired(order)
        case Payment.CANCELLED:
            unknown = "If you have paid for it, we will refund you."
            detail = f"{_refunds(order) or unknown} Ask us if anything is unclear."
            return OrderStatus("quiet", "Cancelled", "This order was cancelled.", detail, again_label="Order again")
        case _:
            detail = f"{_refunds(order)} Ask us if anything is unclear.".strip()
            return OrderStatus("quiet", "Refunded", "Your payment was refunded.", detail, again_label="Order again")


def watch_seconds(order: Order) -> int:
    """Seconds until a payment is no longer expected: the hold and WATCH_AFTER_EXPIRY."""
    return max(0, int((order.expires_at + WATCH_AFTER_EXPIRY - utcnow()).total_seconds()))


def _paid(order: Order, shop_place: str) -> OrderStatus:
    collection_code = receipt = again = ""
    if order.ended:
        detail, again = "Thank you for buying from us.", "Order again"
    else:
        detail, receipt = _next_step(order, shop_place), RECEIPTS.get(order.receipt_email, "")
    if order.pickup and order.fulfilment == Fulfilment.PACKED:
        badge, headline = "Ready to collect", "Your order is ready to collect."
        collection_code = order.collection_code
    elif order.fulfilment in FULFILLED:
        badge, headline = FULFILLED[Fulfilment(order.fulfilment)]
    elif order.total == 0:
        badge, headline = "Order placed", "Order placed. There is nothing to pay."
    else:
        badge, headline = "Paid", f"Paid. We have received {shillings(order.total - order.shortfall)}."
    return OrderStatus(
        "good",
        badge,
        headline,
        f"{detail} {_refunds_of_paid(order)}".strip(),
        receipt=receipt,
        collection_code=collection_code,
        again_label=again,
    )


def _next_step(order: Order, shop_place: str) -> str:
    """Where a paid order goes and when it arrives."""
    if not order.pickup:
        goes = f"It goes to {order.area_name}: {order.delivery_words}."
        return f"{goes} It is paid: do not pay the rider." if order.fulfilment == Fulfilment.SENT else goes
    place = pickup_place(order, shop_place).rstrip(".")
    if order.fulfilment != Fulfilment.PACKED:
        return f"Pick it up at {place or 'our workshop'}: {order.delivery_words}. We tell you here when it is ready."
    code = "Say this code when you come. Do not show it to anyone else: the person who has it gets your order."
    return f"Come to {place}. {code}" if place else code


def _expired(order: Order) -> OrderStatus:
    headline = "Order closed: no payment arrived."
    if not any(attempt.checkout_link for attempt in order.attempts):
        detail = "Nothing has been paid. You can order again."
        return OrderStatus("quiet", "Closed", headline, detail, again_label="Order again")
    paid = "If you have paid, it still counts: wait for this page to say so, and do not order again."
    detail = f"{paid} If you have not paid, you can order again."
    waiting, again = watch_seconds(order) > 0, "Not paid: order again"
    return OrderStatus("quiet", "Closed", headline, detail, waiting=waiting, again_label=again)


def _in_review(order: Order) -> OrderStatus:
    """What was reported for an order in review, what is missing, where that is known, and how it goes on."""
    amounts = [attempt.reported_amount for attempt in order.attempts if attempt.state == AttemptState.REVIEW]
    reported = sum(amount for amount in amounts if amount)
    news = f"{shillings(reported)} of {shillings(order.total)} was reported as paid,"
    if not reported or reported == order.total:
        detail, then = (
            "We have received news of a payment for this order.",
            "says that it is paid, or that we refund you.",
        )
    elif reported < order.total:
        detail = f"{news} {shillings(order.total - reported)} is missing."
        then = "asks you for the rest, or says that we refund you."
    else:
        detail = f"{news} {shillings(reported - order.total)} too much. We will refund the difference."
        then = "says that it is paid."
    headline, checking = "We are checking your payment.", f"{CHECKED} {then} Nothing is lost."
    return OrderStatus("waiting", "Being checked", headline, detail, stop=DO_NOT_PAY_AGAIN, checking=checking)


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
