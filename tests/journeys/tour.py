"""Every kind of page, one after the other, each as a visitor comes to it."""

from collections.abc import Callable, Iterator

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
        "404": "/none-such",
    }
    visitor.expected.add(404)
    for name, path in places.items():
        visitor.open(path)
        yield name


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
    page = visitor.open("/orders/find")
    visitor.expected.add(422)
    page.get_by_role("button", name="Send me the link").click()
    yield "lookup with errors"
    page.get_by_label("Order number").fill("12345678")
    page.get_by_label("Phone number").fill("0712 345 678")
    page.get_by_role("button", name="Send me the link").click()
    yield "lookup sent"


def desk(visitor: Visitor) -> Iterator[str]:
    """Where the merchant sits."""
    visitor.buy("Wrong amount")
    page = visitor.open("/admin/")
    yield "sign-in"
    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_label("Password").fill("not-the-password-of-anybody")
    page.get_by_role("button", name="Sign in").click()
    yield "sign-in refused"
    visitor.sign_in()
    yield "orders"
    visitor.open("/admin/?q=zzzz")
    yield "no orders found"
    visitor.open(f"/admin/orders/{visitor.orders[0][0]}")
    for summary in page.locator("summary").all():
        summary.click()
    yield "order at the desk"


Tour = Callable[[Visitor], Iterator[str]]
TOURS: tuple[Tour, ...] = (shelves, purchase, orders, desk)
