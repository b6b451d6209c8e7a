"""The words an order is found by."""

from shop.orders.models import Order


def note_words(order: Order, *texts: str) -> None:
    """Let the order be found by every word of these texts from now on. Runs inside the caller's transaction."""
