"""Parse the checkout page."""

from tests.shopper import ANSWERS, hidden_fields


def text_of(page):
    return " ".join("".join(page.find(".//main").itertext()).split())


def notice_of(page):
    """The changes that the page reports."""
    boxes = [box for box in page.iter("div") if "notice--changed" in (box.get("class") or "")]
    return "".join(boxes[0].itertext()).strip().removesuffix(".")


def pay_button(page):
    return next("".join(button.itertext()) for button in page.iter("button") if button.get("name") == "pay")


def shown_form(shopper, **answers):
    """The form of a page that has shown the total: area chosen in the cart, nothing left to confirm."""
    area = shopper.area(answers.pop("area", "nairobi-cbd"))
    shopper.post("/cart/update", {"area": area, "code": answers.get("code", "")})
    html = shopper.get("/checkout").text
    return {**ANSWERS, "area": area, **answers, "pay": "1", **hidden_fields(html)}
