"""What the order page says about an order."""

from dataclasses import dataclass

from shop.orders.models import OrderEvent
from shop.orders.progress import Progress

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
    checking: str = ""  # how a payment in review goes on, and how long it takes
    receipt: str = ""  # whether the receipt was emailed
    message: str = ""  # the newest message from the shop, once the order is paid
    collection_code: str = ""  # while the order is ready to collect
    delivery: str = ""  # when it arrives
    progress: Progress | None = None
    again_label: str = ""  # of the button that puts the order's products into the cart; "" without one
