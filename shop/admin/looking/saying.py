"""Figures in the merchant's words."""

from shop.admin.looking.figures import BY_HAND, Sum
from shop.admin.money.forms import METHODS as HAND_METHODS
from shop.admin.wording import ATTEMPTS, METHODS, PAYMENTS, why_failed
from shop.orders.states import AttemptState, Payment


def placed_words(state: str) -> str:
    """How an order that was placed stands now."""
    return PAYMENTS[Payment(state)].words


def method_words(method: str) -> str:
    """A way of paying; what came by no try of the buyer has none."""
    if method.startswith(BY_HAND):
        how = method.removeprefix(BY_HAND)
        return f"By hand: {HAND_METHODS.get(how, how)}"
    return METHODS.get(method, method) if method else "Way not known, or nothing to pay"


def ending_words(state: str, reason: str) -> str:
    """How a try to pay ended, whatever it was paid with."""
    if state == AttemptState.FAILED:
        return why_failed(reason, "").rstrip(".")
    known = {AttemptState.CREATE_FAILED: "No payment page could be opened", AttemptState.OPEN: "Nothing heard yet"}
    words = known.get(AttemptState(state)) or ATTEMPTS[AttemptState(state)].words
    return f"{words}, after a failure: {why_failed(reason, '').rstrip('.')}" if reason else words


def compared(now: Sum, before: Sum) -> str:
    """How takings stand to those of the period before, in words; "" where there is nothing to compare with."""
    if not before.amount:
        return ""
    change = round(100 * (now.amount - before.amount) / before.amount)
    return f"{abs(change)} % {'more' if change > 0 else 'less'}" if change else "the same"


def behind_words(of: str, value: str) -> str:
    """What the orders behind a sum have in common."""
    match of:
        case "state":
            return placed_words(value)
        case "refunded":
            return "Refunded since"
        case "short":
            return "Accepted with less than asked for"
        case "given-back":
            return "Money given back"
        case "method":
            return f"Paid: {method_words(value)[:40]}"
        case "ending":
            state, _, reason = value.partition(".")
            return f"Tries to pay: {ending_words(state, reason)}"
        case _:
            return f"With {value[:40]}"
