"""The error messages of a checkout form, and the changes since its page was shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from shop.cart.contents import CartContents
from shop.checkout.forms import CheckoutForm
from shop.checkout.page_snapshot import PageSnapshot, area_withdrawn, changes_since
from shop.orders.placement import MAX_OPEN_ORDERS
from shop.pricing.models import not_known

OPEN_TOO_LONG = "This page was open for too long. Nothing is lost: check it and press Pay again"
PAY_OPEN_ORDERS = "Pay one of them, by the link we emailed, or wait until one ends, then press Pay again"
NAMES = {"phone_number": "phone number", "email": "email address"}


@dataclass(frozen=True)
class CheckoutProblems:
    """Errors as (id of a field, message), and a text about changes to read before pressing Pay again."""

    errors: list[tuple[str, str]]
    changes: str


def checkout_problems(
    form: CheckoutForm, cart: CartContents, shown: PageSnapshot, sent: Mapping[str, str]
) -> CheckoutProblems:
    """Collect the problems of a validated form.

    `sent` holds the saved answers and what the submission met: `main` (an error), `many` (fields with too many open
    orders), `news` (a change) and `code_refused` (an error of the discount code).
    """
    _check_discount_code(form, cart, shown, sent)
    withdrawn = area_withdrawn(shown, cart, sent.get("area", ""))
    if withdrawn and form.area.errors:
        form.area.errors = [withdrawn]
    for name in sent.get("many", "").split():
        if name in NAMES and not form[name].errors:
            form[name].errors = [f"{MAX_OPEN_ORDERS} orders with this {NAMES[name]} wait to be paid. {PAY_OPEN_ORDERS}"]
    errors = [("main", sent["main"])] if sent.get("main") else []
    for field in form:
        if field.name != "csrf_token":
            errors.extend((field.name, str(message)) for message in field.errors)
    changes = changes_since(shown, sent.get("shown_total", ""), cart, cart.area)
    texts = [text for text in (sent.get("news", ""), *changes) if text]
    return CheckoutProblems(errors, ". ".join([*texts, "If that is right, press Pay"] if changes else texts))


def _check_discount_code(form: CheckoutForm, cart: CartContents, shown: PageSnapshot, sent: Mapping[str, str]) -> None:
    if sent.get("code_refused"):
        form.code.errors = [sent["code_refused"]]
    elif cart.code_problem and shown.code == cart.code:  # the page showed the code as applied
        switched_off = cart.code_problem == not_known(cart.code)
        problem = f"Discount code {cart.code} has ended" if switched_off else cart.code_problem
        form.code.errors = [f"{problem}. Remove it to go on"]
    elif cart.code_problem:
        form.code.errors = [cart.code_problem]
    elif used_up := form.problem_with_code(cart.discount_code):
        form.code.errors = [used_up]
