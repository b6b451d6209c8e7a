"""The catalogue in the admin: products, stock, categories, images, and all of it as a file."""

from collections.abc import Iterator

from tests.journeys.live_server import SKU
from tests.journeys.tours.walking import through, unfold
from tests.journeys.visitor import Visitor
from tests.malicious_files import photo

KIONDO, MATATU, TEAPOT, ELEPHANT = 2, 6, 23, 24  # as the demo shop numbers them
FILE = "Slug,Name,Category,SKU,Price,Stock\ntour-{n},Tour mat,Kitchen,TOUR-{n},{price},4\n"


def goods(visitor: Visitor) -> Iterator[str]:
    """Every page of a product, its stock and its shelf; nothing is changed for good."""
    visitor.expected.update({409, 422})
    visitor.sign_in()
    page = visitor.page
    yield from through(
        visitor,
        {
            "products": "/admin/products",
            "low stock": "/admin/products?tab=low",
            "sold out": "/admin/products?tab=out",
            "no products found": "/admin/products?q=zzzz",
            "product": f"/admin/products/{KIONDO}",
            "new product": "/admin/products/new",
        },
    )
    visitor.press("Add the product")
    yield "new product, with what is missing"
    visitor.open(f"/admin/products/{KIONDO}/edit")
    unfold(visitor)
    yield "edit"
    page.get_by_label("Name").first.fill("")
    page.get_by_label("Price of").first.fill("free")
    visitor.press("Save")
    yield "edit, with mistakes"
    visitor.open(f"/admin/products/{KIONDO}/variants/new")
    yield "new variant"
    visitor.press("Add the variant")
    yield "new variant, with what is missing"
    yield from _options(visitor)
    visitor.open(f"/admin/stock/{SKU}")
    yield "stock"
    visitor.press("Save")
    yield "stock, with what is missing"
    visitor.open(f"/admin/products/{ELEPHANT}")
    visitor.press("Archive")
    yield "archive, asked first"
    visitor.press("Archive")
    yield "archived product"
    visitor.open("/admin/products?tab=archived")
    yield "archived products"
    visitor.open(f"/admin/products/{ELEPHANT}")
    visitor.press("Put on sale again")
    yield "product on sale again"
    yield from _categories(visitor)


def _options(visitor: Visitor) -> Iterator[str]:
    page = visitor.open(f"/admin/products/{MATATU}/options")
    yield "options"
    visitor.press("Show the combinations")
    yield "options, with what is missing"
    page.get_by_label("Option 1").fill("Size")
    page.get_by_label("Its values").first.fill("Small, Large")
    page.get_by_label("Option 2").fill("Colour")
    page.get_by_label("Its values").nth(1).fill("Indigo, Madder")
    visitor.press("Show the combinations")
    unfold(visitor)
    yield "matrix"
    page.get_by_label("Price of Large, Madder").fill("free")
    page.locator("main form button").last.focus()
    page.get_by_role("button", name="Save", exact=True).last.click()
    yield "matrix, with a mistake"


def _categories(visitor: Visitor) -> Iterator[str]:
    yield from through(visitor, {"categories": "/admin/categories", "category": "/admin/categories/1"})
    visitor.page.get_by_label("Name").fill("")
    visitor.press("Save")
    yield "category, with a mistake"
    visitor.open("/admin/categories/new")
    yield "new category"
    visitor.press("Add the category")
    yield "new category, with what is missing"


def images(visitor: Visitor) -> Iterator[str]:
    """The images of one product."""
    visitor.expected.add(422)
    visitor.sign_in()
    page = visitor.open(f"/admin/products/{TEAPOT}/images")
    visitor.press("Add images")
    yield "images, none chosen"
    page.get_by_label("Images from your phone").set_input_files(
        {"name": "teapot.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    visitor.press("Add images")
    unfold(visitor)
    yield "images, one added"
    page.get_by_label("What image 1 shows").fill("")
    visitor.press("Save the description of image 1")
    yield "images, one without words"


def importing(visitor: Visitor) -> Iterator[str]:
    """A file with a mistake, and one without."""
    visitor.expected.add(422)
    visitor.sign_in()
    page = visitor.open("/admin/import")
    yield "catalogue as a file"
    visitor.press("Preview the changes")
    yield "catalogue as a file, none chosen"
    for price, name in (("free", "a file with an error"), ("500", "a file that can be applied")):
        file = {"name": "mats.csv", "mimeType": "text/csv", "buffer": FILE.format(n=1, price=price).encode()}
        page.locator("input[type=file]").set_input_files(file)
        visitor.press("Preview the changes")
        yield name
