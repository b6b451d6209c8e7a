"""What a buyer comes through, from the shelves to the order and back to a lost one."""

from collections.abc import Iterator

from tests.journeys.tours.walking import through
from tests.journeys.visitor import Visitor


def shelves(visitor: Visitor) -> Iterator[str]:
    """The pages that are the same for everybody."""
    places = {
        "home": "/",
        "category": "/categories/kitchen",
        "product": "/products/kiondo-classic",
        "sold-out variant": "/products/beaded-sandals",
        "sold-out product": "/products/teapot",
        "search": "/search?q=basket",
        "nothing found": "/search?q=zzzz",
        "empty cart": "/cart",
        "lookup": "/orders/find",
        "privacy": "/privacy",
        "404": "/none-such",
    }
    visitor.expected.add(404)
    yield from through(visitor, places)


def purchase(visitor: Visitor) -> Iterator[str]:
    """From a filled cart over every mistake to the payment page."""
    page = visitor.page
    visitor.expected.update({404, 409, 422})
    visitor.add("kiondo-classic", quantity=2)
    yield "cart"
    page.get_by_text("Have a discount code?").click()
    page.get_by_label("Discount code").fill("NONESUCH")
    page.get_by_role("button", name="Apply").click()
    yield "cart with a wrong code"
    page.get_by_role("button", name="Checkout").click()
    yield "checkout"
    visitor.pay_button.click()
    yield "checkout with errors"
    page.get_by_label("Discount code").fill("")
    visitor.fill_in()
    page.locator("[name=shown_total]").evaluate("field => field.value = '1'")
    visitor.pay_button.click()
    yield "checkout whose total changed"
    visitor.pay()
    yield "sandbox"
    page.goto(f"{visitor.shop.sandbox_url}/checkout.sessions/hosted/session/none-such")
    yield "sandbox without a session"


def orders(visitor: Visitor) -> Iterator[str]:
    """The order page in each state a payment leads to, and the way back to a lost one."""
    for ending in ("No callback at all", "Balance too low", "Wrong amount", "Pay"):
        visitor.buy(ending)
        yield f"order: {ending}"
    visitor.expected.add(422)
    visitor.buy("No callback at all")
    visitor.page.get_by_text("I have paid: give the M-PESA code").click()
    yield "order: the form for an M-PESA code"
    visitor.press("Send")
    yield "order: no M-PESA code typed"
    order_page = f"/orders/{visitor.page.url.split('/')[4]}"
    yield from through(
        visitor,
        {"cancel an order": f"{order_page}/cancel", "change an order": f"{order_page}/cancel?then=change"},
    )
    visitor.press("Cancel it and open my cart")
    yield "cart with the goods of an order"
    visitor.open(order_page)
    yield "order: cancelled by its buyer"
    page = visitor.open("/orders/find")
    visitor.press("Send me the link")
    yield "lookup with errors"
    page.get_by_label("Order number").fill("12345678")
    page.get_by_label("Phone number").fill("0712 345 678")
    visitor.press("Send me the link")
    yield "lookup sent"
