"""How the shop sells: codes, areas, its own words; and what is made for one buyer."""

from collections.abc import Iterator

from tests.journeys.live_server import SKU
from tests.journeys.tours.walking import through
from tests.journeys.visitor import Visitor


def selling(visitor: Visitor) -> Iterator[str]:
    """Codes, areas and settings, each with its mistakes."""
    visitor.expected.add(422)
    visitor.sign_in()
    page = visitor.page
    yield from through(
        visitor,
        {
            "discount codes": "/admin/selling",
            "a discount code": "/admin/selling/codes/1",
            "new code": "/admin/selling/codes/new",
        },
    )
    visitor.press("Add code")
    yield "new code, with what is missing"
    yield from through(
        visitor,
        {
            "areas": "/admin/selling/areas",
            "an area": "/admin/selling/areas/1",
            "new area": "/admin/selling/areas/new",
        },
    )
    visitor.press("Add")
    yield "new area, with what is missing"
    visitor.open("/admin/settings")
    page.get_by_label("Phone number").fill("x")
    visitor.press("Save settings")
    yield "settings, with a mistake"
    visitor.open("/admin/settings")
    visitor.press("Use this logo")
    yield "settings, no logo chosen"
    page.get_by_label("About the shop").fill("We weave baskets.\n\nVisit us on Saturdays.")
    visitor.press("Save settings")
    yield "settings saved"
    visitor.open("/about")
    yield "about"


def for_a_buyer(visitor: Visitor) -> Iterator[str]:
    """An order and a cart made in the admin, up to the links that are sent."""
    visitor.expected.update({404, 409, 422})
    visitor.context.request.post("/cart/add", form={"sku": SKU, "quantity": "2"}, max_redirects=0)
    visitor.open("/cart")
    visitor.press("Share this cart")
    yield "a cart to share"
    visitor.sign_in()
    page = visitor.page
    visitor.open("/admin/orders/new")
    yield "new order, nothing picked"
    for words, name in (("zzzz", "new order, nothing found"), ("mug", "new order, goods found")):
        page.get_by_label("Find a product").fill(words)
        visitor.press("Search")
        yield name
    visitor.press("Make the order")
    yield "new order, with what is missing"
    visitor.open(f"/admin/orders/new?sku={SKU}")
    page.get_by_label("Full name").fill("Wanjiru Test")
    page.get_by_label("M-PESA phone number").fill(visitor.phone_number)
    page.get_by_label("Pick up at the workshop").check()
    visitor.press("Make the order")
    yield "new order, its total shown"
    visitor.press("Make the order")
    yield "order link"
    page.goto(page.get_by_label("Only the link").input_value())
    yield "order from the admin, as its buyer sees it"
    yield from through(
        visitor,
        {
            "new cart link": "/admin/carts/new",
            "cart links of buyers": "/admin/carts?by=buyers",
            "new cart link, picked": f"/admin/carts/new?sku={SKU}",
        },
    )
    page.get_by_label("Quantity of").fill("999")
    visitor.press("Make the link")
    yield "new cart link, with a mistake"
    visitor.open(f"/admin/carts/new?sku={SKU}")
    visitor.press("Make the link")
    yield "cart link"
    link = page.get_by_label("Only the link").input_value()
    visitor.open("/admin/carts")
    yield "cart links"
    page.goto(link)
    yield "a cart for you"
    visitor.open("/c/NoneSuch")
    yield "a cart that is not there"
