"""Where the merchant decides about money, and looks at it before dear goods leave."""

from collections.abc import Iterator

from tests.journeys.tours.walking import through, unfold
from tests.journeys.visitor import Visitor


def checking(visitor: Visitor) -> Iterator[str]:
    """Two payments that are not clear, and everything that can be said about them."""
    visitor.expected.add(422)
    page = visitor.page
    visitor.buy("No callback at all")
    page.get_by_text("I have paid: give the M-PESA code").click()
    page.get_by_label("M-PESA code").fill("SKT1A2B3C4")
    visitor.press("Send")
    yield "order with an M-PESA code given, as its buyer sees it"
    visitor.buy("Wrong amount")
    waiting, wrong = (number for number, *_ in visitor.orders)
    visitor.sign_in()
    yield from through(
        visitor,
        {
            "to check": "/admin/checks",
            "none of this kind": "/admin/checks?kind=twice",
            "a code that was offered": "/admin/codes?code=SKT1A2B3C4",
            "a code nobody knows": "/admin/codes?code=QQQ1A2B3C4",
            "code admin": "/admin/codes",
        },
    )
    visitor.press("Look it up")
    yield "code admin, nothing typed"
    visitor.open(f"/admin/orders/{waiting}")
    unfold(visitor)
    yield "order that waits, everything open"
    visitor.open(f"/admin/orders/{waiting}/mark-paid")
    yield "mark paid"
    visitor.press("Mark it paid")
    yield "mark paid, with what is missing"
    visitor.open(f"/admin/orders/{waiting}/mark-paid?code=SK{waiting}")
    page.get_by_label("Reason").fill("Seen on the statement")
    visitor.press("Mark it paid")
    yield "marked paid"
    visitor.open(f"/admin/orders/{waiting}/take-back")
    yield "take a mark back"
    visitor.press("Undo “marked paid”")
    yield "take a mark back, no reason given"
    visitor.open(f"/admin/orders/{waiting}/cancel-paid")
    yield "cancel a paid order"
    visitor.press(f"Cancel order {waiting}")
    yield "cancel a paid order, no reason given"
    visitor.open(f"/admin/orders/{wrong}")
    unfold(visitor)
    yield "order in review, everything open"
    visitor.open(f"/admin/orders/{wrong}/decide")
    yield "decide"
    page.get_by_label("Amount received, in KSh").fill("nothing")
    visitor.press("Accept less than the total")
    yield "decide, no sum typed"
    visitor.open(f"/admin/orders/{wrong}/accept-less?amount=1325")
    yield "accept less"
    visitor.press("Accept less, write off KSh 1,325")
    yield "accept less, no reason given"
    visitor.open(f"/admin/orders/{wrong}/decide")
    visitor.press("Refuse: cancel the order")
    unfold(visitor)
    yield "order refused, money to give back"
    visitor.open(f"/admin/orders/{wrong}/give-back")
    yield "give back"
    visitor.press("Record refund")
    yield "give back, with what is missing"
    visitor.open("/admin/money")
    yield "does the money add up"


def seeing(visitor: Visitor) -> Iterator[str]:
    """An order whose payment has to be seen before its goods leave, until it was."""
    visitor.buy()
    number = visitor.orders[0][0]
    visitor.sign_in()
    visitor.open("/admin/settings")
    visitor.page.get_by_label("Verify payments from").fill("1")
    visitor.press("Save settings")
    yield from through(
        visitor,
        {
            "orders, one to be seen": "/admin/",
            "to check, one to be seen": "/admin/checks?kind=unseen",
            "order to be seen": f"/admin/orders/{number}",
        },
    )
    visitor.press("Mark packed")
    yield "order to be seen, packed"
    visitor.open(f"/admin/print?slip=rider&order={number}")
    yield "rider slip of an order to be seen"
    visitor.open(f"/admin/orders/{number}")
    visitor.press("Mark payment as verified")
    yield "order that was seen"
    visitor.open("/admin/settings")
    visitor.page.get_by_label("Verify payments from").fill("20,000")
    visitor.press("Save settings")
