"""What a merchant does with the catalogue in the admin, on a phone and on a laptop."""

import csv
import io
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor
from tests.malicious_files import grainy

FIRST_SCREEN = 150 * 1024  # bytes of the home page on a phone
BAD = {
    17: ("Price", "free"),
    42: ("Category", "Shoes"),
    77: ("Slug", "Two Words"),
    120: ("Stock", "-1"),
    200: ("Name", ""),
}


def products_file(prefix: str, bad: bool) -> bytes:
    """200 new products, of which five have a mistake."""
    rows = []
    for number in range(1, 201):
        row = {
            "Slug": f"{prefix}-{number}",
            "Name": f"Mat {prefix} {number}",
            "Category": "Kitchen",
            "SKU": f"{prefix.upper()}-{number}",
            "Price": str(500 + number),
            "Stock": "4",
        }
        if bad and number in BAD:
            column, cell = BAD[number]
            row[column] = cell
        rows.append(row)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def send(merchant: Visitor, content: bytes, name: str) -> None:
    """Choose a file in the form of the page, and preview its changes."""
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    merchant.page.locator("input[type=file]").set_input_files(file)
    merchant.page.get_by_role("button", name="Preview the changes").click()


def test_the_home_page_stays_light_with_photos_on_it(comes: Callable[..., Visitor]):
    merchant, buyer = comes("laptop"), comes("phone")
    merchant.sign_in()
    merchant.open("/")
    names = merchant.page.locator("#fresh ~ .cards .card a").all_inner_texts()
    on_top = names[:4]  # other journeys have added goods
    for name in on_top:
        page = merchant.open(f"/admin/products?q={quote(name)}")
        page.get_by_role("table").get_by_role("link", name=name, exact=True).first.click()
        page.get_by_role("link", name="Images", exact=True).click()
        photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": grainy(1600, 1200)}
        page.get_by_label("Images from your phone").set_input_files(photo)
        merchant.press("Add images")
        merchant.sees("Added 1 image.")
        to_the_front = page.locator(".images__one").last.get_by_role("button", name=re.compile("front|earlier"))
        if to_the_front.count():  # it is not the only one
            to_the_front.last.click()
    arrived: list[int] = []
    wire = buyer.context.new_cdp_session(buyer.page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: arrived.append(int(event["encodedDataLength"])))
    buyer.page.goto("/", wait_until="networkidle")

    assert len(on_top) == 4
    assert sum("/media/" in path for path in buyer.requests) >= 1
    assert sum(arrived) <= FIRST_SCREEN


@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_two_hundred_products_are_previewed_corrected_and_applied(comes: Callable[..., Visitor], size: str):
    merchant = comes(size)
    merchant.sign_in()
    page = merchant.open("/admin/import")
    send(merchant, products_file(f"mat-{size}", bad=True), "mats.csv")

    merchant.sees_heading("What mats.csv would change")
    merchant.sees("5 rows have errors. Nothing can be applied yet.")
    expect(page.locator("tbody tr")).to_have_count(5)
    for row in (18, 43, 78, 121, 201):
        expect(page.get_by_role("cell", name=re.compile(f"^(Row )?{row}$"))).to_be_visible()
    merchant.sees("Price: “free” is no price. Write whole shillings, like 1250")
    expect(page.get_by_role("button", name="Apply")).to_have_count(0)
    send(merchant, products_file(f"mat-{size}", bad=False), "corrected.csv")

    merchant.sees("200 new, 0 changed")
    page.get_by_role("button", name="Apply to the shop").click()
    merchant.sees("Imported: 200 new, 0 changed, 0 as they were")
    merchant.open(f"/products/mat-{size}-200")
    merchant.sees("KSh 700")
