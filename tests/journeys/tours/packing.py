"""The admin's list of orders, and one order on its way to the buyer."""

from collections.abc import Iterator

from tests.journeys.tours.walking import through, unfold
from tests.journeys.visitor import Visitor


def packing(visitor: Visitor) -> Iterator[str]:
    """From the list over an order that is picked up to its slips."""
    visitor.expected.add(422)
    visitor.buy(area="Pick up at the workshop")
    visitor.sees_paid()  # only a paid order can be packed
    number, order_page = visitor.orders[0][0], visitor.page.url
    visitor.sign_in()
    page = visitor.page
    yield "orders"
    page.locator("tbody input[type=checkbox]").first.check()
    unfold(visitor)
    yield "orders, one chosen, the filters open"
    yield from through(
        visitor,
        {
            "all orders": "/admin/?tab=all",
            "no orders found": "/admin/?q=zzzz",
            "orders, a day that is none": "/admin/?tab=all&from=x",
            "pick list": f"/admin/pick-list?order={number}",
            "correct an order": f"/admin/orders/{number}/correct",
        },
    )
    page.get_by_label("Name", exact=True).fill("")
    visitor.press("Save")
    yield "correct an order, without a name"
    visitor.open(f"/admin/orders/{number}")
    yield "order to pack"
    visitor.press("Mark packed: ready to collect")
    unfold(visitor)
    yield "order to hand over, everything open"
    visitor.press("Hand over")
    yield "order to hand over, no code typed"
    visitor.open(f"/admin/orders/{number}/step-back")
    yield "mark as not packed"
    visitor.press("Mark as not packed")
    yield "mark as not packed, no reason given"
    visitor.open(f"/admin/orders/{number}/goods-back")
    yield "goods came back"
    visitor.press("Put back into stock")
    yield "goods came back, with what is missing"
    for slip in ("packing", "receipt", "rider"):
        visitor.open(f"/admin/print?slip={slip}&order={number}")
        yield f"{slip} slip"
    page.goto(order_page)
    yield "order with a collect code, as its buyer sees it"
