"""What the checkout page says of a form that was not taken: what is wrong, and what moved since the page was shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from shop.cart.contents import CartContents
from shop.checkout.forms import CheckoutForm
from shop.checkout.page_snapshot import PageSnapshot, area_withdrawn, what_moved
from shop.orders.placement import MOST_OPEN
from shop.pricing.models import not_known

OPEN_TOO_LONG = "This page was open for too long. Nothing is lost: check it and press Pay again"
CURE = "Pay one of them, by the link we mailed, or wait until one ends, then press Pay again"
NAMES = {"phone_number": "phone number", "email": "email address"}
Problem = tuple[str, str]  # the id of a field, and what to do about it


@dataclass(frozen=True)
class Trouble:
    """What stands in the way: answers to mend, and news to look at before pressing Pay again."""

    problems: list[Problem]
    news: str


def what_to_say(form: CheckoutForm, basket: CartContents, shown: PageSnapshot, sent: Mapping[str, str]) -> Trouble:
    """What to say of a validated form. `sent` is what came with it, and what it met: main, many, news, code_refused."""
    if basket.code_problem and shown.code == basket.code:  # the page showed that it counts
        switched_off = basket.code_problem == not_known(basket.code)
        words = f"Discount code {basket.code} has ended" if switched_off else basket.code_problem
        form.code.errors = [f"{words}. Remove it to go on"]
    elif basket.code_problem or form.problem_with_code(basket.discount_code):
        form.code.errors = [basket.code_problem or form.problem_with_code(basket.discount_code)]
    if sent.get("code_refused"):
        form.code.errors = [sent["code_refused"]]
    withdrawn = area_withdrawn(shown, basket, sent.get("area", ""))
    if withdrawn and form.area.errors:
        form.area.errors = [withdrawn]
    for name in sent.get("many", "").split():
        if name in NAMES and not form[name].errors:
            form[name].errors = [f"{MOST_OPEN} orders with this {NAMES[name]} wait to be paid. {CURE}"]
    problems = [("main", sent["main"])] if sent.get("main") else []
    for field in form:
        if field.name != "csrf_token":
            problems.extend((field.name, str(words)) for words in field.errors)
    moved = what_moved(shown, sent.get("shown_total", ""), basket, basket.area)
    news = [words for words in (sent.get("news", ""), *moved) if words]
    return Trouble(problems, ". ".join([*news, "If that is right, press Pay"] if moved else news))
