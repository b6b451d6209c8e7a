"""Reading a catalogue file: its format, its cells, and what is wrong in them."""

import pytest
from sqlalchemy import update

from shop.catalog.csv_import import parser
from shop.catalog.csv_import.parser import Unreadable, decode_csv, read_sheet
from shop.catalog.models import Category, Product, Variant
from shop.core.database import db, write
from tests.csv_sheets import NEW, SEEN_STOCK, planned, sheet
from tests.shopper import SKU

INDIGO = "KIO-CLA-IND"  # another variant of the same product


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf  \r\n", "The file is empty"),
        (b"Price,Stock\r\n1,2\r\n", "one of them must be SKU"),
        (b"SKU,Price\r\n", "a header but no rows"),
        (b"SKU,Price,price\r\nA,1,2\r\n", "Two columns are called “Price”"),
        ("SKU,Price\r\nA,1\r\n".encode("utf-16"), "UTF-16"),
        (b"SKU,Price\r\nA\0B,1\r\n", "no CSV file"),
        (b"SKU,Name\r\nA,\x81\xff\xfe\r\n", "no CSV file"),
        (b'SKU,Name\r\nA,"x\r\nB,y\r\n', "Row 2 cannot be read: a quotation mark"),
        (b'SKU,Name\r\nA,"x"y\r\n', "Row 2 cannot be read: a quotation mark"),
        (b"SKU,Name\r\nA," + b"x" * 200_000, "cannot be read"),
        (b"SKU\r\n" + b"A\r\n" * (parser.MAX_ROWS + 1), "more than 5,000 rows"),
        (b"x" * (parser.MAX_BYTES + 1), "more than 2 MB"),
        (b"PK\x03\x04" + bytes(500), "no CSV file"),
    ],
)
def test_a_file_that_is_not_csv_is_refused_with_the_remedy(content, words):
    with pytest.raises(Unreadable, match=words):
        read_sheet(decode_csv(content)[0])


def test_files_from_excel_are_read_and_the_guessed_format_is_reported():
    text, note = decode_csv(f"SKU;Name;Colour\r\n{SKU};Café kiondo;red\r\n".encode("cp1252"))
    read = read_sheet(text)

    assert note == parser.WINDOWS
    assert [words[:35] for words in read.notes] == [
        "Its cells are separated by semicolo",
        "Columns the shop does not know were",
    ]
    assert read.rows[0].cells == {"SKU": SKU, "Name": "Café kiondo"}
    assert read_sheet("SKU\tName\nA\tTea, green\n").rows[0].cells["Name"] == "Tea, green"


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({"Price": "2.600,50"}, "Price", "“2.600,50” is no price. Write whole shillings, like 1250"),
        ({"Price": "-5"}, "Price", "“-5” is no price"),
        ({"Price": "99999999"}, "Price", "99,999,999 is too high. Write 1,000,000 or less"),
        ({"Price": "0"}, "Price", "0 is too low. Write 1 or more"),
        ({"Stock": "many"}, "Stock", "“many” is no number"),
        ({"Stock": "31", SEEN_STOCK: "many"}, SEEN_STOCK, "“many” is no number"),
        ({"Low at": "1.5"}, "Low at", "“1.5” is no number"),
        ({"For sale": "maybe"}, "For sale", "“maybe” is neither. Write yes or no"),
        ({"Name": "x" * 5000}, "Name", "It has 5000 characters. Write 120 or fewer"),
        ({"Category": "Shoes"}, "Category", "There is no category “Shoes”. Write one of: "),
        ({"Slug": "teapot"}, "Slug", f"{SKU} belongs to kiondo-classic. Write that, or another SKU"),
        ({"Value 2": "Red"}, "Value 2", "The product has no Option 2"),
        ({"Option 2": "Size"}, "Option 2", "Name Option 1 first"),
        ({"Option 1": "Colour"}, "Value 1", "It is empty. Write the Colour"),
        ({"Label": "Indigo diamonds"}, "Label", "Another variant of this product is “Indigo diamonds” too"),
        ({"SKU": "", "Price": "5"}, "SKU", "It is empty. Write the variant’s SKU"),
        ({**NEW, "SKU": "no good"}, "SKU", "“no good” is no SKU. Write capitals, digits and hyphens"),
        ({**NEW, "Slug": "Sisal Mat"}, "Slug", "“Sisal Mat” cannot be part of an address"),
        ({**NEW, "Slug": ""}, "Slug", "It is empty"),
        ({**NEW, "Name": ""}, "Name", "It is empty. A new product needs a name"),
        ({**NEW, "Category": ""}, "Category", "It is empty. A new product needs one of the shop’s categories"),
        ({**NEW, "Price": ""}, "Price", "It is empty. Write whole shillings, like 1250"),
        (
            {**NEW, "Slug": "kiondo-classic", "Name": "", "Category": ""},
            "Label",
            "Of several variants each needs a name",
        ),
        (
            {**NEW, "Option 1": "Size", "Value 1": "L", "Label": "L"},
            "Label",
            "It follows from the values. Leave it empty",
        ),
    ],
)
def test_a_wrong_cell_is_reported_with_its_column_and_the_remedy(app, row, column, words):
    with app.app_context():
        good, wrong = planned(sheet({"SKU": "SAN-BEA-40"}, {"SKU": SKU, **row})).lines

    assert good.problems == []
    assert [name for name, said in wrong.problems if words in said] == [column]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            sheet({"SKU": SKU, "Name": "A"}, {"SKU": INDIGO, "Name": "B"}, {"SKU": SKU}),
            [
                (3, "Name", "Row 2 has another value for the same product. Leave all but one empty"),
                (4, "SKU", f"{SKU} is in row 2 too. Leave one of them out"),
            ],
        ),
        (
            f"SKU,Name\r\n,\r\n{SKU},A basket, with a lid\r\n\r\n",
            [(3, "Row", "It has more cells than the header. Put quotation marks around text with commas")],
        ),
        (sheet({"SKU": SKU, "Label": "Indigo diamonds"}, {"SKU": INDIGO, "Label": "Terracotta bands"}), []),  # swapped
    ],
    ids=["contradicting rows", "more cells than columns", "swapped labels"],
)
def test_rows_are_checked_together_and_empty_rows_are_skipped(app, text, problems):
    with app.app_context():
        lines = planned(text).lines

    assert [(line.number, column, words) for line in lines for column, words in line.problems] == problems


@pytest.mark.parametrize(
    "path", ["img/none-such.svg", "../../shop.db", f"media/{'0' * 26}-1x1", "http://evil.example/"]
)
def test_an_unknown_image_is_only_a_warning(app, path):
    with app.app_context():
        [line] = planned(sheet({"SKU": SKU, "Images": path, "Price": "77"})).lines

    assert line.warnings[0].startswith(f"Images stay as they are: the shop has no image {path}")
    assert (line.outcome, [column for column, *_ in line.changes]) == ("changed", ["Price"])


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ({**NEW, "Category": "kitchen", "Status": "published"}, True),
        ({"SKU": SKU, "Category": "kitchen"}, True),
        ({"SKU": "MUG-SPE-CRE", "Status": "published"}, True),
        ({"SKU": SKU, "Category": "kitchen", "Status": "archived"}, False),
    ],
    ids=["new", "moved there", "put on sale there", "archived itself"],
)
def test_products_for_sale_are_not_put_into_an_archived_category(app, row, refused):
    def archive_the_kitchen():
        db.session.execute(update(Category).where(Category.slug == "kitchen").values(active=False))
        db.session.execute(update(Product).where(Product.category.has(slug="kitchen")).values(status="archived"))

    with app.app_context():
        write(archive_the_kitchen)
        [line] = planned(sheet(row)).lines

    words = "Kitchen & table is archived. Put it back in the shop first, or choose another"
    assert line.problems == ([("Category", words)] if refused else [])


@pytest.mark.parametrize(
    ("row", "on_hand", "words"),  # exported at 20, then 2 were sold and 3 are held
    [
        ({"Stock": "20", SEEN_STOCK: "20"}, None, ""),  # not edited: the sale stays
        ({"Stock": "25", SEEN_STOCK: "20"}, None, "It was 20 when the file was exported and is 18 now, 2 fewer: sold"),
        ({"Stock": "25", SEEN_STOCK: "18"}, 25, ""),
        ({"Stock": "25"}, 25, ""),
        ({"Stock": "3"}, 3, ""),
        ({"Stock": "2"}, None, "3 are held for unpaid orders. Write 3 or more"),
    ],
)
def test_an_import_does_not_undo_sales_and_leaves_what_orders_hold(app, row, on_hand, words):
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku == SKU).values(on_hand=18, held=3)))
        plan = planned(sheet({"SKU": SKU, **row}))

    assert [new for column, _, new in plan.lines[0].changes] == ([] if on_hand is None else [str(on_hand)])
    assert [said.startswith(words) for _, said in plan.lines[0].problems] == [True] * bool(words)
    assert plan.unconditional_stock_rows == (on_hand is not None and SEEN_STOCK not in row)
