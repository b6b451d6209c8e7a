"""The progress of an order in steps, for its page: ordered, paid, packed, on its way, delivered."""

from dataclasses import dataclass

from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment

DELIVERY = ("Packed", "On its way", "Delivered")
PICKUP = ("Ready to collect", "Collected")
STEPS_DONE = {  # of the steps above
    Fulfilment.UNFULFILLED: 0,
    Fulfilment.PACKED: 1,
    Fulfilment.SENT: 2,
    Fulfilment.COLLECTED: 2,
    Fulfilment.DELIVERED: 3,
}


@dataclass(frozen=True)
class Progress:
    """The steps of an order, and how many of them are done: at least one, "Ordered"."""

    steps: tuple[str, ...]
    done: int

    @property
    def words(self) -> str:
        """The last step that is done, and the next one: "Step 2 of 5: paid. Next: packed"."""
        last, then = self.steps[self.done - 1].lower(), self.steps[self.done : self.done + 1]
        return f"Step {self.done} of {len(self.steps)}: {last}" + "".join(f". Next: {step.lower()}" for step in then)


def progress_of(order: Order) -> Progress | None:
    """How far an order is; None once it has ended without a sale. A free order has no step "Paid"."""
    if order.payment in (Payment.EXPIRED, Payment.CANCELLED, Payment.REFUNDED):
        return None
    before = ("Ordered", "Paid") if order.total else ("Ordered",)
    steps = (*before, *(PICKUP if order.pickup else DELIVERY))
    if order.payment != Payment.PAID:
        return Progress(steps, 1)
    return Progress(steps, len(before) + STEPS_DONE[Fulfilment(order.fulfilment)])
