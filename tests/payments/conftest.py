"""Fixtures of the tests about payments."""

from collections.abc import Callable

import pytest

from tests.ledger_reader import Ledger, OrderState
from tests.shopper import SKU, Bought, Shopper


@pytest.fixture
def stock(ledger: Ledger) -> tuple[int, int]:
    """On hand and held before anything is bought."""
    return ledger.stock(SKU)


@pytest.fixture
def bought(shopper: Shopper, stock: tuple[int, int]) -> Bought:
    """Two pieces on their way to be paid."""
    return shopper.buy(quantity=2)


@pytest.fixture
def expect_order(stock: tuple[int, int], bought: Bought, ledger: Ledger) -> Callable[..., None]:
    """Assert the order's states and flags, and the stock: "held", "sold", "free", or "gone" but for one piece."""

    def look(order: str, attempt: str, goods: str = "held", *, late: bool = False, refund_due: bool = False) -> None:
        on_hand, held = stock
        counts = {
            "held": (on_hand, held + 2),
            "sold": (on_hand - 2, held),
            "free": (on_hand, held),
            "gone": (1, held),
        }[goods]
        paid = order == "paid"
        assert ledger.order_state(bought) == OrderState(order, attempt, late, refund_due, paid, counts)
        assert bought.status == {"payment": order, "attempt": attempt, "fulfilment": "unfulfilled"}
        assert ledger.mails("paid") == ledger.mails("new_order") == int(paid)

    return look
